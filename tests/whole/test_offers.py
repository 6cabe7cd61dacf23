"""Requests that offer another protocol, as Java's HttpClient does with each one: served as if they did not."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.whole.process import Server, serving
from tests.whole.raw import CHECK_INS, EVENTS, Wire, ask, head, log_event, request
from tests.whole.shell import create_token, found

H2C = {
    "Connection": "Upgrade, HTTP2-Settings",
    "Upgrade": "h2c",
    "HTTP2-Settings": "AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA",
}
PIPED = 200


class Place(NamedTuple):
    folder: Path
    server: Server
    token: str


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("offers")
    token = create_token(folder)
    with serving(folder) as server:
        yield Place(folder, server, token)
        assert "Traceback" not in server.log()


def offering(place: Place, path: str, payload: Any, offer: Mapping[str, str] = H2C) -> bytes:
    body = json.dumps(payload).encode()
    return head(path, place.token, {**offer, "Content-Length": len(body)}) + body


@pytest.mark.parametrize("offer", [H2C, {"Connection": "upgrade", "Upgrade": "websocket"}], ids=["h2c", "websocket"])
@pytest.mark.parametrize(
    ("path", "payload", "status"),
    [
        (EVENTS, log_event("offered alone"), 201),
        (CHECK_INS, {"check_in": {"slug": "offered", "status": "ok"}}, 201),
        ("/api/v1/events", {"action": "offered"}, 422),
        ("/v1/logs", {"logs": [{"message": "offered", "level": "info"}]}, 400),
        ("/api/v1/auth/login", {"email": "ada@example.com", "password": "offered"}, 401),
    ],
)
def test_a_body_behind_an_offer_is_read(
    path: str, payload: dict[str, Any], status: int, offer: Mapping[str, str], place: Place
) -> None:
    with Wire(place.server) as wire:
        for _ in range(2):
            answer = wire.ask(offering(place, path, payload, offer))
            plain = ask(place.server, request(path, place.token, payload))
            assert answer.status == plain.status == status
            assert "upgrade" not in answer.headers


@pytest.mark.parametrize("size", [1, 7, 64])
def test_an_offer_that_comes_in_pieces_changes_nothing(size: int, place: Place) -> None:
    sent = offering(place, EVENTS, log_event(f"in pieces of {size}"))
    with Wire(place.server) as wire:
        for at in range(0, len(sent), size):
            wire.send(sent[at : at + size])
        assert wire.answer().status == 201
    assert found(place.folder, f"in pieces of {size}")


def test_a_body_in_chunks_behind_an_offer_is_read(place: Place) -> None:
    body = json.dumps(log_event("chunked")).encode()
    sent = head(EVENTS, place.token, {**H2C, "Transfer-Encoding": "chunked"}) + b"%x\r\n%b\r\n0\r\n\r\n" % (
        len(body),
        body,
    )
    with Wire(place.server) as wire:
        assert wire.ask(sent).status == 201


def test_what_is_piped_behind_an_offer_is_answered_in_order(place: Place) -> None:
    health = b"GET /healthz HTTP/1.1\r\nHost: test\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n"
    with Wire(place.server) as wire:
        wire.send(offering(place, EVENTS, log_event("piped")) + health * PIPED + offering(place, "/nowhere", {}))
        assert [wire.answer().status for _ in range(PIPED + 2)] == [201, *[200] * PIPED, 404]


def test_a_body_behind_an_offer_is_no_request_of_its_own(place: Place) -> None:
    inner = b"GET /healthz HTTP/1.1\r\nHost: test\r\n\r\n"
    with Wire(place.server) as wire:
        assert wire.ask(head(EVENTS, place.token, {**H2C, "Content-Length": len(inner)}) + inner).status == 400
        assert wire.ask(offering(place, EVENTS, log_event("the next one"))).status == 201


def test_a_connect_is_refused(place: Place) -> None:
    with Wire(place.server) as wire:
        wire.send(b"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com\r\n\r\n")
        assert wire.everything().startswith(b"HTTP/1.1 400 ")
