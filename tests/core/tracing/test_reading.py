"""Traces, performance and charts of what was sent to a server."""

from collections.abc import Callable
from typing import Any, TypeVar

import pytest

from logserver.core import charts
from logserver.core.faults import NotFound
from logserver.core.tracing.performance import performance
from logserver.core.tracing.trace import trace
from logserver.core.tracing.traces import traces
from logserver.store.database import snapshot
from logserver.store.errors import CursorError
from tests.contracts.logister.sending import BATCH, NDJSON, event, lines, span, uuid
from tests.fakes import START_MS
from tests.serving import Sender, Server

T = TypeVar("T")
HOUR = 3_600_000


def ask(server: Server, function: Callable[..., T], *arguments: Any, **values: Any) -> T:
    with snapshot(server.folder) as tx:
        return function(tx, *arguments, **values)


def send(server: Server, sender: Sender, *sent: dict[str, Any]) -> None:
    for start in range(0, len(sent), 100):
        body = []
        for number, each in enumerate(sent[start : start + 100], start):
            each["event"].setdefault("uuid", uuid(server.count("events") + number + 1))
            body.append(each)
        answer = server.post(BATCH, lines(*body), sender.token, NDJSON)
        assert answer.status_code == 202, answer.text


def transaction(name: str, ms: float, ago_ms: int = 0, **fields: Any) -> dict[str, Any]:
    return event(
        event_type="transaction",
        message=name,
        transaction_name=name,
        duration_ms=ms,
        occurred_at=START_MS - ago_ms,
        **fields,
    )


def roll_up(server: Server) -> None:
    while server.write(charts.roll_up, server.clock.now_ms()):
        pass


def test_a_trace_has_its_spans_in_order_and_its_logs_beside_them(server: Server, sender: Sender) -> None:
    send(
        server,
        sender,
        span(span_id="b", parent_span_id="a", name="SELECT", kind="db", started_at=START_MS + 20, duration_ms=30),
        span(span_id="a", name="GET /", kind="server", started_at=START_MS, duration_ms=100, status_code=502),
        span(span_id="x", trace_id="T1", started_at=START_MS),
        event(message="slow", trace_id="t1", span_id="b", occurred_at=START_MS + 40),
        event(event_type="error", message="boom", trace_id="t1", occurred_at=START_MS + 90),
        event(message="before", trace_id="t1", occurred_at=START_MS - 5),
    )
    found = ask(server, trace, sender.project.number, "t1")
    assert [
        (each.name, each.kind, each.depth, each.offset, each.duration, each.own_critical) for each in found.spans
    ] == [
        ("GET /", "server", 0, 0, 100_000, 70_000),
        ("SELECT", "db", 1, 20_000, 30_000, 30_000),
    ]
    assert [(each.event.message, each.offset, each.span_id) for each in found.beside] == [
        ("before", -5_000, ""),
        ("slow", 40_000, "b"),
        ("boom", 90_000, ""),
    ]
    assert (found.started, found.duration, found.truncated) == (START_MS * 1_000, 100_000, False)
    assert [each.failed for each in found.spans] == [True, False]


@pytest.mark.parametrize("trace_id", ["t2", "T1", "t1 ", "x" * 500, '"', "*", "t"])
def test_a_trace_that_nobody_named_is_not_found(server: Server, sender: Sender, trace_id: str) -> None:
    send(server, sender, span())
    with pytest.raises(NotFound):
        ask(server, trace, sender.project.number, trace_id)
    with pytest.raises(NotFound):
        ask(server, trace, server.sender().project.number, "t1")


def test_traces_are_listed_by_their_roots_and_paged(server: Server, sender: Sender) -> None:
    for number in range(7):
        at = START_MS - number * 1_000
        send(
            server,
            sender,
            span(trace_id=f"t{number}", span_id="a", name=f"n{number % 2}", started_at=at, duration_ms=number * 100),
            span(trace_id=f"t{number}", span_id="b", parent_span_id="a", started_at=at + 1),
            event(event_type="error", trace_id=f"t{number}", occurred_at=at + 2),
        )
    project, window = sender.project.number, (START_MS - HOUR, START_MS + HOUR)

    def listed(**values: Any) -> list[str]:
        ids, cursor = [], None
        while True:
            page = ask(server, traces, project, *window, limit=2, cursor=cursor, **values)
            ids += [each.trace_id for each in page.traces]
            assert all((each.spans, each.errors) == (2, 1) for each in page.traces)
            cursor = page.next
            if cursor is None:
                return ids

    assert listed() == ["t0", "t1", "t2", "t3", "t4", "t5", "t6"]
    assert listed(name="n1") == ["t1", "t3", "t5"]
    assert listed(min_duration_ms=450) == ["t5", "t6"]
    assert listed(environment="production") == listed()
    assert listed(environment="staging") == listed(failed=True) == []
    for cursor in ("", "x", "1.5", "-1", "9" * 16, "1" * 50):
        with pytest.raises(CursorError):
            ask(server, traces, project, *window, limit=2, cursor=cursor)


