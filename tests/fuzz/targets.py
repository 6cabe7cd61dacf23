"""What reads bytes of strangers, each as a function of bytes. It returns, or raises what it promises: nothing else."""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from typing import Any

import msgspec

from logserver.api.bodies import UNREADABLE, decode
from logserver.api.request import Request, unpacked
from logserver.contracts.logfleet import points, shipping
from logserver.contracts.logfleet.agent_wire import Shipment
from logserver.contracts.logister import batch, check_ins, deployments, events
from logserver.contracts.logister.events import Reading, Receipt
from logserver.contracts.logstitch import events as audit
from logserver.contracts.luminalog import reading
from logserver.contracts.luminalog.keys import BodyKeys
from logserver.contracts.luminalog.refused import RefusedBodies
from logserver.core import times
from logserver.core.errors import groups, stacks
from logserver.core.faults import Fault
from logserver.core.lines import queries
from logserver.core.lines.filters import LineFilter
from logserver.core.lines.lines import LogLine, parse
from logserver.core.metrics.checks import checked
from logserver.core.redaction import engine
from logserver.store import cursor, flat, search, syntax, words
from logserver.store.connections import memory
from logserver.store.errors import StoreError
from logserver.store.events import Event
from logserver.store.histogram import histogram
from logserver.store.ids import Spelling
from logserver.store.migrations import migrate
from logserver.store.query import canonical
from logserver.store.tx import Tx
from logserver.web import cookies
from tests.fakes import START_MS, FakeClock

REFUSALS = (Fault, StoreError)
"""What a sender is told to mend; anything else would be a failure of the server."""

LIMIT = 65_536
SECRET = b"0123456789abcdef"
RECEIPT = Receipt(START_MS, "production")

LOGISTER: list[dict[str, Any]] = [
    {
        "event": {
            "event_type": "error",
            "message": "payment refused",
            "level": "error",
            "uuid": "2f1c9a44-7a39-4a0e-9d3b-0c5a8f1e6b77",
            "occurred_at": "2026-11-21T09:30:00+01:00",
            "fingerprint": "a",
            "context": {"user_id": 42, "exception": {"class": "E", "backtrace": ["a.rb:1:in `b'"], "cause": {}}},
        }
    },
    {"event": {"event_type": "span", "name": "s", "trace_id": "t", "span_id": "1", "duration_ms": 5.5}},
    {"event": {"event_type": "check_in", "check_in_slug": "nightly", "status": "ok", "expected_interval_seconds": 60}},
    {"event": {"event_type": "metric", "message": "m", "context": {"value": 1, "unit": "ms"}}},
]
AUDIT = {
    "action": "user.created",
    "category": "admin",
    "tenant_id": "acme",
    "actor": {"id": "1", "type": "user", "name": "Ada", "email": "ada@example.com"},
    "target": {"id": "2", "type": "user"},
    "context": {"ip_address": "203.0.113.7", "user_agent": "curl"},
    "changes": [{"field": "role", "before": None, "after": "admin"}],
    "metadata": {"note": "4111 1111 1111 1111"},
    "occurred_at": "2026-11-21T09:30:00Z",
    "idempotency_key": "k",
}
LUMINA = {
    "api_key": "ll_x",
    "logs": [
        {
            "timestamp": "2026-11-21T09:30:00Z",
            "level": "panic",
            "message": "hello",
            "metadata": {"user_id": 1},
            "error": {"type": "E", "message": "m", "stack_trace": "at f (a.js:1:2)", "fingerprint": "f"},
            "environment": "production",
            "privacy_mode": True,
        }
    ],
}
POINTS = [
    {"name": "a_total", "type": "counter", "value": 12, "labels": {"method": "GET"}, "timestamp": 1_790_000_000},
    {"name": "h", "type": "histogram", "buckets": {"0.1": 7, "+Inf": 1}, "sum": 4.2, "count": 8},
]
RULES = [{"name": "errors_total", "type": "counter", "pattern": "ERROR (?P<code>[0-9]+)", "labels": {"code": "code"}}]
SHIPMENT = {
    "logs": [
        {
            "id": "6f1c1b52-4f43-4d9c-8d10-9a1f2b3c4d5e",
            "message": "hello",
            "source": "/var/log/app.log",
            "timestamp": "2026-11-21T09:30:00Z",
            "metadata": {"a": [1, {"b": None}]},
        }
    ]
}
QUERIES = [
    'level:error user_id:42 "connection reset" -path:/health* (duration:>250 OR NOT retries:*)',
    '"odd key":1 env:staging message:time* @t:x "a\\"b" exception.class:KeyError',
]
LINES = [
    '{"level":"warn","msg":"m","time":1790000000.5,"log":{"level":"x"},"nested":{"a":[1,2]},"NaN":NaN}',
    'level=info msg="ready \\"now\\"" port=80 took=1.5ms ok',
    '192.0.2.7 - - [21/Nov/2026:14:13:30 +0000] "GET / HTTP/1.1" 200 6 "-" "curl"',
    "2026-11-21 09:30:00,123 ERROR something",
]
FILTERS = ['level>=warn source~"/var/*" message~/a.b/ -status=200 field.x!="y"', 'level:error "a phrase"']


