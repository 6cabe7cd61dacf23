"""Lines that agents ship: stored once, at their time, with what is known of where they come from."""

import gzip
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from httpx2 import Response

from logserver.core import projects
from logserver.store.events import Event
from tests.contracts.house import shipped_line as line
from tests.contracts.logfleet.fleet import NOBODY, edge_key, refused, registered, told, wrong
from tests.contracts.logister.sending import EVENTS
from tests.contracts.logister.sending import event as telemetry
from tests.fakes import START_MS
from tests.serving import Sender, Server

MIB = 1024 * 1024


@pytest.fixture
def key(server: Server, sender: Sender) -> str:
    return server.token(sender.project, "edge")


@pytest.fixture
def path(server: Server, key: str) -> str:
    agent = registered(server, key, hostname="web-1.example.com", labels={"role": "web"})
    return f"/api/v1/edge/agents/{agent['id']}/logs"


def ship(server: Server, key: str | None, path: str, *lines: Any, **headers: str) -> Response:
    return server.post(path, {"logs": lines}, key, headers)


def fresh(**fields: Any) -> dict[str, Any]:
    return line(**{"id": str(uuid4()), **fields})


def stored(server: Server, sender: Sender) -> list[Event]:
    return server.events(sender.project)


def test_a_line_is_an_event_that_says_where_it_comes_from(server: Server, sender: Sender, key: str, path: str) -> None:
    sent = line(
        timestamp="2026-09-21T14:13:00.123456Z",
        level="WARN",
        message="upstream timed out",
        source="/var/log/nginx/error.log",
        metadata={"upstream": "10.0.0.7", "nested": {"n": [1, None]}, "environment": "staging"},
    )
    assert told(ship(server, key, path, sent), 202) == {"accepted": 1, "duplicates": 0}
    event = server.event(sender.project)
    assert (event.type, event.level, event.message) == ("log", "WARN", "upstream timed out")
    assert (event.time, event.timed_by_receipt, event.received) == (
        1_790_000_000_000_000 - 20_000_000 + 123_456,
        False,
        START_MS,
    )
    assert event.uuid is not None
    assert event.uuid.hex() == sent["id"].replace("-", "")
    assert event.context == {
        "upstream": "10.0.0.7",
        "nested": {"n": [1, None]},
        "environment": "staging",
        "source": "/var/log/nginx/error.log",
        "agent": "web-1",
        "hostname": "web-1.example.com",
    }


def test_what_a_line_does_not_say_is_filled_in(server: Server, sender: Sender, key: str, path: str) -> None:
    lines = [fresh(), fresh(level=" ", timestamp=None, metadata=None), fresh(metadata={"environment": 7}, message="")]
    assert told(ship(server, key, path, *lines), 202)["accepted"] == 3
    for event in stored(server, sender):
        assert (event.level, event.time, event.timed_by_receipt) == ("info", START_MS * 1000, True)
        assert event.context == {
            "environment": "production",
            "source": "/var/log/app.log",
            "agent": "web-1",
            "hostname": "web-1.example.com",
        }


def test_the_label_environment_names_that_of_its_lines(server: Server, sender: Sender, key: str) -> None:
    agent = registered(server, key, "web-2", labels={"environment": "staging"})
    where = f"/api/v1/edge/agents/{agent['id']}/logs"
    told(ship(server, key, where, fresh(), fresh(metadata={"environment": "dev"})), 202)
    assert [event.environment() for event in stored(server, sender)] == ["staging", "dev"]


def test_no_line_is_said_by_another_agent(server: Server, sender: Sender, key: str, path: str) -> None:
    forged = {"agent": "other", "hostname": {"a": 1}, "source": "elsewhere", "line_agent": "kept"}
    told(ship(server, key, path, fresh(metadata=forged)), 202)
    assert server.event(sender.project).context == {
        "line_agent": "kept",
        "line_hostname": {"a": 1},
        "line_source": "elsewhere",
        "source": "/var/log/app.log",
        "agent": "web-1",
        "hostname": "web-1.example.com",
        "environment": "production",
    }


