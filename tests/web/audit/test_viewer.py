"""The viewer in a frame: its token, its theme, and who may show it."""

import pytest
from httpx2 import Response

from logserver.core import tiers
from logserver.web.audit.frames import ancestors
from tests.contracts.logstitch.asked import event, minted
from tests.contracts.logstitch.trails import send
from tests.serving import Sender, Serve, Server
from tests.web.browsing import Visitor, signed_in, text_of


def asked(server: Server, viewer: str | None, **query: str) -> Response:
    visitor = Visitor(server)
    visitor.headers["HX-Request"] = "true"
    if viewer is not None:
        visitor.headers["Authorization"] = f"Bearer {viewer}"
    return visitor.get("/viewer/events", **query)


def test_a_viewer_token_shows_its_tenants_events_and_no_others(server: Server, sender: Sender) -> None:
    send(server, sender, event(), event(tenant_id="globex", actor={"id": "u2", "type": "user", "name": "Gwen"}))
    viewer = minted(server, sender.token)
    for query in ({}, {"tenant_id": "globex"}, {"search": "Gwen"}):
        answer = asked(server, viewer, **query)
        assert answer.status_code == 200
        assert "Gwen" not in answer.text
    assert "Ann" in asked(server, viewer).text


def test_neither_page_sets_or_needs_a_cookie(server: Server, sender: Sender) -> None:
    admin = signed_in(server)
    for answer in (
        Visitor(server).get("/viewer"),
        admin.get("/viewer"),
        asked(server, minted(server, sender.token)),
        asked(server, None),
    ):
        assert "set-cookie" not in answer.headers
        assert "form_token" not in answer.text
    assert admin.get("/viewer/events").status_code == 401


@pytest.mark.parametrize(("query", "theme"), [({}, "auto"), ({"theme": "dark"}, "dark"), ({"theme": '"><b>'}, "auto")])
def test_its_theme_is_a_parameter(server: Server, query: dict[str, str], theme: str) -> None:
    assert f'data-theme="{theme}"' in Visitor(server).get("/viewer", **query).text


def test_the_token_is_where_no_log_and_no_referrer_has_it(server: Server, sender: Sender) -> None:
    answer = Visitor(server).get("/viewer")
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"
    # A token in the query is not read, so that nobody puts one there.
    assert asked(server, None, token=minted(server, sender.token)).status_code == 401


def test_the_sites_of_the_setting_may_show_it_in_a_frame(serve: Serve) -> None:
    server = serve(viewer_frame_ancestors="self https://app.example.com")
    for path in ("/viewer", "/viewer/events"):
        policy = Visitor(server).get(path).headers["Content-Security-Policy"]
        assert policy.endswith("; frame-ancestors 'self' https://app.example.com")
    policy = Visitor(server).get("/sign-in").headers["Content-Security-Policy"]
    assert policy.endswith("frame-ancestors 'none'")


@pytest.mark.parametrize(
    ("setting", "meant"),
    [
        ("'self'", "'self'"),
        ("https://a.example, https://b.example", "https://a.example https://b.example"),
        ("none", "'none'"),
        ("", "'none'"),
        ("*", "*"),
        ("https://a.example; script-src *", "https://a.example script-src *"),
        ("https://ä.example\r\nSet-Cookie:x=1", "Set-Cookie:x=1"),
    ],
)
def test_no_setting_becomes_another_directive_or_header(setting: str, meant: str) -> None:
    assert ancestors(setting) == meant


@pytest.mark.parametrize("token", [None, "", "vt_", "vt_a.b.c", "pk_unknown"])
def test_what_is_no_viewer_token_is_refused_within_the_frame(server: Server, token: str | None) -> None:
    answer = asked(server, token)
    assert (answer.status_code, "HX-Redirect" in answer.headers) == (401, False)
    assert "not valid" in text_of(answer)


def test_a_project_token_is_no_viewer_token(server: Server, sender: Sender) -> None:
    assert asked(server, sender.token).status_code == 401


def test_an_expired_token_is_told(server: Server, sender: Sender) -> None:
    viewer = minted(server, sender.token, expires_in=60)
    assert asked(server, viewer).status_code == 200
    server.clock.turn(60)
    assert asked(server, viewer).status_code == 401


def test_a_tier_shows_its_fields_only(server: Server, sender: Sender) -> None:
    server.administer(tiers.put, sender.project, "support", ["action", "actor.name", "occurred_at"])
    send(server, sender, event(metadata={"note": "inside"}))
    viewer = minted(server, sender.token, tier="support")
    said = text_of(asked(server, viewer))
    assert "user.signed_in" in said
    assert "Ann" in said
    for hidden in ("inside", "u1", "acme"):
        assert hidden not in said
    refused = asked(server, viewer, target_id="t1")
    assert (refused.status_code, "does not show target.id" in text_of(refused)) == (403, True)


def test_a_wrong_filter_and_a_wrong_cursor_are_told(server: Server, sender: Sender) -> None:
    viewer = minted(server, sender.token)
    assert asked(server, viewer, start_date="soon").status_code == 422
    assert asked(server, viewer, cursor="x").status_code == 400


def test_older_events_are_a_request_away(server: Server, sender: Sender) -> None:
    send(server, sender, *[event(action=f"item.n{number}") for number in range(60)])
    viewer = minted(server, sender.token)
    first = asked(server, viewer).text
    older = first.partition('hx-get="')[2].partition('"')[0].replace("&amp;", "&")
    visitor = Visitor(server)
    visitor.headers["Authorization"] = f"Bearer {viewer}"
    second = visitor.get(older).text
    assert (first.count("<li>"), second.count("<li>")) == (50, 10)
