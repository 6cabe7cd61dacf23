"""Batches that break a rule: what is said of them, that nothing of them is stored, and that they cost little again."""

import gzip
import logging
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from logserver.contracts.luminalog import refused as memory
from logserver.contracts.luminalog.refusals import Rejected
from logserver.core import tokens
from tests.contracts.luminalog.sending import KB, entry, raw, refused, send
from tests.serving import Sender, Server

TEXT = "Expected string"
NAME = "Expected string of at most 512 characters"
OBJECT = "Expected object"
LEVELS = "Must be one of debug, info, warn, error, fatal, panic"
TIME = "Must be an ISO 8601 time"


def deep(levels: int) -> Any:
    value: Any = {}
    for _ in range(levels - 1):
        value = {"a": value}
    return value


@pytest.mark.parametrize(
    ("fields", "field", "message"),
    [
        ({"timestamp": ...}, "timestamp", "Required"),
        ({"timestamp": None}, "timestamp", "Required"),
        ({"timestamp": 1_790_000_000}, "timestamp", TEXT),
        ({"timestamp": ""}, "timestamp", TIME),
        ({"timestamp": "yesterday"}, "timestamp", TIME),
        ({"timestamp": "1790000000"}, "timestamp", TIME),
        ({"timestamp": "2026-13-01T00:00:00Z"}, "timestamp", TIME),
        ({"timestamp": "2026-01-01T00:00:00." + "1" * 100 + "Z"}, "timestamp", TIME),
        ({"level": ...}, "level", "Required"),
        ({"level": "loud"}, "level", LEVELS),
        ({"level": 3}, "level", LEVELS),
        ({"message": ...}, "message", "Required"),
        ({"message": None}, "message", "Required"),
        ({"message": {"a": 1}}, "message", TEXT),
        ({"message": "x" * (10 * KB + 1)}, "message", "Must be at most 10240 bytes of UTF-8"),
        ({"message": "é" * (5 * KB) + "x"}, "message", "Must be at most 10240 bytes of UTF-8"),
        ({"metadata": {"a": "x" * 100 * KB}}, "metadata", "Must be at most 102400 bytes of UTF-8"),
        ({"metadata": {"a": "日" * 35_000}}, "metadata", "Must be at most 102400 bytes of UTF-8"),
        ({"metadata": deep(17)}, "metadata", "Must be nested at most 16 levels deep"),
        ({"metadata": [1]}, "metadata", OBJECT),
        ({"metadata": "text"}, "metadata", OBJECT),
        ({"environment": 5}, "environment", NAME),
        ({"environment": "x" * 513}, "environment", NAME),
        ({"project_id": []}, "project_id", NAME),
        ({"privacy_mode": "true"}, "privacy_mode", "Expected boolean"),
        ({"trace_id": 1}, "trace_id", NAME),
        ({"span_id": "x" * 513}, "span_id", NAME),
        ({"parent_span_id": False}, "parent_span_id", NAME),
        ({"error": "boom"}, "error", OBJECT),
        ({"error": {"type": 5}}, "error.type", NAME),
        ({"error": {"message": 5}}, "error.message", TEXT),
        ({"error": {"stack_trace": [1]}}, "error.stack_trace", "Expected array of strings, or one string"),
        ({"error": {"stack_trace": {}}}, "error.stack_trace", "Expected array of strings, or one string"),
        ({"error": {"context": []}}, "error.context", OBJECT),
        ({"error": {"context": deep(15)}}, "error.context", "Must be nested at most 14 levels deep"),
        ({"error": {"fingerprint": "x" * 513}}, "error.fingerprint", NAME),
        ({"error": {"stack_trace": ["x" * 1_000] * 300}}, "error", "Must be at most 262144 bytes of UTF-8"),
    ],
)
def test_an_entry_that_breaks_a_rule(server: Server, sender: Sender, fields: Any, field: str, message: str) -> None:
    refusal = refused(server, sender, raw(entry(), entry(**fields), entry()))
    assert refusal["message"] == f"logs[1].{field}: {message}"
    assert refusal["details"] == [{"index": 1, "field": field, "message": message}]


