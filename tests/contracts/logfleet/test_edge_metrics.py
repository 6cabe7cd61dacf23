"""Points of agents: taken once, at their time, into the same series as any other metric."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from httpx2 import Response

from logserver.core import retention
from tests.contracts.logfleet.fleet import NOBODY, ask, edge_key, refused, registered, told, wrong
from tests.contracts.logfleet.metering import METRICS, charted, histogram, point, send
from tests.fakes import START_MS
from tests.serving import Sender, Server

MINUTE = START_MS // 60_000
AGO = {0: "2026-09-21T14:13:00Z", 1: "2026-09-21T13:13:00Z", 71: "2026-09-18T15:13:00Z", 73: "2026-09-18T13:13:00Z"}
"""Times so many hours before the clock's."""

Post = Callable[..., Response]


@pytest.fixture
def key(server: Server, sender: Sender) -> str:
    return server.token(sender.project, "edge")


@pytest.fixture
def agent(server: Server, key: str) -> dict[str, Any]:
    return registered(server, key)


@pytest.fixture(params=["body", "path"])
def post(request: pytest.FixtureRequest, server: Server) -> Post:
    """Sends points on one of the two paths."""

    def by_body(token: str | None, agent_id: str, **fields: Any) -> Response:
        return ask(server, "POST", METRICS, token, {"agent_id": agent_id, **fields})

    def by_path(token: str | None, agent_id: str, **fields: Any) -> Response:
        return ask(server, "POST", f"/api/v1/edge/agents/{agent_id}/metrics", token, fields)

    return by_body if request.param == "body" else by_path


def test_points_are_series_like_any_other(server: Server, sender: Sender, key: str, agent: Any, post: Post) -> None:
    points = [point(value=3), point(value=2, labels={"b": "2", "a": '1"'}), point("depth", "gauge", -7.5)]
    assert told(post(key, agent["id"], points=points), 202) == {"accepted": 3}
    seen = charted(server, sender)
    labelled = 'errors_total{a="1\\"",b="2"}'
    assert {name: (each.n, each.total, each.low, each.high) for (name, _), each in seen.items()} == {
        "errors_total": (2, 5.0, 2.0, 3.0),
        labelled: (1, 2.0, 2.0, 2.0),
        "depth": (1, -7.5, -7.5, -7.5),
    }
    assert {minute for _, minute in seen} == {MINUTE}


def test_they_meet_the_metrics_of_events(server: Server, sender: Sender, key: str, agent: Any) -> None:
    event = {"event": {"event_type": "metric", "message": "depth", "context": {"value": 4}}}
    assert server.post("/api/v1/ingest_events", event, sender.token).status_code == 201
    told(send(server, key, agent, point("depth", "gauge", 6)), 202)
    merged = charted(server, sender)["depth", MINUTE]
    assert (merged.n, merged.total) == (2, 10.0)


