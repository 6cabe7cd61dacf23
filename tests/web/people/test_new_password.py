"""The page behind a link to set a password."""

from urllib.parse import urlsplit

import pytest
from httpx2 import Response

from logserver.core.people import links
from logserver.core.people.passwords import Passwords
from tests.contracts.logfleet.people import ADA, ANOTHER, me, signs_in, somebody, user
from tests.fakes import CountingHashing
from tests.serving import Serve, Server
from tests.web.browsing import Visitor, text_of

PAGE = "/reset-password"


def link(server: Server) -> str:
    return server.administer(links.issue, user(server).number, server.clock.now_ms()).token


def sends(server: Server, **fields: str) -> Response:
    visitor = Visitor(server)
    assert visitor.get(PAGE, token=fields.get("token", "")).status_code == 200
    return visitor.post(PAGE, {"new_password": ANOTHER, "again": ANOTHER, **fields})


def test_a_link_leads_to_a_form_that_sets_the_password(server: Server) -> None:
    session, token = somebody(server), link(server)
    visitor = Visitor(server)
    address = urlsplit(links.reset_url("http://testserver", token))
    shown = visitor.get(f"{address.path}?{address.query}")
    assert f"For {ADA}" in text_of(shown)
    done = visitor.post(PAGE, token=token, new_password=ANOTHER, again=ANOTHER)
    assert "Your password is set." in text_of(visitor.follow(done))
    assert me(server, session).status_code == 401
    assert signs_in(server, password=ANOTHER).status_code == 200
    again = sends(server, token=token)
    assert (again.status_code, "This link is not valid any more" in text_of(again)) == (422, True)


@pytest.mark.parametrize("token", ["", "guessed", "x" * 5_000, '"><script>alert(1)</script>'])
def test_a_token_that_is_none_is_asked_for(server: Server, token: str) -> None:
    somebody(server)
    shown = Visitor(server).get(PAGE, token=token)
    assert (shown.status_code, "Token of the link" in text_of(shown)) == (200, True)
    assert "<script>alert" not in shown.text


@pytest.mark.parametrize(
    ("fields", "field", "said"),
    [
        ({"again": "another one"}, "again", "Is not the same."),
        ({"new_password": "short", "again": "short"}, "new_password", "Must be at least 10 characters."),
        ({"new_password": "password123", "again": "password123"}, "new_password", "Is among the commonest passwords."),
    ],
)
def test_what_is_wrong_is_said_and_the_link_goes_on(
    server: Server, fields: dict[str, str], field: str, said: str
) -> None:
    somebody(server)
    token = link(server)
    refused = sends(server, token=token, **fields)
    assert refused.status_code == 422
    assert f'<p class="wrong" id="{field}-wrong">{said}</p>' in refused.text
    assert f'value="{token}"' in refused.text
    assert sends(server, token=token).status_code == 303


def test_forms_count_with_all_that_is_asked_at_the_door(server: Server) -> None:
    asked = [sends(server, token="guessed").status_code for _ in range(9)]
    assert asked == [422] * 9
    assert signs_in(server, ADA).status_code == 401
    refused = sends(server, token="guessed")
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "60")
    assert server.client.get(PAGE).status_code == 200


def test_a_form_of_another_site_or_too_large_is_refused(server: Server) -> None:
    somebody(server)
    token = link(server)
    fields = {"token": token, "new_password": ANOTHER, "again": ANOTHER}
    assert server.client.post(PAGE, data=fields).status_code == 403
    assert server.client.post(PAGE, content=b"a" * 9_000).status_code == 413
    assert server.client.put(PAGE).status_code == 405
    server.client.cookies.clear()
    assert sends(server, token=token).status_code == 303


def test_where_too_many_wait_it_is_asked_to_come_back(serve: Serve) -> None:
    server = serve(passwords=Passwords(CountingHashing(), waiting=0))
    somebody(server)
    busy = sends(server, token=link(server))
    assert (busy.status_code, busy.headers["retry-after"]) == (503, "5")
