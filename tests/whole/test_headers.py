"""What every answer carries, whoever gives it: a route, a page, a file, or the protocol itself."""

import re
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from logserver.api.everywhere import STRICT
from tests.whole.process import Server, serving
from tests.whole.raw import EVENTS, Answer, Wire, head, log_event, request
from tests.whole.shell import create_token
from tests.whole.watching import People

HANDSHAKE = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
KEY = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
WITHOUT_COPIES = [name.decode() for name, _ in STRICT]


class Place(NamedTuple):
    server: Server
    token: str


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("headers")
    People(folder)  # while there is nobody, every page leads to where the first is made
    token = create_token(folder)
    with serving(folder) as server:
        yield Place(server, token)


def get(path: str, extra: str = "") -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{extra}\r\n".encode()


ASKED = {
    "a page": (get("/sign-in"), 200),
    "a page that is not there": (get("/nowhere", "Accept: text/html\r\n"), 404),
    "a redirect": (get("/"), 303),
    "a script of the pages": (None, 200),
    "the reference": (get("/docs"), 200),
    "beside the reference": (get("/docs/"), 307),
    "a document": (get("/openapi.json"), 200),
    "health": (get("/healthz"), 200),
    "a path that is not there": (get("/api/v1/nowhere"), 404),
    "a method that is not there": (get(EVENTS), 405),
    "a preflight": (
        get("/api/v1/events", "Access-Control-Request-Method: POST\r\n").replace(b"GET", b"OPTIONS", 1),
        204,
    ),
    "no request": (b"what is this\r\n\r\n", 400),
    "a tunnel": (b"CONNECT localhost:1 HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    "a socket that is not there": (get("/api/v1/nowhere", HANDSHAKE + KEY), 404),
    "a socket without a token": (get("/api/v1/stream/ws/1", HANDSHAKE + KEY), 401),
    "a stranger": (request(EVENTS, "unknown", log_event("hello")), 401),
    "no body": (head(EVENTS, "unknown", {"Content-Length": "many"}), 400),
}


@pytest.mark.parametrize("what", ASKED)
def test_every_answer_carries_them_once(place: Place, what: str) -> None:
    asked, status = ASKED[what]
    answer, raw = exchange(place.server, asked or get(script(place.server)))
    assert answer.status == status
    for name in WITHOUT_COPIES:
        assert len(re.findall(f"^{name}: ".encode(), raw, re.MULTILINE | re.IGNORECASE)) == 1, (name, raw)
    assert b"\r\nserver:" not in raw.lower()


def test_so_does_the_short_way(place: Place) -> None:
    for _ in range(2):
        answer, raw = exchange(place.server, request(EVENTS, place.token, log_event("hello")))
        assert answer.status == 201
        for name, value in STRICT:
            assert raw.count(b"\r\n%b: %b\r\n" % (name, value)) == 1


def script(server: Server) -> str:
    page, _ = exchange(server, get("/sign-in"))
    return str(re.findall(r'src="(/static/[^"]+\.js)"', page.body.decode())[0])


def exchange(server: Server, asked: bytes) -> tuple[Answer, bytes]:
    """An answer, and its head as it was sent."""
    with Wire(server) as wire:
        return wire.ask(asked), wire.heads[-1] + b"\r\n"