def test_a_line_counts_once_however_often_it_is_sent(server: Server, sender: Sender, key: str, path: str) -> None:
    lines = [fresh(message=str(n)) for n in range(5)]
    assert told(ship(server, key, path, *lines[:3]), 202) == {"accepted": 3, "duplicates": 0}
    assert told(ship(server, key, path, *lines[:3]), 202) == {"accepted": 0, "duplicates": 3}
    changed = {**lines[2], "id": lines[2]["id"].upper(), "message": "something else"}
    assert told(ship(server, key, path, lines[4], changed, lines[3], lines[3]), 202) == {"accepted": 2, "duplicates": 2}
    assert sorted(event.message for event in stored(server, sender)) == list("01234")


def test_a_line_that_was_sent_for_another_agent_is_the_same(
    server: Server, sender: Sender, key: str, path: str
) -> None:
    """The id is the project's: an agent that is registered under another name sends nothing twice."""
    sent = fresh()
    told(ship(server, key, path, sent), 202)
    other = registered(server, key, "web-2")
    again = ship(server, key, f"/api/v1/edge/agents/{other['id']}/logs", sent)
    assert told(again, 202) == {"accepted": 0, "duplicates": 1}
    assert len(stored(server, sender)) == 1


@pytest.mark.parametrize(
    ("timestamp", "time"),
    [
        ("2026-09-20T14:13:30.250Z", START_MS - 86_400_000),
        ("2026-09-21T16:13:29.250+02:00", START_MS - 1_000),
        (START_MS - 5_000, START_MS - 5_000),
        ((START_MS - 250) // 1000, START_MS - 250),
        (str(START_MS - 250)[:10], START_MS - 250),
    ],
)
def test_a_late_line_is_filed_under_its_time(  # noqa: PLR0917 - fixtures, and the columns of the table
    server: Server, sender: Sender, key: str, path: str, timestamp: Any, time: int
) -> None:
    told(ship(server, key, path, fresh(timestamp=timestamp)), 202)
    assert server.event(sender.project).time == time * 1000


def test_a_line_older_than_what_is_kept_is_filed_under_its_receipt(
    server: Server, sender: Sender, key: str, path: str
) -> None:
    told(ship(server, key, path, fresh(timestamp="2020-01-01T00:00:00Z")), 202)
    event = server.event(sender.project)
    assert event.time == 1_577_836_800_000_000
    assert abs((event.id >> 10 & (2**41 - 1)) + 1_577_836_800_000 - START_MS) < 2


def test_a_thousand_lines_packed(server: Server, sender: Sender, key: str, path: str) -> None:
    lines = [fresh(message=f"line {n}") for n in range(1_000)]
    body = gzip.compress(msgspec.json.encode({"logs": lines}))
    answer = server.post(path, body, key, {"Content-Encoding": "gzip"})
    assert told(answer, 202) == {"accepted": 1_000, "duplicates": 0}
    assert len(stored(server, sender)) == 1_000
    too_many = {"logs": [*lines, fresh()]}
    assert list(wrong(server.post(path, too_many, key))) == ["logs"]


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"id": None}, "id"),
    ({"id": "x"}, "id"),
    ({"id": 7}, "id"),
    ({"id": "6f1c1b524f434d9c8d109a1f2b3c4d5e"}, "id"),
    ({"id": "6f1c1b52-4f43-4d9c-8d10-9a1f2b3c4d5g"}, "id"),
    ({"id": "6f1c1b52-4f43-4d9c-8d10-9a1f 2b3c4d5"}, "id"),
    ({"message": None}, "message"),
    ({"message": 1}, "message"),
    ({"message": "x" * (256 * 1024 + 1)}, "message"),
    ({"message": "ü" * (128 * 1024 + 1)}, "message"),
    ({"source": None}, "source"),
    ({"source": ""}, "source"),
    ({"source": "/" * 4_097}, "source"),
    ({"source": ["x"]}, "source"),
    ({"timestamp": "yesterday"}, "timestamp"),
    ({"timestamp": ""}, "timestamp"),
    ({"timestamp": True}, "timestamp"),
    ({"timestamp": 10**30}, "timestamp"),
    ({"timestamp": {}}, "timestamp"),
    ({"level": 3}, "level"),
    ({"level": "l" * 65}, "level"),
    ({"metadata": []}, "metadata"),
    ({"metadata": "x"}, "metadata"),
    ({"metadata": {str(n): n for n in range(513)}}, "metadata"),
    ({"metadata": {"a": [0] * 512}}, "metadata"),
    ({"metadata": {"a": "x" * 256 * 1024}}, "metadata"),
]


