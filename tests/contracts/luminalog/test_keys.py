"""Who may send: keys in a header, in the body, in both, of other kinds, and none."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from logserver.core import tokens
from tests.contracts.logister.sending import chunks, exchange
from tests.contracts.luminalog.sending import KB, PATH, entry, raw, send
from tests.serving import Sender, Serve, Server

GZIP = {"Content-Encoding": "gzip"}
UNAUTHORIZED = {"error": "unauthorized", "message": "Invalid or missing API key"}


@pytest.mark.parametrize("name", ["x-api-key", "X-Api-Key", "Authorization"])
def test_a_key_in_a_header(server: Server, sender: Sender, name: str) -> None:
    value = f"Bearer {sender.token}" if name == "Authorization" else sender.token
    assert send(server, raw(entry()), headers={name: value}).status_code == 200


def bodies(key: str) -> dict[str, bytes]:
    """Every way a key may stand in a body."""
    return {
        "in front": raw(entry(), api_key=key),
        "with spaces": b' {\n "api_key" :\t"%b", "logs": [%b]}' % (key.encode(), msgspec.json.encode(entry())),
        "behind": msgspec.json.encode({"logs": [entry()], "api_key": key}),
        "escaped": raw(entry(), api_key=key).replace(b"_", b"\\u005f"),
        "with a field before": raw(entry(), version=1, api_key=key),
    }


@pytest.mark.parametrize("way", bodies(""))
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_a_key_in_the_body(server: Server, sender: Sender, way: str, packed: bool) -> None:  # noqa: FBT001 - a column
    body = bodies(sender.token)[way]
    answers = [
        send(server, gzip.compress(body, mtime=0) if packed else body, headers=GZIP if packed else {}) for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert len(server.events(sender.project)) == 2


def test_where_they_disagree_the_header_counts(server: Server) -> None:
    one, other = server.sender(), server.sender()
    assert send(server, raw(entry(), api_key=other.token), one.token).status_code == 200
    assert (len(server.events(one.project)), len(server.events(other.project))) == (1, 0)
    assert send(server, raw(entry(), api_key=other.token), "wrong").status_code == 401
    assert server.events(other.project) == []


@pytest.mark.parametrize("header", ["", "  "])
def test_an_empty_header_is_none(server: Server, sender: Sender, header: str) -> None:
    assert send(server, raw(entry(), api_key=sender.token), header).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        raw(entry()),
        raw(entry(), api_key="wrong"),
        raw(entry(), api_key=""),
        raw(entry(), api_key=None),
        raw(entry(), api_key=5),
        raw(entry(), api_key="x" * 5_000),
        b'{"api_key": "',
        b"\xff\xfe",
        b"",
        b"[]",
        b"[" * 100_000,
        b'{"logs": "\\ud800"}',
    ],
)
def test_without_a_key_that_is_known_nothing_is_told(server: Server, body: bytes) -> None:
    answer = send(server, body)
    assert (answer.status_code, answer.json()) == (401, UNAUTHORIZED)
    assert answer.headers["www-authenticate"] == "Bearer"
    assert "x-ratelimit-limit" not in answer.headers


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (gzip.compress(b"{}", mtime=0), {"Content-Encoding": "br"}),
        (b"no gzip", GZIP),
        (gzip.compress(b"x" * (17 * 1024 * 1024)), GZIP),
    ],
)
def test_a_body_of_a_stranger_that_cannot_be_unpacked_is_only_unauthorized(
    server: Server, body: bytes, headers: dict[str, str]
) -> None:
    assert send(server, body, headers=headers).status_code == 401


@pytest.mark.parametrize("kind", ["master", "mobile", "edge", "read"])
def test_other_kinds_of_key_are_not_known_here(server: Server, sender: Sender, kind: str) -> None:
    key = server.token(sender.project, kind)
    assert send(server, raw(entry()), key).status_code == 401
    assert send(server, raw(entry(), api_key=key)).status_code == 401


def test_a_key_that_was_revoked_ends_at_once(server: Server, sender: Sender) -> None:
    body = raw(entry(), api_key=sender.token)
    assert send(server, body).status_code == 200
    server.administer(tokens.revoke, sender.token, server.clock.now_ms())
    assert send(server, body).status_code == 401


@pytest.mark.parametrize("way", ["header", "in front", "behind"])
def test_who_fails_too_often_is_told_to_wait(serve: Serve, way: str) -> None:
    server = serve(public_api_auth_failure_rate_limit_requests=3)
    sender = server.sender()
    wrong = {"header": raw(entry()), "in front": bodies("wrong")["in front"], "behind": bodies("wrong")["behind"]}[way]
    answers = [send(server, wrong, "wrong" if way == "header" else None) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [401, 401, 401, 429, 429]
    assert int(answers[-1].headers["retry-after"]) == 60
    # Who has a key in a place that is looked at first is let in all the same.
    assert send(server, raw(entry()), sender.token).status_code == 200
    assert send(server, bodies(sender.token)["in front"]).status_code == 200
    assert send(server, bodies(sender.token)["behind"]).status_code == 429
    server.clock.turn(61)
    assert send(server, bodies(sender.token)["behind"]).status_code == 200


def test_bodies_of_strangers_are_held_only_as_long_as_there_is_room(server: Server) -> None:
    async def body() -> AsyncIterator[dict[str, Any]]:
        for _ in range(15):
            yield {"type": "http.request", "body": b" " * KB * KB, "more_body": True}
            await asyncio.sleep(0)  # the others are read meanwhile
        yield {"type": "http.request", "body": b"{}", "more_body": False}

    async def several(count: int) -> list[int | None]:
        answers = await asyncio.gather(*(exchange(server, PATH, body(), {}) for _ in range(count)))
        return [answer and answer.status for answer in answers]

    statuses = server.run(several, 9)
    assert set(statuses) == {401, 503}
    assert statuses.count(401) <= 4
    assert server.run(several, 4) == [401] * 4


@pytest.mark.parametrize("place", ["header", "body"])
def test_one_key_holds_only_so_much_at_a_time(server: Server, place: str) -> None:
    one, other = server.sender(), server.sender("other")

    async def sends(key: str, more: asyncio.Event | None = None) -> int | None:
        async def body() -> AsyncIterator[dict[str, Any]]:
            front = b'{"api_key": "%s"' % key.encode() if place == "body" else b"{"
            for part in (front.ljust(KB * KB), *[b" " * KB * KB] * 15):
                yield {"type": "http.request", "body": part, "more_body": True}
            if more is not None:
                await more.wait()
            yield {"type": "http.request", "body": b"", "more_body": False}

        answer = await exchange(server, PATH, body(), {"x-api-key": key} if place == "header" else {})
        return answer and answer.status

    async def flood() -> list[Any]:
        more = asyncio.Event()
        held = [asyncio.create_task(sends(one.token, more)) for _ in range(4)]
        for _ in range(200):
            await asyncio.sleep(0)  # they are read meanwhile
        while_held = [await sends(one.token), await sends(other.token)]
        behind = await exchange(server, PATH, chunks([bodies(other.token)["behind"]]), {})
        assert behind is not None
        assert behind.status == 200  # nobody who is known takes room of those who are not
        more.set()
        return [while_held, await asyncio.gather(*held), await sends(one.token)]

    assert server.run(flood) == [[503, 400], [400] * 4, 400]


def test_who_is_known_by_the_beginning_of_a_body_takes_none_of_their_room(server: Server, sender: Sender) -> None:
    async def flood() -> tuple[list[int | None], list[int | None]]:
        begun, over = asyncio.Event(), asyncio.Event()

        async def stranger() -> AsyncIterator[dict[str, Any]]:
            for _ in range(16):
                yield {"type": "http.request", "body": b" " * KB * KB, "more_body": True}
            begun.set()
            await over.wait()
            yield {"type": "http.request", "body": b"", "more_body": False}

        async def sends(key: str) -> int | None:
            front = b'{"api_key": "%s", ' % key.encode() + b" " * KB
            answer = await exchange(server, PATH, chunks([front[:20], front[20:], *[b" " * KB * KB] * 15]), {})
            return answer and answer.status

        strangers = [asyncio.create_task(exchange(server, PATH, stranger(), {})) for _ in range(4)]
        await begun.wait()
        known = [await sends(sender.token) for _ in range(5)]
        unknown = [await sends("wrong") for _ in range(5)]
        over.set()
        await asyncio.gather(*strangers)
        return known, unknown

    assert server.run(flood) == ([400] * 5, [401] * 5)


@pytest.mark.parametrize("path", [PATH, f"{PATH}/"])
def test_a_look_at_the_path_is_answered_in_the_dialect(server: Server, path: str) -> None:
    answer = server.client.get(path)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert answer.json() == {"error": "method_not_allowed", "message": "Method Not Allowed"}
    assert server.client.head(path).status_code == 405
    lost = server.client.post(f"{path}lines", content=b"{}")
    assert (lost.status_code, lost.json()) == (404, {"error": "not_found", "message": "Not Found"})


def test_pages_of_any_origin_may_send(server: Server, sender: Sender) -> None:
    asked = {"Origin": "https://shop.example.com", "Access-Control-Request-Method": "POST"}
    for path in (PATH, f"{PATH}/"):
        answer = server.client.options(path, headers=asked)
        assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (204, "*")
        assert "x-api-key" in answer.headers["access-control-allow-headers"]
    answer = send(server, raw(entry()), sender.token, {"Origin": "https://shop.example.com"})
    assert answer.headers["access-control-allow-origin"] == "*"
