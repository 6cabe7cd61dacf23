"""Viewer tokens: who mints them, what they say, and what they are good for."""

from base64 import urlsafe_b64decode
from typing import Any

import jwt
import pytest

from logserver.core import projects, tiers, tokens, viewers
from logserver.store.cursor import order
from logserver.store.keys import kept_secret
from tests.contracts.logstitch.asked import EVENTS, KEYS, VIEWER_TOKENS, ask, event, made_key, minted, problems
from tests.fakes import START_MS
from tests.serving import Sender, Server


def claims_of(token: str) -> dict[str, Any]:
    said: dict[str, Any] = jwt.decode(token.removeprefix("vt_"), options={"verify_signature": False})
    return said


def test_what_a_token_says(server: Server, sender: Sender) -> None:
    answer = ask(server, "POST", VIEWER_TOKENS, sender.token, {"tenant_id": "acme", "expires_in": 60})
    assert answer.status_code == 201
    assert list(answer.json()) == ["token", "expires_at", "request_id"]
    assert answer.json()["expires_at"] == "2026-09-21T14:14:30.000Z"
    token = answer.json()["token"]
    assert token.startswith("vt_")
    assert jwt.get_unverified_header(token.removeprefix("vt_")) == {"alg": "HS256", "typ": "JWT"}
    claims = claims_of(token)
    assert claims == {
        "sub": sender.project.uuid,
        "tenant_id": "acme",
        "iat": START_MS // 1000,
        "exp": START_MS // 1000 + 60,
        "jti": claims["jti"],
        "key": server.rows("SELECT uuid FROM tokens")[0][0],
    }
    assert claims_of(minted(server, sender.token))["jti"] != claims["jti"]
    assert claims_of(minted(server, sender.token))["exp"] == START_MS // 1000 + 3_600


def test_the_tier_is_said(server: Server, sender: Sender) -> None:
    server.administer(tiers.put, sender.project, "support", ["action"])
    assert claims_of(minted(server, sender.token, tier="support"))["tier"] == "support"


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({}, ["tenant_id"]),
        ({"tenant_id": ""}, ["tenant_id"]),
        ({"tenant_id": " "}, ["tenant_id"]),
        ({"tenant_id": "t" * 256}, ["tenant_id"]),
        ({"tenant_id": 7}, ["tenant_id"]),
        ({"tenant_id": ["acme"]}, ["tenant_id"]),
        ({"tenant_id": "acme", "expires_in": 59}, ["expires_in"]),
        ({"tenant_id": "acme", "expires_in": 86_401}, ["expires_in"]),
        ({"tenant_id": "acme", "expires_in": 0}, ["expires_in"]),
        ({"tenant_id": "acme", "expires_in": 90.5}, ["expires_in"]),
        ({"tenant_id": "acme", "expires_in": True}, ["expires_in"]),
        ({"tenant_id": "acme", "tier": "gold"}, ["tier"]),
        ({"tenant_id": "acme", "tier": 7}, ["tier"]),
    ],
)
def test_what_is_wrong_is_named(server: Server, sender: Sender, body: Any, wrong: list[str]) -> None:
    assert problems(ask(server, "POST", VIEWER_TOKENS, sender.token, body)) == wrong