@pytest.mark.parametrize(("fields", "named"), WRONG)
def test_what_is_no_line_is_refused_by_its_place(
    server: Server, key: str, path: str, fields: dict[str, Any], named: str
) -> None:
    lines = [fresh(), fresh(), fresh(), {**fresh(), **fields}]
    details = wrong(ship(server, key, path, *lines))
    assert list(details) == [f"logs[3].{named}"]
    assert not server.count("events")


@pytest.mark.parametrize("name", ["id", "message", "source"])
def test_what_is_missing_is_named(server: Server, key: str, path: str, name: str) -> None:
    sent = fresh()
    del sent[name]
    assert wrong(ship(server, key, path, fresh(), sent)) == {f"logs[1].{name}": "Required"}


def test_everything_that_is_wrong_is_told_at_once(server: Server, key: str, path: str) -> None:
    lines = [fresh(id="x", timestamp="x"), fresh(), fresh(metadata={"a": [0] * 512})]
    assert list(wrong(ship(server, key, path, *lines))) == ["logs[0].id", "logs[0].timestamp", "logs[2].metadata"]


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, "logs"),
        ({"logs": []}, "logs"),
        ({"logs": {}}, "logs"),
        ({"logs": None}, "logs"),
        ({"logs": ["x"]}, "logs[0]"),
        ([], "body"),
        ("x", "body"),
    ],
)
def test_what_is_no_shipment_is_refused(server: Server, key: str, path: str, body: Any, named: str) -> None:
    assert list(wrong(server.post(path, body, key))) == [named]


DEEP = b'{"a":' * 5_000 + b"1" + b"}" * 5_000


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"logs": [{"message": "\\ud800"}]}',
        b"\xff\xfe",
        b'{"logs": [{"metadata": ' + DEEP * 20 + b"}]}",
    ],
    ids=["nothing", "cut", "half a character", "no UTF-8", "rubbish behind"],
)
def test_what_is_no_json_is_refused(server: Server, key: str, path: str, body: bytes) -> None:
    refused(server.post(path, body, key), 400, "invalid_json")


def test_a_number_beyond_numbers_is_refused_by_its_place(server: Server, key: str, path: str) -> None:
    assert list(wrong(server.post(path, b'{"logs": [{"metadata": {"n": 1e999}}]}', key))) == ["logs[0].metadata"]


@pytest.mark.parametrize(("levels", "accepted"), [(16, True), (17, False), (400, False)])
def test_metadata_may_be_nested_sixteen_levels_deep(
    server: Server,
    key: str,
    path: str,
    levels: int,
    accepted: bool,  # noqa: FBT001 - a column of the table
) -> None:
    value: Any = {}
    for _ in range(levels - 1):
        value = {"a": value}
    answer = ship(server, key, path, fresh(metadata=value))
    if accepted:
        told(answer, 202)
    else:
        assert wrong(answer) == {"logs[0].metadata": "Must be nested at most 16 levels deep"}


def test_a_message_of_a_quarter_of_a_mebibyte_is_taken(server: Server, sender: Sender, key: str, path: str) -> None:
    told(ship(server, key, path, fresh(message="ü" * (128 * 1024))), 202)
    assert len(server.event(sender.project).message) == 128 * 1024


