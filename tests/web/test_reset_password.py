"""The page behind a link to set a password."""

import base64
import hashlib
import re
from urllib.parse import urljoin

import pytest
from httpx2 import Response

from logserver.core.people import links
from logserver.core.people.passwords import Passwords
from tests.contracts.logfleet.people import ADA, ANOTHER, me, signs_in, somebody, user
from tests.fakes import CountingHashing
from tests.serving import Serve, Server

PAGE = "/reset-password"


def link(server: Server) -> str:
    return server.administer(links.issue, user(server).number, server.clock.now_ms()).token


def sends(server: Server, **fields: str) -> Response:
    return server.client.post(PAGE, data={"new_password": ANOTHER, "again": ANOTHER, **fields})


def test_a_link_leads_to_a_form_that_sets_the_password(server: Server) -> None:
    session, token = somebody(server), link(server)
    shown = server.client.get(PAGE, params={"token": token})
    assert shown.status_code == 200
    assert f'<input type="hidden" name="token" value="{token}">' in shown.text
    done = sends(server, token=token)
    assert (done.status_code, "Your password is set" in done.text) == (200, True)
    assert me(server, session).status_code == 401
    assert signs_in(server, password=ANOTHER).status_code == 200
    again = sends(server, token=token)
    assert (again.status_code, 'role="alert" id="wrong">Token is not valid' in again.text) == (400, True)


@pytest.mark.parametrize("address", ["http://localhost:8080", "https://example.com/logs"])
def test_the_form_goes_to_where_the_page_is(server: Server, address: str) -> None:
    shown = server.client.get(PAGE, params={"token": "abc"})
    (action,) = re.findall('<form method="post" action="([^"]*)"', shown.text)
    assert urljoin(links.reset_url(address, "abc"), action) == address + PAGE


def test_nothing_on_it_comes_from_elsewhere_or_runs(server: Server) -> None:
    shown = server.client.get(PAGE)
    policy = shown.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    (style,) = re.findall("<style>(.*)</style>", shown.text)
    assert f"'sha256-{base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()}'" in policy
    assert (shown.headers["referrer-policy"], shown.headers["cache-control"]) == ("no-referrer", "no-store")
    assert not re.findall("<script|javascript:| on[a-z]+=|style=|https?:", shown.text)
    labelled = re.findall('<label for="([a-z_]+)">', shown.text)
    assert labelled == ["token", "new_password", "again"]
    assert re.findall('<input id="([a-z_]+)"', shown.text) == labelled


def test_what_a_link_holds_is_no_markup(server: Server) -> None:
    shown = server.client.get(PAGE, params={"token": '"><b>x</b>'})
    assert "<b>" not in shown.text
    assert '<label for="token">' in shown.text
    refused = sends(server, token='"><b>x</b>', new_password="<b>short", again="<b>short")
    assert refused.status_code == 400
    assert "<b>" not in refused.text


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"again": "something else"}, "The same once more is not the same"),
        ({"new_password": "short", "again": "short"}, "New password must be at least 10 characters"),
        ({"new_password": "password123", "again": "password123"}, "New password is among the commonest passwords"),
    ],
)
def test_what_is_wrong_is_said_and_the_link_goes_on(server: Server, fields: dict[str, str], said: str) -> None:
    somebody(server)
    token = link(server)
    refused = sends(server, token=token, **fields)
    assert (refused.status_code, said in refused.text, f'value="{token}"' in refused.text) == (400, True, True)
    assert sends(server, token=token).status_code == 200


def test_forms_count_with_all_that_is_asked_at_the_door(server: Server) -> None:
    asked = [sends(server, token="guessed").status_code for _ in range(9)]
    assert asked == [400] * 9
    assert signs_in(server, ADA).status_code == 401
    refused = sends(server, token="guessed")
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "60")
    assert server.client.get(PAGE).status_code == 200


def test_what_is_no_form_is_refused(serve: Serve) -> None:
    server = serve(passwords=Passwords(CountingHashing(), waiting=0))
    assert server.client.post(PAGE, content=b"\xff%ff&&&=").status_code == 400
    assert server.client.post(PAGE, content=b"a" * 9_000).status_code == 413
    assert server.client.put(PAGE).status_code == 405
    somebody(server)
    busy = sends(server, token=link(server))
    assert (busy.status_code, busy.headers["retry-after"]) == (503, "5")