@pytest.mark.parametrize("kind", ["master", "test", "viewer", "mobile", "edge", "read"])
def test_only_a_live_project_key_mints(server: Server, sender: Sender, kind: str) -> None:
    if kind == "test":
        token = made_key(server, server.token(sender.project, "master"), mode="test")["key"]
    else:
        token = minted(server, sender.token) if kind == "viewer" else server.token(sender.project, kind)
    answer = ask(server, "POST", VIEWER_TOKENS, token, {"tenant_id": "acme"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "forbidden")


@pytest.mark.parametrize("tenant", ["acme", "ACME", "a" * 128 + "1", "a" * 128 + "2", "a" * 255, "ümlaut", "u\u0308x"])
def test_a_viewer_sees_its_tenant_and_no_other(server: Server, sender: Sender, tenant: str) -> None:
    tenants = ["acme", "ACME", "a" * 128 + "1", "a" * 128 + "2", "a" * 255, "ümlaut", "u\u0308x", "a", "a*", "\ue0ff"]
    sent = [event(tenant_id=name, metadata={"tenant_id": "acme"}, TENANT_ID="acme") for name in tenants]
    assert ask(server, "POST", EVENTS, sender.token, sent).status_code == 201
    viewer = minted(server, sender.token, tenant_id=tenant)
    for query in ({}, {"tenant_id": tenant}, {"search": "Ann"}, {"action": "user.*"}, {"actor_id": "u1"}):
        found = ask(server, "GET", EVENTS, viewer, **query).json()["events"]
        assert [each["tenant_id"] for each in found] == [tenant], query
    for other in tenants:
        if other != tenant:
            page = ask(server, "GET", EVENTS, viewer, tenant_id=other).json()
            assert (page["events"], page["cursor"], page["has_more"]) == ([], None, False)


@pytest.mark.parametrize("tenant", ["a", " acme ", "a*", "\x00", "a\x1fb\x1e", "\ue0ff", '"quoted"', "\U0001f600", "*"])
def test_a_tenant_may_be_called_anything(server: Server, sender: Sender, tenant: str) -> None:
    assert ask(server, "POST", EVENTS, sender.token, [event(), event(tenant_id=tenant)]).status_code == 201
    found = ask(server, "GET", EVENTS, minted(server, sender.token, tenant_id=tenant)).json()["events"]
    assert [each["tenant_id"] for each in found] == [tenant]


def test_pages_of_a_tenant_neither_skip_nor_show_others(server: Server, sender: Sender) -> None:
    for number in range(9):
        server.clock.turn(1)
        batch = [event(tenant_id=tenant, metadata={"n": number}) for tenant in ("acme", "Acme", "other", "ACME")]
        assert ask(server, "POST", EVENTS, sender.token, batch).status_code == 201
    viewer = minted(server, sender.token)
    seen, cursor = [], None
    while True:
        page = ask(server, "GET", EVENTS, viewer, limit=2, **({"cursor": cursor} if cursor else {})).json()
        seen += [(each["tenant_id"], each["metadata"]["n"]) for each in page["events"]]
        assert page["has_more"] == (page["cursor"] is not None)
        cursor = page["cursor"]
        if cursor is None:
            break
    assert seen == [("acme", number) for number in reversed(range(9))]


def test_a_cursor_is_good_for_its_tenant_only(server: Server, sender: Sender) -> None:
    sent = [event(tenant_id=tenant) for tenant in ("acme", "other") for _ in range(3)]
    assert ask(server, "POST", EVENTS, sender.token, sent).status_code == 201
    cursors = {
        token: ask(server, "GET", EVENTS, token, limit=1).json()["cursor"]
        for token in (sender.token, minted(server, sender.token), minted(server, sender.token, tenant_id="other"))
    }
    for holder in cursors:
        for token, cursor in cursors.items():
            status = ask(server, "GET", EVENTS, holder, limit=1, cursor=cursor).status_code
            assert status == (200 if token == holder else 400)


def test_a_cursor_tells_of_an_event_that_was_shown_and_of_no_other(server: Server, sender: Sender) -> None:
    # What is written like the tenant is looked at, and passed over, on the way to the next one.
    for tenant in ("acme", "ACME", "ACME", "acme"):
        server.clock.turn(1)
        assert ask(server, "POST", EVENTS, sender.token, event(tenant_id=tenant)).status_code == 201
    viewer = minted(server, sender.token)
    cursor = ask(server, "GET", EVENTS, viewer, limit=1).json()["cursor"]
    place = int.from_bytes(urlsafe_b64decode(cursor)[2:10], "big")
    assert place == order(server.events(sender.project)[-1].id)
    (last,) = ask(server, "GET", EVENTS, viewer, limit=1, cursor=cursor).json()["events"]
    assert last["received_at"] == "2026-09-21T14:13:31.250Z"


def test_a_viewer_reads_its_events_and_nothing_else(server: Server, sender: Sender) -> None:
    viewer = minted(server, sender.token)
    assert ask(server, "POST", EVENTS, viewer, event()).status_code == 403
    assert ask(server, "GET", KEYS, viewer).status_code == 403
    assert ask(server, "POST", "/api/v1/ingest_events", viewer, {"event": {"message": "x"}}).status_code == 401
    assert ask(server, "GET", EVENTS, viewer, project_id="other").status_code == 404
    assert server.events(sender.project) == []


def test_a_token_comes_in_either_header(server: Server, sender: Sender) -> None:
    viewer = minted(server, sender.token)
    assert server.client.get(EVENTS, headers={"X-Api-Key": viewer}).status_code == 200


def test_a_page_of_any_origin_may_read_with_one(server: Server, sender: Sender) -> None:
    origin = {"Origin": "https://app.acme.example"}
    asked = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"}
    preflight = server.client.options(EVENTS, headers=origin | asked)
    assert preflight.status_code == 204
    # A GET needs no leave, its Authorization does.
    assert "authorization" in preflight.headers["access-control-allow-headers"]
    answer = server.client.get(EVENTS, headers=origin | {"Authorization": f"Bearer {minted(server, sender.token)}"})
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, "*")