def check_event(event: Event) -> None:
    """What becomes of an event that was taken: its words, its group, its stack, its title."""
    text = flat.words_of(event.type, event.level, None, event.message, event.context)
    assert text == flat.words_of(event.type, event.level, None, event.message, event.context)
    for part in text:
        part.encode()
    assert len(groups.id_of(1, groups.key_of(event))) == len(groups.id_of(2, groups.key_of(event)))
    groups.title_of(event.message).encode()
    for stack in stacks.stacks_of(event):
        stack.text().encode()
    msgspec.json.decode(msgspec.json.encode(event.context))
    dict(words.identifiers(event.context))


def _read(reading: Reading) -> None:
    check_event(reading.event)


def logister(raw: bytes) -> None:
    with suppress(*REFUSALS):
        _read(events.read_body(raw, receipt=RECEIPT))


def logister_batch(raw: bytes) -> None:
    with suppress(*REFUSALS):
        for each in batch.read(batch.split(raw), name="b", receipt=RECEIPT):
            _read(each)


def logister_check_in(raw: bytes) -> None:
    with suppress(*REFUSALS):
        _read(check_ins.read(decode(raw), size=len(raw), receipt=RECEIPT))


def logister_deployment(raw: bytes) -> None:
    with suppress(*REFUSALS):
        msgspec.json.encode(deployments.read(decode(raw), size=len(raw), environment="production"))


def logstitch(raw: bytes) -> None:
    with suppress(*REFUSALS):
        for draft in audit.read_events(decode(raw), raw, most=100):
            redacted = _policy().redact(draft.sent)
            msgspec.json.encode(redacted.value)


def luminalog(raw: bytes) -> None:
    with suppress(*REFUSALS):
        for event in reading.read(raw, received_ms=START_MS, environment="production"):
            check_event(event)


def luminalog_key(raw: bytes) -> None:
    request = Request("/v1/logs", [(b"content-encoding", b"gzip")] if raw[:1] == b"\x1f" else [], None)
    request.raw = raw
    keys = BodyKeys(RefusedBodies(FakeClock()))
    glanced, found = keys.glance(request), keys.search(request)
    assert glanced is None or found is None or b"\\" in glanced or glanced.strip() == found


def logfleet_points(raw: bytes) -> None:
    with suppress(*REFUSALS):
        points.readings_of(decode(raw), START_MS)


def logfleet_rules(raw: bytes) -> None:
    with suppress(*REFUSALS):
        checked(decode(raw))


def logfleet_lines(raw: bytes) -> None:
    with suppress(*REFUSALS, *UNREADABLE):
        for event in shipping.events_of(msgspec.json.decode(raw, type=Shipment), START_MS):
            check_event(event)


def gzip(raw: bytes) -> None:
    with suppress(*REFUSALS):
        assert len(unpacked(raw, limit=LIMIT)) <= LIMIT


def query(raw: bytes) -> None:
    """The query language: its tree, its canonical text, and the SQL and MATCH that are made of it."""
    text = raw.decode("utf-8", "replace")
    with suppress(*REFUSALS):
        tree = syntax.parse(text)
        spelled = canonical(tree)
        assert canonical(syntax.parse(spelled)) == spelled
        asked = search.Search((1,), text)
        search.page(_store(), asked, limit=2, secret=SECRET)
        histogram(_store(), asked, bucket_ms=60_000)