def test_performance_is_summed_by_name_release_and_time(server: Server, sender: Sender) -> None:
    send(
        server,
        sender,
        *[transaction("GET /", 100, n * 60_000, release="1") for n in range(30)],
        *[transaction("POST /", 2_000, n * 60_000, release="2", status_code=500) for n in range(10)],
        transaction("POST /", 9_000, 5 * HOUR, release="1", environment="staging", trace_id="slow"),
        transaction("old", 1, 30 * HOUR),
        *[span(span_id=f"s{n}", kind="db", started_at=START_MS, duration_ms=10) for n in range(4)],
        event(event_type="metric", message="db.query", context={"duration_ms": 7}, occurred_at=START_MS),
    )
    for _ in range(2):
        found = ask(server, performance, sender.project.number, START_MS - 24 * HOUR, START_MS + 60_000)
        assert found.overall is not None
        assert found.overall.count == 41
        assert found.overall.error_rate == 10 / 41
        assert sum(each.count for each in found.moments) == 41
        assert [(each.name, each.count, each.apdex) for each in found.transactions] == [
            ("POST /", 11, 0),
            ("GET /", 30, 1),
        ]
        assert {each.name: each.count for each in found.releases} == {"1": 31, "2": 10}
        assert [(each.name, each.count, each.total) for each in found.kinds] == [("db", 4, 40)]
        assert found.database is not None
        assert found.database.total == 7
        assert [(each.name, each.duration_ms, each.trace_id) for each in found.slowest[:2]] == [
            ("POST /", 9_000, "slow"),
            ("POST /", 2_000, ""),
        ]
        assert len(found.slowest) == 10
        assert found.environments == ["production", "staging"]
        staging = ask(
            server, performance, sender.project.number, START_MS - 24 * HOUR, START_MS + 60_000, environment="staging"
        )
        assert [(each.name, each.count) for each in staging.transactions] == [("POST /", 1)]
        assert [each.duration_ms for each in staging.slowest] == [9_000]
        # And the same once the minutes are rolled up.
        server.clock.turn(3_600)
        roll_up(server)


def test_a_project_without_anything_has_no_performance(server: Server, sender: Sender) -> None:
    found = ask(server, performance, sender.project.number, START_MS - HOUR, START_MS)
    assert (found.overall, found.moments, found.transactions, found.slowest, found.database) == (None, [], [], [], None)


def test_a_series_is_charted_by_buckets(server: Server, sender: Sender) -> None:
    send(
        server,
        sender,
        *[
            event(
                event_type="metric",
                message="depth",
                context={"value": n, "unit": "jobs"},
                occurred_at=START_MS - n * 600_000,
                environment="staging" if n % 2 else "production",
            )
            for n in range(12)
        ],
    )
    project = sender.project.number
    assert [(each.kind, each.name, each.unit) for each in ask(server, charts.catalog, project)] == [
        ("metric", "depth", "jobs")
    ]
    window = {"since_ms": START_MS - 3 * HOUR, "until_ms": START_MS + 1, "bucket_ms": HOUR}
    for _ in range(2):
        chart = ask(server, charts.query, project, "depth", "metric", **window)
        assert [point.n for point in chart.points] == [4, 6, 2]
        assert all(point.start_ms % HOUR == 0 for point in chart.points)
        assert chart.whole is not None
        assert (chart.whole.n, chart.whole.total, chart.whole.low, chart.whole.high) == (12, 66, 0, 11)
        staging = ask(server, charts.query, project, "depth", "metric", **window, environment="staging")
        assert [point.n for point in staging.points] == [2, 3, 1]
        server.clock.turn(3_600)
        roll_up(server)
    with pytest.raises(NotFound):
        ask(server, charts.query, project, "depths", "metric", **window)
