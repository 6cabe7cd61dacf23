"""Whatever is sent: never an error of the server's own, never an event half stored."""

import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from logserver.app import Application
from logserver.contracts.logister.wire import EventFields
from tests import agreement, serving
from tests.contracts.logister.sending import DOORS, EVENTS, Door, event, lines, span, uuid
from tests.contracts.logister.test_events import SPELLINGS
from tests.fakes import FakeClock
from tests.serving import Sender, Server

ANSWERS = {200, 201, 202, 400, 413, 415, 422}

quick = settings(deadline=None, max_examples=75)

# Characters of every kind: NUL, what the index keeps for itself, halves of surrogate pairs.
texts = st.text(st.characters(), max_size=20) | st.sampled_from(
    ["", " ", "\x00", "a\x00b", "\x1e", "\x1f", "\ue0ff", "\ud800"]
)
numbers = (
    st.integers()
    | st.integers(-(10**400), 10**400)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from([0, -1, 2**63, 2**64, 10**11, 10**15, -(10**15), 1e308, -1e308, 5e-324])
)
scalars = st.none() | st.booleans() | numbers | texts
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4), max_leaves=12
)


def spelled(names: tuple[str, ...]) -> st.SearchStrategy[str]:
    return st.builds(
        lambda name, spell: str(spell(name)), st.sampled_from(names), st.sampled_from([*SPELLINGS.values()])
    )


times = st.sampled_from(["2026-09-21T14:00:00Z", "9999-12-31T23:59:59.999999Z", "0001-01-01", "1e9", "nope"]) | numbers
telling = st.fixed_dictionaries(
    {"event_type": st.sampled_from(["error", "metric", "transaction", "log", "check_in", "span"])},
    optional={
        "message": texts,
        "name": texts,
        "level": texts,
        "fingerprint": texts,
        "uuid": st.sampled_from([uuid(1), uuid(2), "nope"]),
        "trace_id": texts | st.integers(),
        "span_id": texts | st.integers(),
        "duration_ms": numbers,
        "occurred_at": times,
        "started_at": times,
        "ended_at": times,
        "environment": texts,
        "release": texts,
        "status": scalars,
        "expected_interval_seconds": numbers,
        "check_in_slug": texts,
        "context": st.dictionaries(texts | spelled(EventFields.__struct_fields__), values, max_size=6),
    },
)
mixed = st.dictionaries(spelled(EventFields.__struct_fields__) | texts, values, max_size=8)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all that is tried, so that it also meets what came before."""
    clock = FakeClock()
    plenty = {"public_api_rate_limit_requests": 10_000_000}
    app = Application(serving.settings(tmp_path_factory.mktemp("anything"), **plenty), clock)
    with TestClient(app) as client:
        yield Server(app, client, clock)
    agreement.check(app.settings.data)


@pytest.fixture(scope="module")
def sender(server: Server) -> Sender:
    return server.sender()


def dumped(value: Any) -> bytes:
    """JSON in ASCII, where half a surrogate pair is an escape that no JSON may have."""
    return json.dumps(value).encode()


def attempt(server: Server, sender: Sender, body: bytes, door: Door = DOORS["ingest_events"]) -> int:
    """Send it, and check that it was stored as a whole or not at all."""
    before = {each.id for each in server.events(sender.project)}
    answer = server.post(door.path, body, sender.token, door.headers)
    assert answer.status_code in ANSWERS, answer.text
    msgspec.json.decode(answer.content)
    after = {each.id for each in server.events(sender.project)}
    assert before <= after
    if door.path == EVENTS:
        assert len(after) - len(before) == (answer.status_code == 201)
    if before != after:
        agreement.check(server.folder)
    return answer.status_code


@quick
@given(body=st.binary(max_size=200))
def test_any_bytes(server: Server, sender: Sender, door: Door, body: bytes) -> None:
    assert attempt(server, sender, body, door) in {400, 413}


@quick
@given(value=values)
def test_any_value_as_a_body(server: Server, sender: Sender, door: Door, value: Any) -> None:
    attempt(server, sender, dumped(value), door)


@quick
@given(value=values)
def test_any_value_as_an_envelope(server: Server, sender: Sender, door: Door, value: Any) -> None:
    attempt(server, sender, dumped({door.root: value}), door)


@quick
@given(value=values)
def test_any_value_as_a_context(server: Server, sender: Sender, value: Any) -> None:
    attempt(server, sender, dumped(event(context=value)))


@quick
@given(fields=telling)
def test_any_values_of_the_fields(server: Server, sender: Sender, fields: dict[str, Any]) -> None:
    attempt(server, sender, dumped({"event": fields}))


@quick
@given(fields=mixed)
def test_any_spellings_together(server: Server, sender: Sender, fields: dict[str, Any]) -> None:
    attempt(server, sender, dumped({"event": {"event_type": "log", "message": "m", **fields}}))


@quick
@given(fields=mixed)
def test_any_spellings_of_a_span(server: Server, sender: Sender, fields: dict[str, Any]) -> None:
    attempt(server, sender, dumped({"event": span()["event"] | fields}))


@quick
@given(
    fields=st.fixed_dictionaries(
        {"duration_ms": numbers, "span_id": texts | st.integers()},
        optional={"started_at": times, "occurred_at": times, "ended_at": times, "kind": scalars},
    )
)
def test_any_times_of_a_span(server: Server, sender: Sender, fields: dict[str, Any]) -> None:
    attempt(server, sender, dumped(span(**({"started_at": ...} | fields))))


@quick
@given(value=values, unit=scalars, name=texts.filter(str.strip))
def test_any_value_of_a_metric(server: Server, sender: Sender, value: Any, unit: Any, name: str) -> None:
    attempt(server, sender, dumped(event(event_type="metric", message=name, context={"value": value, "unit": unit})))


@quick
@given(several=st.lists(telling, min_size=1, max_size=5), first=st.integers(1, 50))
def test_any_batch(server: Server, sender: Sender, several: list[dict[str, Any]], first: int) -> None:
    envelopes = [dumped({"event": fields | {"uuid": uuid(first + n)}}) for n, fields in enumerate(several)]
    attempt(server, sender, lines(*envelopes), DOORS["batch"])


@quick
@given(depth=st.integers(1, 20_000), pair=st.sampled_from([(b"[", b"]"), (b'{"a":', b"}"), (b'[{"event":', b"}]")]))
def test_any_depth(server: Server, sender: Sender, door: Door, depth: int, pair: tuple[bytes, bytes]) -> None:
    body = b'{"%s":{"a":' % door.root.encode() + pair[0] * depth + b"1" + pair[1] * depth + b"}}"
    attempt(server, sender, body, door)


@quick
@given(message=st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip))
def test_a_message_comes_through_as_it_was_sent(server: Server, sender: Sender, message: str) -> None:
    answer = server.post(EVENTS, event(message=message), sender.token)
    assert answer.status_code == 201
    found = server.app.database.spelling.read(answer.json()["id"])
    assert server.rows("SELECT message FROM events WHERE id = ?", found) == [(message,)]