def log_line(raw: bytes) -> None:
    """Never raises: no line is an error."""
    said = parse("/var/log/app.log", raw)
    msgspec.json.encode(said)
    json.dumps(said.fields, ensure_ascii=False).encode()


def line_filter(raw: bytes) -> None:
    text, _, line = raw.partition(b"\n")
    with suppress(*REFUSALS, queries.Unreadable):
        chosen = LineFilter.of(text.decode("utf-8", "replace"))
        said: LogLine = parse("/var/log/app.log", line)
        wanted = chosen.wants(said)
        assert LineFilter.from_json(chosen.to_json()).wants(said) == wanted


def redaction(raw: bytes) -> None:
    """What the built-in rules leave of a text is text, and what they have taken out stays out."""
    text = raw.decode("utf-8", "replace")
    once = _policy().redact_text(text)
    once.encode()
    _policy().matches(text)


def spellings(raw: bytes) -> None:
    """Times, cursors, ids and cookies, as they stand in paths, queries and headers."""
    text = raw.decode("utf-8", "replace")
    times.read_time(text)
    with suppress(ValueError):
        times.moment_ms(text, START_MS)
    with suppress(*REFUSALS):
        assert cursor.spell(cursor.read(text, b"bound", SECRET), b"bound", SECRET) == text
    spelling = Spelling(SECRET)
    known = spelling.read(text)
    assert known is None or spelling.read(spelling.uuid(known)) == known
    request = Request("/", [(b"cookie", raw), (b"authorization", raw)], None, query=raw)
    cookies.value(request, cookies.SESSION, secure=False).encode()
    request.secret()
    for value in request.query().values():
        value.encode()


@cache
def _policy() -> engine.Policy:
    return engine.defaults(SECRET)


@cache
def _store() -> Tx:
    """A store with one event in it."""
    made = memory()
    migrate(made)
    return made


def _spelled(*values: Any) -> list[bytes]:
    return [value.encode() if isinstance(value, str) else json.dumps(value).encode() for value in values]


TARGETS: dict[str, tuple[Callable[[bytes], None], list[bytes]]] = {
    "logister": (logister, _spelled(*LOGISTER)),
    "logister_batch": (logister_batch, [b"\n".join(_spelled(*LOGISTER))]),
    "logister_check_in": (logister_check_in, _spelled({"check_in": {"slug": "nightly", "status": "ok"}})),
    "logister_deployment": (logister_deployment, _spelled({"deployment": {"release": "1", "environment": "beta"}})),
    "logstitch": (logstitch, _spelled(AUDIT, [AUDIT, AUDIT])),
    "luminalog": (luminalog, _spelled(LUMINA)),
    "luminalog_key": (luminalog_key, _spelled(LUMINA, '{ "api_key" : "ll_x", "logs": []}')),
    "logfleet_points": (logfleet_points, _spelled(POINTS)),
    "logfleet_rules": (logfleet_rules, _spelled(RULES)),
    "logfleet_lines": (logfleet_lines, _spelled(SHIPMENT)),
    "gzip": (gzip, [bytes.fromhex("1f8b08000000000000034b4c4a06 00c241243503000000".replace(" ", ""))]),
    "query": (query, _spelled(*QUERIES)),
    "log_line": (log_line, _spelled(*LINES)),
    "line_filter": (line_filter, [f"{text}\n{line}".encode() for text in FILTERS for line in LINES]),
    "redaction": (redaction, _spelled("ada@example.com 4111 1111 1111 1111 +1 (212) 555-0100 203.0.113.7 Bearer x")),
    "spellings": (spellings, _spelled("2026-11-21T09:30:00Z", "a=b; logserver_session=x", "Bearer x", "a=1&b=%ff")),
}
"""By name: the function, and what to begin with."""


def vocabulary() -> Iterator[str]:
    """The names and values of all that they begin with: pieces for new inputs."""
    seen: set[str] = set()
    for _, seeds in TARGETS.values():
        for seed in seeds:
            for piece in json.dumps(seed.decode("latin-1")).replace('\\"', '"').split('"'):
                if 1 < len(piece) < 40 and piece.isascii() and piece.isprintable():
                    seen.add(piece)
    yield from sorted(seen)
