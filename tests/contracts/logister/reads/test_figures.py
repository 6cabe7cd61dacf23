"""Traces, performance and metrics."""

import pytest

from tests.contracts.logister.reads.asked import Desk
from tests.contracts.logister.sending import EVENTS, span


def _span(desk: Desk, **fields: object) -> None:
    sent = span(started_at=desk.server.clock.now_ms() / 1_000, environment="live", **fields)
    assert desk.server.post(EVENTS, sent, desk.token).status_code == 201


def _traced(desk: Desk, trace_id: str = "t1", duration: float = 100) -> None:
    """A root with a part, and a log that names the trace."""
    _span(desk, trace_id=trace_id, span_id="root", name="GET /cart", kind="server", duration_ms=duration)
    _span(desk, trace_id=trace_id, span_id="part", parent_span_id="root", name="SELECT", kind="db", duration_ms=40)
    desk.send(message="hello", trace_id=trace_id)


def test_a_trace_is_a_tree_with_what_was_logged_beside(desk: Desk) -> None:
    _traced(desk)
    found = desk.get("traces/t1")
    assert (found["trace_id"], found["project"], found["duration_ms"]) == ("t1", desk.project.slug, 100)
    assert [(each["name"], each["depth"], each["parent_span_id"]) for each in found["spans"]] == [
        ("GET /cart", 0, None),
        ("SELECT", 1, "root"),
    ]
    assert [each["critical"] for each in found["spans"]] == [True, True]
    assert [each["critical_ms"] for each in found["spans"]] == [60, 40]
    assert [each["event"]["message"] for each in found["beside"]] == ["hello"]
    assert desk.get(f"events/{found['spans'][1]['event_id']}")["message"] == "SELECT"
    assert desk.refused("traces/t2") == (404, "not_found")
    other = Desk(desk.server, desk.server.sender("other"))
    assert other.refused("traces/t1") == (404, "not_found")


def test_traces_are_listed_by_their_roots_in_pages(desk: Desk) -> None:
    for n in range(5):
        _traced(desk, f"t{n}", duration=100 * (n + 1))
        desk.server.clock.turn(60)
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        answer = desk.get("traces", limit=2, **cursor)
        seen += [each["trace_id"] for each in answer["items"]]
        desk.server.clock.turn(60)
        if answer["next_cursor"] is None:
            break
        cursor = {"cursor": answer["next_cursor"]}
    assert seen == ["t4", "t3", "t2", "t1", "t0"]
    assert [each["trace_id"] for each in desk.get("traces", min_duration_ms=400)["items"]] == ["t4", "t3"]
    (first,) = desk.get("traces", limit=1)["items"]
    assert (first["name"], first["duration_ms"], first["spans"], first["failed"]) == ("GET /cart", 500, 2, False)
    assert desk.get("traces", failed="true")["items"] == desk.get("traces", name="nothing")["items"] == []
    for cursor in ({"cursor": "x"}, {"cursor": "1-2-x"}):
        assert desk.refused("traces", **cursor) == (400, "invalid_cursor")


def test_insights_tell_how_a_project_performs(desk: Desk) -> None:
    empty = desk.get("insights")
    assert (empty["overall"], empty["transactions"], empty["slowest"]) == (None, [], [])
    for n in range(1, 11):
        desk.send(event_type="transaction", message="POST /pay", duration_ms=n * 100, release="2.0", level="info")
    _traced(desk)
    found = desk.get("insights", since="1h")
    assert (found["overall"]["count"], found["transactions"][0]["name"]) == (10, "POST /pay")
    assert found["overall"]["p95"] == pytest.approx(1_000, rel=0.02)
    assert found["slowest"][0]["duration_ms"] == 1_000
    assert desk.get(f"events/{found['slowest'][0]['event_id']}")["message"] == "POST /pay"
    assert {each["name"] for each in found["span_kinds"]} == {"server", "db"}
    assert desk.refused("insights", since="90d") == (400, "invalid_parameter")


def test_a_metric_is_listed_and_charted(desk: Desk) -> None:
    for value in (1, 2, 3):
        desk.send(event_type="metric", message="queue.depth", context={"value": value, "unit": "jobs"})
    (series,) = desk.get("metrics/catalog")["items"]
    assert (series["kind"], series["name"], series["unit"]) == ("metric", "queue.depth", "jobs")
    assert desk.get("metrics/catalog", kind="transaction")["items"] == []
    chart = desk.get("metrics/query", name="queue.depth", since="1h")
    assert (chart["bucket_seconds"], [point["n"] for point in chart["points"]]) == (60, [3])
    assert (chart["whole"]["total"], chart["whole"]["low"], chart["whole"]["high"]) == (6, 1, 3)
    assert desk.get("metrics/query", name="queue.depth", since="24h")["bucket_seconds"] == 3_600
    assert desk.get("metrics/query", name="queue.depth", since="7d")["bucket_seconds"] == 86_400
    assert desk.refused("metrics/query", name="nothing") == (404, "not_found")
    for asked in (
        {},
        {"name": "queue.depth", "kind": "rumour"},
        {"name": "queue.depth", "since": "32d"},
        {"name": "queue.depth", "bucket_seconds": 61},
        {"name": "queue.depth", "since": "30d", "bucket_seconds": 60},
    ):
        assert desk.refused("metrics/query", **asked) == (400, "invalid_parameter")