@pytest.mark.parametrize(
    "fields",
    [
        {"message": "x" * 10 * KB},
        {"message": "é" * 5 * KB},
        {"message": ""},
        {"metadata": {"a": "x" * (100 * KB - len('{"a":""}'))}},
        {"metadata": {"a": "é" * ((100 * KB - len('{"a":""}')) // 2)}},
        {"metadata": {f"key {n}": n for n in range(4_000)}},
        {"metadata": deep(16)},
        {"metadata": {"a": [[[[1]]]]}, "error": {"context": deep(14), "stack_trace": ["x" * 1_000] * 200}},
        {"metadata": {"a": "x" * 90 * KB}, "error": {"message": "y" * 90 * KB}},
        {"environment": "x" * 512, "trace_id": "y" * 512},
    ],
)
def test_what_keeps_to_the_limits_is_stored(server: Server, sender: Sender, fields: Any) -> None:
    # Clients escape what is not ASCII: on the wire it takes more room than it counts.
    body = msgspec.json.encode({"logs": [entry(**fields)]})
    escaped = "".join(c if c.isascii() else f"\\u{ord(c):04x}" for c in body.decode()).encode()
    for sent in (body, escaped):
        assert send(server, sent, sender.token).status_code == 200
    first, second = server.events(sender.project)
    assert (first.context, first.message) == (second.context, second.message)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "the body is not valid JSON: Input data was truncated"),
        (b"{", "the body is not valid JSON: Input data was truncated"),
        (b"\xef\xbb\xbf{}", "the body is not valid JSON: JSON is malformed: invalid character (byte 0)"),
        (b"[]", "the body: Expected object"),
        (b"{}", "logs: Required"),
        (b'{"logs": null}', "logs: Required"),
        (b'{"logs": {}}', "logs: Expected array"),
        (b'{"logs": []}', "logs: Must have 1 to 1000 entries, not 0"),
        (raw(*[entry()] * 1_001), "logs: Must have 1 to 1000 entries, not 1001"),
        (raw(*[5] * 1_001), "logs: Must have 1 to 1000 entries, not 1001"),
    ],
)
def test_a_body_that_is_no_batch(server: Server, sender: Sender, body: bytes, message: str) -> None:
    refusal = refused(server, sender, body)
    assert (refusal["message"], refusal["details"]) == (message, [])


@pytest.mark.parametrize(
    "body",
    [
        raw(entry(message="X")).replace(b'"X"', b'"\\ud800"'),
        raw(entry(message="X")).replace(b"X", b"\xff"),
        raw(entry(metadata={"a": "X"})).replace(b'"X"', b"NaN"),
        raw(entry(metadata={"a": "X"})).replace(b'"X"', b"1e999"),
        raw(entry(metadata={"a": "X"})).replace(b'"X"', b"[" * 50_000),
        raw(entry(metadata={"a": "X"})).replace(b'"X"', b"[" * 5_000 + b"]" * 5_000),
        raw(entry(), 5).replace(b"5", b"[" * 5_000 + b"]" * 5_000),
    ],
)  # fmt: skip
def test_what_is_no_json_anywhere_is_a_fault_of_the_whole_body(server: Server, sender: Sender, body: bytes) -> None:
    assert refused(server, sender, body)["details"] == []


@pytest.mark.parametrize(
    ("body", "headers", "message"),
    [
        (b"{}", {"Content-Encoding": "br"}, "a body is sent plain or with gzip"),
        (b"{}", {"Content-Encoding": "gzip"}, "the body is not gzip data"),
        (gzip.compress(b" " * (16 * KB * KB + 1)), {"Content-Encoding": "gzip"}, "the body exceeds 16777216 bytes"),
        (b" " * (16 * KB * KB + 1), {}, "the body exceeds 16777216 bytes"),
    ],
    ids=["packing", "no gzip", "unpacked size", "size"],
)
def test_a_body_that_cannot_be_read(server: Server, sender: Sender, body: bytes, headers: Any, message: str) -> None:
    answer = send(server, body, sender.token, headers)
    assert answer.status_code == 400
    assert answer.json() == {"error": "validation_error", "message": message, "details": [], "processed": 0}
    assert int(answer.headers["x-ratelimit-remaining"]) == 599


def test_everything_wrong_with_the_first_fifty_bad_entries_is_told(server: Server, sender: Sender) -> None:
    refusal = refused(server, sender, raw(entry(), *[entry(level="loud", timestamp=...)] * 60, 5, "x"))
    assert refusal["message"] == "logs[1].timestamp: Required (62 entries break a rule)"
    assert [detail["index"] for detail in refusal["details"]] == [n for index in range(1, 51) for n in (index, index)]
    refusal = refused(server, sender, raw(5, entry(timestamp="nope", message="x" * 11_000)))
    assert [(detail["index"], detail["field"]) for detail in refusal["details"]] == [
        (0, ""),
        (1, "timestamp"),
        (1, "message"),
    ]


def test_no_value_that_was_sent_is_repeated(server: Server, sender: Sender, caplog: pytest.LogCaptureFixture) -> None:
    secret = "swordfish"
    wrong = [entry(level=secret), entry(timestamp=secret), entry(message=[secret]), entry(error=secret), secret]
    for body in (raw(*wrong), raw(entry(**{secret: 1}, level=secret)), f"{{{secret}".encode()):
        assert secret not in str(refused(server, sender, body))
    assert secret not in caplog.text
    assert not [event for event in server.refusals() if secret in str(event)]


bad = st.sampled_from([entry(level="loud"), entry(timestamp=...), entry(message=5), 5, None, entry(metadata=deep(17))])


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.booleans(), min_size=1, max_size=30), st.data())
def test_a_batch_is_stored_whole_or_not_at_all(
    server: Server, sender: Sender, good: list[bool], data: st.DataObject
) -> None:
    entries = [entry(message=str(index)) if well else data.draw(bad) for index, well in enumerate(good)]
    before = server.count("events")
    answer = send(server, raw(*entries), sender.token)
    wrong = {index for index, well in enumerate(good) if not well}
    if wrong:
        assert answer.status_code == 400
        assert {detail["index"] for detail in answer.json()["details"]} == wrong
    else:
        assert answer.json()["processed"] == len(good)
    assert server.count("events") - before == (0 if wrong else len(good))