def test_eight_mebibytes_are_the_limit_packed_or_not(server: Server, key: str, path: str) -> None:
    whole = msgspec.json.encode({"logs": [fresh()]})
    assert server.post(path, whole + b" " * (8 * MIB - len(whole)), key).status_code == 202
    larger = whole + b" " * (8 * MIB + 1 - len(whole))
    refused(server.post(path, larger, key), 413, "payload_too_large")
    packed = {"Content-Encoding": "gzip"}
    refused(server.post(path, gzip.compress(larger), key, packed), 413, "payload_too_large")
    refused(server.post(path, whole, key, packed), 400, "bad_request")
    refused(server.post(path, whole, key, {"Content-Encoding": "br"}), 415, "unsupported_media_type")


def test_an_id_that_a_span_has_is_no_lines(server: Server, sender: Sender, key: str, path: str) -> None:
    sent = fresh()
    ids = {"trace_id": "4bf92f3577b34da6a3ce929d0e0e4736", "span_id": "00f067aa0ba902b7"}
    span = telemetry(event_type="span", name="x", duration_ms=1, uuid=sent["id"], **ids)
    assert server.post(EVENTS, span, sender.token).status_code == 201
    assert list(wrong(ship(server, key, path, fresh(), sent))) == ["logs[1].id"]
    assert len(stored(server, sender)) == 1


def test_a_project_may_have_its_lines_redacted(server: Server, sender: Sender) -> None:
    server.administer(projects.set_values, sender.project.slug, redact_dialects=("logfleet",))
    master, key = server.token(sender.project, "master"), server.token(sender.project, "edge")
    rule = {"type": "pattern", "name": "staff", "pattern": "EMP-[0-9]{6}"}
    assert server.post("/api/v1/redaction/rules", rule, master).status_code == 201
    agent = registered(server, key)
    sent = fresh(message="EMP-123456 came", metadata={"who": "EMP-123456"})
    told(ship(server, key, f"/api/v1/edge/agents/{agent['id']}/logs", sent), 202)
    event = server.event(sender.project)
    assert (event.message, event.context["who"]) == ("[REDACTED] came", "[REDACTED]")


def test_an_agent_of_another_project_is_not_there(server: Server, sender: Sender, key: str, path: str) -> None:
    other = server.sender()
    for stranger in (server.token(other.project, "edge"), edge_key(server, other.project, "edge:stream")):
        refused(ship(server, stranger, path, fresh()), 404, "not_found")
    for agent_id in (NOBODY, "x"):
        refused(ship(server, key, f"/api/v1/edge/agents/{agent_id}/logs", fresh()), 404, "not_found")
    assert not stored(server, sender)
    assert not server.events(other.project)


def test_it_needs_its_permission(server: Server, sender: Sender, path: str) -> None:
    weak = edge_key(server, sender.project, "edge:register", "edge:heartbeat", "edge:metrics")
    message = refused(ship(server, weak, path, fresh()), 403, "forbidden")
    assert message == "the key lacks the permission edge:stream"
    assert ship(server, edge_key(server, sender.project, "edge:stream"), path, fresh()).status_code == 202


@pytest.mark.parametrize("kind", [None, "project", "master"])
def test_nobody_else_is_let_in(server: Server, sender: Sender, path: str, kind: str | None) -> None:
    token = server.token(sender.project, kind) if kind else None
    wanted = (403, "forbidden") if kind else (401, "unauthorized")
    refused(ship(server, token, path, fresh()), *wanted)


def test_it_counts_among_the_requests_of_the_edge(server: Server, key: str, path: str) -> None:
    answer = ship(server, key, path, fresh())
    assert (answer.headers["x-ratelimit-limit"], answer.headers["x-ratelimit-remaining"]) == ("1000", "998")
    for _ in range(998):
        server.post("/api/v1/edge/heartbeat", b"{}", key)
    refused(ship(server, key, path, fresh()), 429, "rate_limited")
