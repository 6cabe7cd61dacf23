import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest

from logserver.agent.client import MAX_ANSWER, Address, Answer, Away, Client, Denied, said, seconds
from tests.agent.edge import KEY, Edge, Said
from tests.core.posting.test_outbound import certificate
from tests.fakes import START_MS, FakeClock
from tests.receiver import Receiver, answer, endless, reset, says

T = TypeVar("T")


def with_client(
    url: str, use: Callable[[Client], Awaitable[T]], key: str = KEY, *, trust: ssl.SSLContext | None = None
) -> T:
    """What a use of a client comes to; the client is closed after it."""

    async def run() -> T:
        client = Client(Address.of(url), key, FakeClock(), trust)
        try:
            return await use(client)
        finally:
            await client.close()

    return asyncio.run(run())


async def register(client: Client) -> Answer:
    return await client.call("POST", "/api/v1/edge/register", b'{"name": "a"}')


@pytest.mark.parametrize(
    ("typed", "url"),
    [
        ("https://logs.example.com", "https://logs.example.com/x"),
        ("https://logs.example.com/", "https://logs.example.com/x"),
        ("http://localhost:8080/api/v1/", "http://localhost:8080/x"),
        ("https://example.com/logs/", "https://example.com/logs/x"),
        ("https://example.com:443", "https://example.com/x"),
        ("http://[::1]:9", "http://[::1]:9/x"),
    ],
)
def test_an_address_is_read_as_people_type_it(typed: str, url: str) -> None:
    assert Address.of(typed).url("/x") == url


@pytest.mark.parametrize(
    "typed", ["", "logs.example.com", "ftp://example.com", "https://", "http://a:b@c", "http://a?b", "http://a:port"]
)
def test_what_is_no_address_is_refused(typed: str) -> None:
    with pytest.raises(ValueError, match=r"address|Port|port"):
        Address.of(typed)


@pytest.mark.parametrize(
    ("url", "exposed"), [("http://logs.example.com", True), ("http://localhost:1", False), ("https://a", False)]
)
def test_a_key_in_plain_text_is_noticed(url: str, exposed: bool) -> None:  # noqa: FBT001 - a column of the table
    assert Address.of(url).exposed() is exposed


def test_calls_share_a_connection(edge: Edge) -> None:
    async def twice(client: Client) -> list[int]:
        return [(await register(client)).status for _ in range(2)]

    assert with_client(edge.url, twice) == [201, 200]


def test_a_key_that_is_not_known_is_denied(edge: Edge) -> None:
    with pytest.raises(Denied, match="401: Unauthorized"):
        with_client(edge.url, register, key="lf_prod_other")


@pytest.mark.parametrize(
    ("status", "headers", "wait"),
    [(429, {"Retry-After": "7"}, 7), (503, {"Retry-After": "1.5"}, 0), (503, {}, 0), (500, {}, 0), (408, {}, 0)],
)
def test_a_server_that_cannot_take_it_now_says_when(
    status: int, headers: dict[str, str], wait: float, edge: Edge
) -> None:
    edge.refuse("register", Said(status, {"message": "not now"}, headers))
    with pytest.raises(Away, match=f"{status}: not now") as caught:
        with_client(edge.url, register)
    assert caught.value.wait == wait


def test_what_is_wrong_with_the_body_is_an_answer(edge: Edge) -> None:
    edge.refuse("register", Said(400, {"message": "No", "details": {"name": "bad\n"}}))
    found = with_client(edge.url, register)
    assert not found.ok
    assert found.refusal() == "it answers 400: No {'name': 'bad\\n'}"


@pytest.mark.parametrize(
    ("behaviour", "why"),
    [
        (reset, "reset"),
        (says(b""), "not HTTP"),
        (says(b"SSH-2.0-OpenSSH\r\n\r\n"), "not HTTP"),
        (answer(301, location="https://elsewhere"), "redirects are not followed"),
        (endless(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 1_000_000), "not HTTP"),
    ],
    ids=["reset", "nothing", "ssh", "redirect", "endless"],
)
def test_whatever_else_comes_is_a_server_that_is_away(behaviour: Callable[..., None], why: str) -> None:
    with Receiver(behaviour) as receiver, pytest.raises(Away, match=why):
        with_client(receiver.url, register)
    assert MAX_ANSWER < 10_000_000


def test_that_the_server_is_away_and_back_is_told_once(edge: Edge, caplog: pytest.LogCaptureFixture) -> None:
    port = edge.port

    async def use(client: Client) -> None:
        for _ in range(2):
            with pytest.raises(Away):
                await register(client)
        assert client.away
        with Edge(port):
            waiting = asyncio.create_task(client.back(30))
            await register(client)
            await waiting
        assert not client.away

    with caplog.at_level(logging.INFO, "logserver.agent"):
        edge.__exit__(None, None, None)
        with_client(f"http://127.0.0.1:{port}", use)
    assert [record.getMessage() for record in caplog.records] == [
        f"the server at 127.0.0.1:{port} is away: Connection refused",
        f"the server at 127.0.0.1:{port} is there again",
    ]


@pytest.mark.parametrize(
    ("value", "expected"),
    [("7", 7), (" 7 ", 7), ("", 0), ("soon", 0), ("Mon, 21 Sep 2026 14:13:40 GMT", 9.75), ("²", 0)],
)
def test_retry_after_is_a_number_or_a_date(value: str, expected: float) -> None:
    assert seconds(value, START_MS) == expected


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b'"text"', b"\xff"])
def test_a_refusal_without_words_is_no_trouble(body: bytes) -> None:
    assert said(body) == "(no reason that can be read)"


def test_a_certificate_is_checked_against_those_that_are_trusted(tmp_path: Path) -> None:
    server, trust = certificate(tmp_path, "127.0.0.1")
    with Receiver(tls=server) as receiver:
        assert with_client(receiver.url, register, trust=trust).ok
        with pytest.raises(Away, match="its certificate is not trusted: self-signed certificate"):
            with_client(receiver.url, register)
    with Receiver() as receiver, pytest.raises(Away, match="the TLS handshake failed"):
        with_client(receiver.url.replace("http", "https"), register)


def test_a_name_that_nobody_has_is_told() -> None:
    with pytest.raises(Away, match="its name could not be resolved"):
        with_client("http://nowhere.invalid", register)
