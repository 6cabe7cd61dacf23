"""How large a request may be: each limit exactly at, and one beyond."""

from collections.abc import Iterator
from itertools import repeat
from typing import Any

import msgspec
import pytest

from tests.contracts.logister.sending import (
    BATCH,
    CHECK_INS,
    DEPLOYMENTS,
    EVENTS,
    KIB,
    MIB,
    NDJSON,
    Answer,
    Door,
    check_in,
    chunks,
    deployment,
    event,
    exchange,
    lines,
    uuid,
    written,
)
from tests.serving import Sender, Serve, Server

BODY = 2 * MIB


def nested(levels: int, inner: str = "object") -> Any:
    """A value of so many containers, one in the other."""
    value: Any = 1
    for _ in range(levels):
        value = {"a": value} if inner == "object" else [value]
    return value


def sized(size: int, **fields: Any) -> bytes:
    """An event of exactly so many bytes of JSON, its strings within their limit."""
    bare = len(msgspec.json.encode(event(context={str(n): "" for n in range(8)}, **fields)))
    room = size - bare
    context = {str(n): "x" * min(200 * KIB, max(0, room - n * 200 * KIB)) for n in range(8)}
    body = msgspec.json.encode(event(context=context, **fields))
    assert len(body) == size
    return body


LIMITS: dict[str, tuple[Any, str, int]] = {
    "depth of objects": (lambda n: {"context": nested(n)}, "context_depth", 16),
    "depth of arrays": (lambda n: {"context": {"a": nested(n - 1, "array")}}, "context_depth", 16),
    "keys": (lambda n: {"context": {f"key{k}": k for k in range(n)}}, "context_keys", 512),
    "keys of all objects": (
        lambda n: {"context": {"a": [{f"key{k}": k for k in range(n - 101)}], "b": {str(k): k for k in range(99)}}},
        "context_keys",
        512,
    ),
    "array": (lambda n: {"context": {"a": [0] * n}}, "array_length", 1_000),
    "string": (lambda n: {"context": {"a": "x" * n}}, "string_bytes", 256 * KIB),
    "string of wide characters": (
        lambda n: {"context": {"a": "\u20ac" * (n // 3) + "x" * (n % 3)}},
        "string_bytes",
        256 * KIB,
    ),
    "string in an array": (lambda n: {"context": {"a": [{"b": "x" * n}]}}, "string_bytes", 256 * KIB),
    "key": (lambda n: {"context": {"k" * n: 1}}, "string_bytes", 256 * KIB),
    "string beside context": (lambda n: {"release": "x" * n}, "string_bytes", 256 * KIB),
    "string beside a context": (lambda n: {"release": "x" * n, "context": {"a": 1}}, "string_bytes", 256 * KIB),
    "fingerprint": (lambda n: {"fingerprint": "x" * n}, "string_bytes", 256 * KIB),
    "string of an unknown field": (lambda n: {"other": "x" * n}, "string_bytes", 256 * KIB),
    "array of an unknown field": (lambda n: {"other": [0] * n}, "array_length", 1_000),
    "message": (lambda n: {"message": "x" * n}, "message_bytes", 64 * KIB),
    "message of wide characters": (
        lambda n: {"message": "\u20ac" * (n // 3) + "x" * (n % 3)},
        "message_bytes",
        64 * KIB,
    ),
}


@pytest.mark.parametrize(("make", "code", "limit"), LIMITS.values(), ids=LIMITS)
def test_each_limit_holds_exactly(server: Server, sender: Sender, make: Any, code: str, limit: int) -> None:
    assert server.post(EVENTS, event(**make(limit)), sender.token).status_code == 201
    answer = server.post(EVENTS, event(**make(limit + 1)), sender.token)
    assert answer.status_code == 413
    body = answer.json()
    assert (body["code"], body["limit"]) == (code, limit)
    assert body["actual"] == limit + 1
    assert isinstance(body["error"], str)
    assert len(server.events(sender.project)) == 1


@pytest.mark.parametrize(("make", "code", "limit"), LIMITS.values(), ids=LIMITS)
def test_a_batch_holds_the_same_limits(server: Server, sender: Sender, make: Any, code: str, limit: int) -> None:
    fine, wrong = event(uuid=uuid(1), **make(limit)), event(uuid=uuid(2), **make(limit + 1))
    answer = server.post(BATCH, lines(fine, wrong), sender.token, NDJSON)
    assert (answer.status_code, answer.json()["code"]) == (413, code)
    assert not server.events(sender.project)
    assert server.post(BATCH, lines(fine), sender.token, NDJSON).status_code == 202


def test_keys_beside_context_count_with_those_inside(server: Server, sender: Sender) -> None:
    inside, beside = {f"a{k}": k for k in range(500)}, {f"b{k}": k for k in range(500)}
    assert server.post(EVENTS, event(context=inside, **beside), sender.token).status_code == 413


@pytest.mark.parametrize("fields", [{}, {"other": 1}], ids=["known fields", "an unknown field"])
def test_an_event_has_a_mebibyte(server: Server, sender: Sender, fields: Any) -> None:
    assert server.post(EVENTS, sized(MIB, **fields), sender.token).status_code == 201
    answer = server.post(EVENTS, sized(MIB + 1, **fields), sender.token)
    assert answer.status_code == 413
    assert answer.json() | {"error": ""} == {"error": "", "code": "event_bytes", "limit": MIB, "actual": MIB + 1}


@pytest.mark.parametrize(("path", "make"), [(CHECK_INS, check_in), (DEPLOYMENTS, deployment)])
def test_the_other_doors_measure_as_well(server: Server, sender: Sender, path: str, make: Any) -> None:
    assert server.post(path, make(a=nested(15)), sender.token).status_code == 201
    for fields in ({"a": nested(16)}, {"a": "x" * (256 * KIB + 1)}, {"a": [0] * 1_001}):
        assert server.post(path, make(**fields), sender.token).status_code == 413


def padded(door: Door, size: int) -> bytes:
    return door.body + b"\n" * (size - len(door.body))


def code_of(door: Door) -> str:
    return "compressed_bytes" if door.path == BATCH else "body_bytes"


def test_a_body_has_two_mebibytes(server: Server, sender: Sender, door: Door) -> None:
    within = server.post(door.path, padded(door, BODY), sender.token, door.headers)
    assert within.status_code == door.status or within.json()["code"] == "event_bytes"
    before = written(server, sender.project)
    answer = server.post(door.path, padded(door, BODY + 1), sender.token, door.headers)
    assert answer.status_code == 413
    assert answer.json() | {"error": ""} == {"error": "", "code": code_of(door), "limit": BODY, "actual": BODY + 1}
    assert written(server, sender.project) == before


def ask(server: Server, sender: Sender, door: Door, parts: Iterator[bytes], **headers: str) -> Answer:
    async def asked() -> Answer | None:
        sent = {"Authorization": f"Bearer {sender.token}", "Content-Type": door.kind, **headers}
        return await exchange(server, door.path, chunks(parts), sent)

    answer = server.run(asked)
    assert answer is not None
    return answer


def cut(body: bytes, size: int = 64 * KIB) -> Iterator[bytes]:
    return (body[start : start + size] for start in range(0, len(body), size))


def test_a_chunked_body_has_two_mebibytes(server: Server, sender: Sender, door: Door) -> None:
    within = ask(server, sender, door, cut(padded(door, BODY)))
    assert within.status == door.status or within.body["code"] == "event_bytes"
    answer = ask(server, sender, door, cut(padded(door, BODY + 1)))
    assert (answer.status, answer.body["code"], answer.body["limit"]) == (413, code_of(door), BODY)
    assert answer.body["actual"] > BODY


def test_an_endless_body_is_refused_once_it_is_too_long(server: Server, sender: Sender, door: Door) -> None:
    taken: list[int] = []

    def endless() -> Iterator[bytes]:
        for part in repeat(b" " * 64 * KIB):
            taken.append(len(part))
            assert sum(taken) <= BODY + 128 * KIB
            yield part

    answer = ask(server, sender, door, endless())
    assert (answer.status, answer.body["code"]) == (413, code_of(door))
    assert answer.headers["connection"] == "close"


def test_a_body_announced_too_long_is_not_waited_for(server: Server, sender: Sender, door: Door) -> None:
    def read(_part: bytes) -> bytes:
        raise AssertionError("the body was read")

    answer = ask(server, sender, door, map(read, [b""]), **{"Content-Length": str(BODY + 1)})
    assert (answer.status, answer.body["actual"]) == (413, BODY + 1)


def test_a_body_in_many_small_parts_is_read(server: Server, sender: Sender, door: Door) -> None:
    assert ask(server, sender, door, cut(door.body, 1)).status == door.status


def test_a_full_queue_is_503_with_a_time_to_come_back(serve: Serve) -> None:
    server = serve(queue_rows=2, self_observability=False)
    sender = server.sender()
    body = lines(*(event(uuid=uuid(number)) for number in range(1, 4)))
    answer = server.post(BATCH, body, sender.token, NDJSON)
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) >= 1
    assert list(answer.json()) == ["error"]
    assert not server.events(sender.project)
    assert server.post(EVENTS, event(), sender.token).status_code == 201