def test_a_signed_token_without_its_prefix_is_unknown(server: Server, sender: Sender) -> None:
    viewer = minted(server, sender.token)
    assert ask(server, "GET", EVENTS, viewer.removeprefix("vt_")).status_code == 401
    assert ask(server, "GET", EVENTS, f"vt_{viewer}").status_code == 401


def test_a_token_ends_by_the_servers_clock(server: Server, sender: Sender) -> None:
    viewer = minted(server, sender.token, expires_in=60)
    server.clock.turn(59.7)
    assert ask(server, "GET", EVENTS, viewer).status_code == 200
    server.clock.turn(0.1)
    answer = ask(server, "GET", EVENTS, viewer)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "unauthorized")


def test_a_token_does_not_outlive_its_key(server: Server, sender: Sender) -> None:
    key = server.administer(
        tokens.issue, kind="project", name="k", project=sender.project, now_ms=START_MS, expires_at=START_MS + 90_000
    ).secret
    answer = ask(server, "POST", VIEWER_TOKENS, key, {"tenant_id": "acme"}).json()
    assert answer["expires_at"] == "2026-09-21T14:15:00.000Z"
    server.clock.turn(89)
    assert ask(server, "GET", EVENTS, answer["token"]).status_code == 200
    server.clock.turn(1)
    assert ask(server, "GET", EVENTS, answer["token"]).status_code == 401


def test_the_use_of_a_viewer_token_is_a_use_of_its_key(server: Server, sender: Sender) -> None:
    viewer = minted(server, sender.token)
    server.run(server.app.credentials.flush_uses)
    server.clock.turn(7)
    assert ask(server, "GET", EVENTS, viewer).status_code == 200
    server.run(server.app.credentials.flush_uses)
    assert server.rows("SELECT last_used_at FROM tokens") == [(START_MS + 7_000,)]


@pytest.mark.parametrize("what", ["key revoked", "project archived", "signing key renewed", "tier removed"])
def test_a_token_ends_with_what_it_rests_on(server: Server, sender: Sender, what: str) -> None:
    server.administer(tiers.put, sender.project, "support", ["action"])
    viewer = minted(server, sender.token, tier="support")
    assert ask(server, "GET", EVENTS, viewer).status_code == 200
    if what == "key revoked":
        server.administer(tokens.revoke, sender.token, START_MS)
    elif what == "project archived":
        server.administer(projects.archive, sender.project.slug, START_MS)
    elif what == "signing key renewed":
        server.administer(viewers.renew_viewer_key)
    else:
        server.administer(tiers.remove, sender.project, "support")
    assert ask(server, "GET", EVENTS, viewer).status_code == 401


def test_after_a_new_signing_key_new_tokens_are_minted(server: Server, sender: Sender) -> None:
    old = minted(server, sender.token)
    server.administer(viewers.renew_viewer_key)
    assert ask(server, "GET", EVENTS, minted(server, sender.token)).status_code == 200
    assert ask(server, "GET", EVENTS, old).status_code == 401


def test_refused_tokens_count_as_failed_authentications(server: Server, sender: Sender) -> None:
    viewer = minted(server, sender.token)[:-2]
    statuses = [ask(server, "GET", EVENTS, viewer).status_code for _ in range(121)]
    assert statuses == [401] * 120 + [429]
    assert ask(server, "GET", EVENTS, sender.token).status_code == 200


def test_every_viewer_has_a_window_of_its_own(server: Server, sender: Sender) -> None:
    server.administer(projects.set_values, sender.project.slug, rate_limit=(2, 60))
    first, second = minted(server, sender.token), minted(server, sender.token)
    assert [ask(server, "GET", EVENTS, first).status_code for _ in range(3)] == [200, 200, 429]
    assert ask(server, "GET", EVENTS, second).status_code == 200


def test_the_signing_key_is_kept_with_the_store(server: Server, sender: Sender) -> None:
    viewer = minted(server, sender.token)
    (secret,) = server.rows("SELECT value FROM secrets WHERE name = 'viewer'")[0]
    assert len(secret) == 32
    assert jwt.decode(viewer.removeprefix("vt_"), secret, algorithms=["HS256"], options={"verify_exp": False})
    assert server.administer(kept_secret, "viewer") == secret