def test_points_land_at_their_time(server: Server, sender: Sender, key: str, agent: Any) -> None:
    points = [point(timestamp=timestamp) for timestamp in AGO.values()]
    assert told(send(server, key, agent, *points), 202) == {"accepted": 3, "rejected": 1}
    minutes = [START_MS // 60_000 - 60 * hours for hours in (0, 1, 71)]
    assert {minute for _, minute in charted(server, sender)} == set(minutes)


def test_points_older_than_anything_else_are_not_kept(server: Server) -> None:
    short = server.sender("short", retention_days=1)
    its_key = server.token(short.project, "edge")
    agent = registered(server, its_key)
    answer = told(send(server, its_key, agent, point(timestamp=AGO[71]), point(timestamp=AGO[1])), 202)
    assert answer == {"accepted": 1, "rejected": 1}


def test_points_of_the_future_are_of_now(server: Server, sender: Sender, key: str, agent: Any) -> None:
    points = [point(timestamp="2026-09-21T14:23:00Z"), point(timestamp="2036-01-01T00:00:00Z")]
    told(send(server, key, agent, *points), 202)
    assert {minute for _, minute in charted(server, sender)} == {MINUTE, MINUTE + 10}


@pytest.mark.parametrize(("labels", "environment"), [({}, "production"), ({"environment": "lab"}, "lab")])
def test_points_are_of_an_environment(server: Server, key: str, labels: dict[str, str], environment: str) -> None:
    told(send(server, key, registered(server, key, labels=labels), point()), 202)
    assert server.rows("SELECT environment FROM series") == [(environment,)]


def test_a_batch_counts_once_on_both_paths(server: Server, sender: Sender, key: str, agent: Any) -> None:
    points = [point(value=5), point(timestamp=AGO[73])]
    first = told(send(server, key, agent, *points, batch_id="b1"), 202)
    assert first == {"accepted": 1, "rejected": 1}
    again = {"agent_id": agent["id"].upper(), "batch_id": "b1", "points": points}
    assert told(ask(server, "POST", METRICS, key, again), 202) == first
    assert charted(server, sender)["errors_total", MINUTE].total == 5
    other = registered(server, key, "web-2")
    for sent_by, batch_id in ((other, "b1"), (agent, "b2"), (agent, None)):
        told(send(server, key, sent_by, *points, batch_id=batch_id), 202)
    assert charted(server, sender)["errors_total", MINUTE].total == 20


def test_a_batch_is_forgotten_after_a_week(server: Server, key: str, agent: Any) -> None:
    told(send(server, key, agent, point(), batch_id="b1"), 202)
    for days, left in ((6.9, 1), (0.2, 0)):
        server.clock.turn(days * 86_400)
        server.write(retention.tidy, server.clock.now_ms())
        assert server.count("point_batches") == left


def test_a_histogram_keeps_its_buckets(server: Server, sender: Sender, key: str, agent: Any) -> None:
    for labels in ({}, {"path": "/"}):
        told(send(server, key, agent, histogram({"1": 2, "4": 3, "+Inf": 1}, 12.5, labels=labels)), 202)
    told(send(server, key, agent, histogram({"4.0": 1, "8": 1}, 9.0, count=3)), 202)
    kept = server.rows("SELECT s.name, h.minute, h.buckets FROM histograms h JOIN series s ON s.id = h.series")
    assert {(name, minute): msgspec.json.decode(buckets) for name, minute, buckets in kept} == {
        ("seconds", MINUTE): {"1.0": 4, "4.0": 7, "8.0": 1, "+Inf": 3},
        ('seconds{path="/"}', MINUTE): {"1.0": 2, "4.0": 3, "+Inf": 1},
    }
    sketch = charted(server, sender)["seconds", MINUTE]
    assert (sketch.n, sketch.total, sketch.low, sketch.high) == (15, 34.0, 0.5, 8.0)
    assert sketch.percentile(0.2) == pytest.approx(0.5, rel=0.01)
    assert sketch.percentile(0.5) == pytest.approx(2.5, rel=0.01)


@pytest.mark.parametrize(
    "sent",
    [
        histogram({"+Inf": 4}, 8.0),
        histogram({"5": 0, "inf": 0}, 0.0),
        {**point("seconds", "histogram", {"buckets": {"5": 4}, "sum": 8.0}), "labels": {}},
        histogram({"-5": 1}, -6.0, count=...),
    ],
)
def test_other_forms_of_histograms(server: Server, sender: Sender, key: str, agent: Any, sent: Any) -> None:
    assert told(send(server, key, agent, sent), 202) == {"accepted": 1}
    ((n, total),) = server.rows("SELECT n, value FROM agent_metrics")
    seen = charted(server, sender)
    assert [(each.n, each.total) for each in seen.values()] == ([(n, total)] if n else [])


def test_a_long_name_with_labels_is_still_one_series(server: Server, sender: Sender, key: str, agent: Any) -> None:
    values = ["x" * 199 + "1", "x" * 199 + "2", "y" * 300]
    told(send(server, key, agent, *[point(labels={"l": value}) for value in values]), 202)
    names = {name for name, _ in charted(server, sender)}
    assert len(names) == 4
    assert all(len(name) <= 200 for name in names)


def test_series_of_one_metric_leave_the_others_room(
    server: Server, sender: Sender, key: str, agent: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("logserver.store.series.BOUNDS", {"name": 3, "labelled": 2, "environment": 1, "release": 1})
    told(send(server, key, agent, *[point(labels={"l": str(number)}) for number in range(5)]), 202)
    told(send(server, key, agent, point("other")), 202)
    names = {name for name, _ in charted(server, sender)}
    assert {"errors_total", "other", "~other"} < names
    assert len(names) == 5


def test_there_are_only_so_many_series(server: Server, key: str, agent: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("logserver.core.metrics.standing.MOST_SERIES", 3)
    points = [point(labels={"l": str(number)}) for number in (1, 2, 3, 4, 5, 1)]
    assert told(send(server, key, agent, *points), 202) == {"accepted": 4, "rejected": 2}
    assert told(send(server, key, agent, points[0], point("new")), 202) == {"accepted": 1, "rejected": 1}
    assert server.count("agent_metrics") == 3


def test_what_is_old_goes_with_everything_else(server: Server, sender: Sender, key: str, agent: Any) -> None:
    told(send(server, key, agent, histogram({"1": 1}, 0.5, labels={"a": "b"}), point()), 202)
    expire = retention.Retention(lambda *_: None).expire

    def swept() -> list[int]:
        for _ in range(5):
            server.write(expire, server.clock.now_ms())
        tables = ("sketches", "histograms", "agent_metrics", "series")
        wanted = f"SELECT count(*) FROM {{}} WHERE project = {sender.project.number}"
        return [server.rows(wanted.format(table))[0][0] for table in tables]

    server.clock.turn(29 * 86_400)
    assert swept() == [3, 2, 2, 3]
    server.clock.turn(2 * 86_400)
    assert swept() == [0, 0, 0, 0]
    words = server.rows("SELECT value FROM vocabulary WHERE project = ?", sender.project.number)
    assert words == []


@pytest.mark.parametrize(
    ("sent", "field", "message"),
    [
        (1, "points[0]", "Expected object"),
        (point(name=...), "points[0].name", "Required"),
        (point(name=7), "points[0].name", "letters"),
        (point("a b"), "points[0].name", "letters"),
        (point("x" * 201), "points[0].name", "letters"),
        (point(type="summary"), "points[0].type", "counter, gauge, histogram"),
        (point(value=...), "points[0].value", "Required"),
        (point(value="1"), "points[0].value", "Expected number"),
        (point(value=True), "points[0].value", "Expected number"),
        (point(value=10**400), "points[0].value", "finite"),
        (point(value=-1), "points[0].value", "negative"),
        (point(labels=["a"]), "points[0].labels", "object of strings"),
        (point(labels=[]), "points[0].labels", "object of strings"),
        (point(labels={"a": 1}), "points[0].labels", "object of strings"),
        (point(labels={"a-b": "c"}), "points[0].labels", "letters"),
        (point(labels={"__name__": "c"}), "points[0].labels", "letters"),
        (point(labels={f"l{n}": "x" for n in range(11)}), "points[0].labels", "at most 10"),
        (point(timestamp="yesterday"), "points[0].timestamp", "ISO 8601"),
        (point(timestamp=1_790_000_010), "points[0].timestamp", "ISO 8601"),
        (histogram({}, 0.0), "points[0].buckets", "1 to 100"),
        (point(type="histogram"), "points[0].buckets", "1 to 100"),
        (histogram({str(n): 0 for n in range(101)}, 0.0), "points[0].buckets", "1 to 100"),
        (histogram({"a": 1}, 0.0), "points[0].buckets", "numbers or +Inf"),
        (histogram({"nan": 1}, 0.0), "points[0].buckets", "numbers or +Inf"),
        (histogram({"-inf": 1}, 0.0), "points[0].buckets", "numbers or +Inf"),
        (histogram({"1" * 41: 1}, 0.0), "points[0].buckets", "numbers or +Inf"),
        (histogram({"1": 1, "1.0": 1}, 0.0), "points[0].buckets", "twice"),
        (histogram({"1": -1}, 0.0), "points[0].buckets", "integers"),
        (histogram({"1": 10**11}, 0.0), "points[0].buckets", "integers"),
        (histogram({"1": True}, 0.0), "points[0].buckets", "integers"),
        (histogram({"1": 2}, 0.0, count=1), "points[0].count", "sum of the buckets"),
        (histogram({"1": 2, "+Inf": 0}, 0.0, count=3), "points[0].count", "sum of the buckets"),
        (histogram({"1": 2}, 0.0, count="2"), "points[0].count", "integer"),
        (histogram({"1": 1}, 0.0, sum=...), "points[0].sum", "Required"),
        (histogram({"1": 1}, 0.0, sum="1"), "points[0].sum", "Expected number"),
    ],
)
def test_a_point_that_does_not_hold_together(server: Server, key: str, sent: Any, field: str, message: str) -> None:
    agent = registered(server, key)
    details = wrong(send(server, key, agent, sent))
    assert details.keys() == {field}
    assert message in details[field]
    assert server.count("sketches") == server.count("agent_metrics") == 0


def test_one_wrong_point_refuses_them_all(server: Server, key: str, agent: Any) -> None:
    details = wrong(send(server, key, agent, point(), point(value=...), point("gauge", "gauge", 1), point(type=1)))
    assert details.keys() == {"points[1].value", "points[3].type"}
    assert server.count("sketches") == 0
    assert len(wrong(send(server, key, agent, *[point(value=...)] * 1000))) == 100


@pytest.mark.parametrize("raw", [b'{"points": [{"name": "m", "type": "gauge", "value": NaN}]}', b'{"points": [1e999]}'])
def test_what_is_no_number_is_no_json(server: Server, key: str, agent: Any, raw: bytes) -> None:
    answer = server.post(f"/api/v1/edge/agents/{agent['id']}/metrics", raw, key)
    refused(answer, 400, "invalid_json")


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({}, "points"),
        ({"points": []}, "points"),
        ({"points": {}}, "points"),
        ({"points": [point()] * 2001}, "points"),
        ({"points": [point()], "batch_id": 7}, "batch_id"),
        ({"points": [point()], "batch_id": "x" * 201}, "batch_id"),
    ],
)
def test_a_batch_that_does_not_hold_together(
    post: Post, key: str, agent: Any, fields: dict[str, Any], wanted: str
) -> None:
    assert wrong(post(key, agent["id"], **fields)).keys() == {wanted}


def test_the_agent_is_named_once(server: Server, key: str, agent: Any) -> None:
    assert wrong(ask(server, "POST", METRICS, key, {"points": [point()]})) == {"agent_id": "Required"}
    assert wrong(send(server, key, agent, point(), agent_id=NOBODY)).keys() == {"agent_id"}
    told(send(server, key, agent, point(), agent_id=agent["id"]), 202)


def test_who_may_not_send(server: Server, sender: Sender, key: str, agent: Any, post: Post) -> None:
    points = [point()]
    refused(post(None, agent["id"], points=points), 401, "unauthorized")
    refused(post(sender.token, agent["id"], points=points), 403, "forbidden")
    lacking = edge_key(server, sender.project, "edge:heartbeat", "edge:stream")
    assert "edge:metrics" in refused(post(lacking, agent["id"], points=points), 403, "forbidden")
    refused(post(server.token(server.sender().project, "edge"), agent["id"], points=points), 404, "not_found")
    refused(post(key, NOBODY, points=points), 404, "not_found")
    assert server.count("agent_metrics") == 0


def test_a_body_has_a_size(server: Server, key: str, agent: Any) -> None:
    answer = server.post(f"/api/v1/edge/agents/{agent['id']}/metrics", b"x" * 8_000_001, key)
    refused(answer, 413, "payload_too_large")


def test_a_minute_has_room_for_a_thousand_requests(server: Server, key: str, agent: Any) -> None:
    answer = send(server, key, agent, point())
    assert (answer.headers["x-ratelimit-limit"], answer.headers["x-ratelimit-remaining"]) == ("1000", "998")


def test_many_points_are_read_too(server: Server, sender: Sender, key: str, agent: Any) -> None:
    points = [point(labels={"l": str(number % 7)}) for number in range(1000)]
    assert told(send(server, key, agent, *points), 202) == {"accepted": 1000}
    assert charted(server, sender)["errors_total", MINUTE].total == 1000
