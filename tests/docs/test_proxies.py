"""The server behind the proxies of the README, which are really run: what a client sees is what it sees without."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import pytest
from websockets.sync.client import connect

from logserver.contracts.luminalog.bounds import BODY_BYTES
from tests.certificates import Authority
from tests.docs.proxies import PROXIES, proxied
from tests.whole.agents import until
from tests.whole.process import PATIENCE, Server, serving
from tests.whole.raw import Answer, Wire, head, request
from tests.whole.shell import create_token
from tests.whole.watching import People

CLIENT = "127.0.0.2"
"""Where a client comes from that is no trusted proxy."""


class Behind(NamedTuple):
    """A server, and the port of the proxy before it."""

    server: Server
    port: int
    authority: Authority
    token: str
    people: People

    @contextmanager
    def wire(self) -> Iterator[Callable[[bytes], Answer]]:
        """A connection, as what answers a request on it."""
        host = f"Host: 127.0.0.1:{self.port}".encode()
        with Wire(self.server, self.authority.client(), port=self.port, source=CLIENT) as wire:
            yield lambda asked: wire.ask(asked.replace(b"Host: test", host, 1))


@pytest.fixture(scope="module", params=PROXIES)
def behind(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Behind]:
    folder = tmp_path_factory.mktemp("proxied")
    authority = Authority(folder)
    data = folder / "data"
    token, people = create_token(data), People(data)
    options = ["--trusted-proxies", "127.0.0.1", "--require-https", "on"]
    with (
        serving(data, *options) as server,
        proxied(request.param, folder / "proxy", server, authority.issue("proxy")) as port,
    ):
        yield Behind(server, port, authority, token, people)


def test_https_is_known_and_whoever_sends_is_named(behind: Behind) -> None:
    entry = {"timestamp": "2026-11-21T09:30:00Z", "level": "info", "message": "through a proxy"}
    with behind.wire() as ask:
        assert ask(request("/v1/logs", behind.token, {"logs": [entry]})).status == 200
        # What a client claims stands before what the proxy has seen, or is dropped by it.
        forged: dict[str, str | int] = {
            "X-Forwarded-For": "203.0.113.9",
            "X-Forwarded-Proto": "http",
            "Content-Length": 0,
        }
        assert ask(head("/v1/logs", "unknown", forged)).status == 401
    seen = [(CLIENT, "200"), (CLIENT, "401")]
    until(lambda: re.findall(r"(\S+) POST /v1/logs (\d+)", behind.server.log()) == seen, behind.server.log)


def test_a_page_its_cookie_and_its_form(behind: Behind) -> None:
    host = f"Host: 127.0.0.1:{behind.port}\r\n"
    with behind.wire() as ask:
        page = ask(f"GET /sign-in HTTP/1.1\r\n{host}\r\n".encode())
        cookie = page.headers["set-cookie"]
        assert cookie.startswith("__Host-")
        assert "; Secure" in cookie
        (token,) = re.findall(rb'name="form_token" value="([^"]+)"', page.body)
        form = b"form_token=" + token + b"&email=nobody%40example.com&password=none"
        sent = (
            f"POST /sign-in HTTP/1.1\r\n{host}Origin: https://127.0.0.1:{behind.port}\r\n"
            f"Content-Length: {len(form)}\r\n"
            f"Content-Type: application/x-www-form-urlencoded\r\nCookie: {cookie.partition(';')[0]}\r\n\r\n"
        )
        answer = ask(sent.encode() + form)
    assert answer.status == 401  # and not 403: the form is the page's own
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")


def test_a_live_stream_is_opened(behind: Behind) -> None:
    key, admin = behind.people.key, behind.people.admin
    with behind.wire() as ask:
        agent = ask(request("/api/v1/edge/register", key, {"name": "web-1"})).json()["id"]
        assert ask(request(f"/api/v1/edge/agents/{agent}/heartbeat", key, {})).status == 200
        session = ask(request("/api/v1/stream/start", admin, {"agent_id": agent})).json()
    assert session["websocket_url"].startswith("wss://")
    url = f"wss://127.0.0.1:{behind.port}/api/v1/stream/ws/{session['session_id']}"
    bearer = {"Authorization": f"Bearer {admin}"}
    with connect(url, ssl=behind.authority.client(), additional_headers=bearer, open_timeout=PATIENCE) as socket:
        assert socket.ping().wait(PATIENCE)


def test_the_largest_body_that_the_server_takes_arrives(behind: Behind) -> None:
    entry = {"timestamp": "2026-11-21T09:30:00Z", "level": "info", "message": "the largest"}
    body = json.dumps({"logs": [entry]}).encode().ljust(BODY_BYTES)
    with behind.wire() as ask:
        lengths: dict[str, str | int] = {"Content-Type": "application/json", "Content-Length": len(body)}
        assert ask(head("/v1/logs", behind.token, lengths) + body).status == 200