CROWDS = {
    "empty lists": b"[" + b"[]," * 800_000 + b"1]",
    "numbers": b"[" + b"1," * 1_100_000 + b"1]",
    "words": b"[" + b'"ab",' * 1_100_000 + b"1]",
}


@pytest.mark.parametrize("crowd", CROWDS)
def test_a_crowd_of_values_is_not_read(server: Server, sender: Sender, crowd: str) -> None:
    body = raw(entry(metadata={"a": "X"})).replace(b'"X"', CROWDS[crowd])
    assert refused(server, sender, body)["details"] == []
    spread = raw(*[entry(metadata={"a": "X"})] * 30).replace(b'"X"', b"[" + b"1," * 40_000 + b"1]")
    assert "more than 1000000 values" in refused(server, sender, spread)["message"]


def test_commas_in_texts_are_no_crowd(server: Server, sender: Sender) -> None:
    body = raw(*[entry(message="a," * 5_000, metadata={"b": "," * 5_000}, error={"message": ","})] * 120)
    assert send(server, body, sender.token).json()["processed"] == 120


def test_what_is_wrong_with_a_crowd_is_told_briefly(server: Server, sender: Sender) -> None:
    good = [entry(metadata={"a": ",".join("1" * 50_000)})] * 25
    wrong = refused(server, sender, raw(*good, entry(level="loud")))
    assert wrong["message"] == "logs[25].level: Missing, or not what it must be"
    assert refused(server, sender, raw(*good)[:-1] + b"x")["message"].startswith("the body is not valid JSON")


class Watched:
    """How often the log and the server's own project were told of refused batches."""

    def __init__(self, server: Server, caplog: pytest.LogCaptureFixture) -> None:
        self._server = server
        self._caplog = caplog

    def told(self) -> tuple[int, int]:
        lines = [each for each in self._caplog.records if each.name == "logserver.luminalog"]
        return len(lines), len(self._server.refusals())


@pytest.fixture
def watched(server: Server, caplog: pytest.LogCaptureFixture) -> Watched:
    caplog.set_level(logging.INFO)
    return Watched(server, caplog)


@pytest.mark.parametrize("way", ["header", "in front", "behind", "gzip"])
def test_a_refused_body_is_told_of_once(server: Server, sender: Sender, watched: Watched, way: str) -> None:
    def again(level: str = "loud") -> Any:
        bad = entry(level=level)
        match way:
            case "header":
                return send(server, raw(bad), sender.token)
            case "in front":
                return send(server, raw(bad, api_key=sender.token))
        body = msgspec.json.encode({"logs": [bad], "api_key": sender.token})
        if way == "gzip":
            # Packed, it says when that was: a client that sends it again sends the same bytes.
            return send(server, gzip.compress(body, mtime=0), headers={"Content-Encoding": "gzip"})
        return send(server, body)

    first = again()
    for _ in range(4):
        server.clock.turn(memory.SECONDS - 1)
        answer = again()
        assert (answer.status_code, answer.json()) == (400, first.json())
        assert "x-ratelimit-remaining" in answer.headers
    assert watched.told() == (1, 1)
    assert again("noisy").status_code == 400
    assert watched.told() == (2, 2)
    server.clock.turn(memory.SECONDS)
    assert again().json() == first.json()
    assert watched.told() == (3, 3)
    server.administer(tokens.revoke, sender.token, server.clock.now_ms())
    assert again().status_code == 401


def test_a_refusal_is_remembered_for_its_sender_only(server: Server, sender: Sender, watched: Watched) -> None:
    other, body = server.sender(), raw(entry(level="loud"))
    for token in (sender.token, other.token, sender.token, other.token):
        assert send(server, body, token).status_code == 400
    assert watched.told() == (2, 2)
    assert send(server, body, "wrong").json() == {"error": "unauthorized", "message": "Invalid or missing API key"}


def test_what_is_sent_in_another_packing_is_read_anew(server: Server, sender: Sender) -> None:
    packed = gzip.compress(raw(entry()))
    assert send(server, packed, sender.token).status_code == 400
    assert send(server, packed, sender.token, {"Content-Encoding": "gzip"}).status_code == 200


def test_only_so_many_refusals_are_remembered(server: Server) -> None:
    refusals = memory.RefusedBodies(server.clock)
    bodies = [memory.Sent(b"%d" % number, b"") for number in range(memory.MOST + 1)]
    for body in bodies:
        refusals.remember(1, body, Rejected("no"), secret=b"key")
    assert len(refusals) == memory.MOST
    refusals.check(1, bodies[0])
    assert refusals.secret_of(bodies[0]) is None
    for body in bodies[1:]:
        with pytest.raises(Rejected, match="no"):
            refusals.check(1, body)
        refusals.check(2, body)
        assert refusals.secret_of(body) == b"key"
    server.clock.turn(memory.SECONDS)
    for body in bodies:
        refusals.check(1, body)
        assert refusals.secret_of(body) is None
    assert len(refusals) == 0
