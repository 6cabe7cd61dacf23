"""Check-ins: what they need, and the monitor they move."""

from typing import Any

import pytest

from tests import agreement
from tests.contracts.logister.sending import CHECK_INS, EVENTS, check_in, event
from tests.fakes import START_MS
from tests.serving import Sender, Server

AT = START_MS - 3_600_000


def send(server: Server, sender: Sender, **fields: Any) -> None:
    answer = server.post(CHECK_INS, check_in(**fields), sender.token)
    assert answer.status_code == 201, answer.text
    assert list(answer.json()) == ["id", "status"]


def test_a_check_in_is_an_event_and_makes_its_monitor(server: Server, sender: Sender) -> None:
    fields = {"expected_interval_seconds": 900, "environment": "staging", "duration_ms": 1_500, "release": "1.2"}
    send(server, sender, status="ok", trace_id="t", request_id="r", occurred_at=AT, **fields)
    found = server.event(sender.project)
    assert (found.type, found.level, found.message, found.time) == ("check_in", "info", "nightly", AT * 1000)
    assert found.context == fields | {
        "trace_id": "t",
        "request_id": "r",
        "check_in_slug": "nightly",
        "check_in_status": "ok",
    }
    (monitor,) = server.monitors(sender.project)
    assert (monitor.slug, monitor.environment, monitor.interval_seconds) == ("nightly", "staging", 900)
    assert (monitor.checked_at, monitor.status, monitor.event) == (AT, "ok", found.id)
    assert (monitor.duration_ms, monitor.release, monitor.paused) == (1_500, "1.2", False)
    assert agreement.check(server.folder) == 1


@pytest.mark.parametrize(
    "body",
    [
        {"check_in": {"Slug": "nightly", "expectedIntervalSeconds": 60, "occurredAt": AT}},
        {"CHECK_IN": {"SLUG": "nightly", "EXPECTED_INTERVAL_SECONDS": "60", "OCCURRED_AT": AT}},
        {"check_in": {"slug": "nightly", "expected-interval-seconds": 60.9, "checked_at": AT}},
        {"check_in": {"slug": "nightly", "expected_interval_seconds": 60, "checkedAt": AT, "context": {"a": 1}}},
        {"check_in": {"slug": "nightly", "Slug": "twin", "expected_interval_seconds": 60, "occurred_at": AT}},
        {"check_in": {"slug": " nightly ", "expected_interval_seconds": 60, "occurred_at": AT, "checked_at": 1}},
    ],
)
def test_every_spelling_is_read(server: Server, sender: Sender, body: Any) -> None:
    assert server.post(CHECK_INS, body, sender.token).status_code == 201
    (monitor,) = server.monitors(sender.project)
    assert (monitor.slug, monitor.interval_seconds, monitor.checked_at) == ("nightly", 60, AT)


@pytest.mark.parametrize(
    ("sent", "seconds"),
    [(..., 300), (None, 300), (0, 300), (-5, 300), ("", 300), ("soon", 300), (1, 1), ("60", 60), (86_400, 86_400)],
)
def test_an_interval_that_is_not_positive_is_five_minutes(
    server: Server, sender: Sender, sent: Any, seconds: int
) -> None:
    send(server, sender, **({} if sent is ... else {"expected_interval_seconds": sent}))
    assert [monitor.interval_seconds for monitor in server.monitors(sender.project)] == [seconds]


@pytest.mark.parametrize(
    ("sent", "status", "level"),
    [
        ({}, "ok", "info"),
        ({"status": None}, "ok", "info"),
        ({"status": ""}, "ok", "info"),
        ({"status": "OK"}, "ok", "info"),
        ({"status": "error"}, "error", "error"),
        ({"status": " Error "}, "error", "error"),
    ],
)
def test_a_status_has_a_default_and_an_error_a_level(
    server: Server, sender: Sender, sent: Any, status: str, level: str
) -> None:
    send(server, sender, **sent)
    assert server.event(sender.project).level == level
    (monitor,) = server.monitors(sender.project)
    assert (monitor.status, monitor.state) == (status, status)


@pytest.mark.parametrize(
    "fields",
    [{"slug": None}, {"slug": ""}, {"slug": "  "}, {"slug": "x" * 256}, {"status": "fine"}, {"uuid": "nope"}],
    ids=["null", "empty", "blank", "long", "status", "uuid"],
)
def test_what_breaks_a_rule_is_422(server: Server, sender: Sender, fields: Any) -> None:
    answer = server.post(CHECK_INS, check_in(**fields), sender.token)
    assert answer.status_code == 422
    assert len(answer.json()["errors"]) == 1
    assert not server.events(sender.project)
    assert not server.monitors(sender.project)


def test_one_monitor_per_project_slug_and_environment(server: Server, sender: Sender) -> None:
    other = server.sender()
    for environment in ("", "production", "staging"):
        for slug in ("nightly", "hourly"):
            send(server, sender, slug=slug, environment=environment)
    send(server, other)
    assert [(monitor.slug, monitor.environment) for monitor in server.monitors(sender.project)] == [
        ("hourly", "production"),
        ("hourly", "staging"),
        ("nightly", "production"),
        ("nightly", "staging"),
    ]
    assert len(server.monitors(other.project)) == 1


def test_a_late_check_in_is_kept_and_moves_nothing(server: Server, sender: Sender) -> None:
    send(server, sender, occurred_at=AT, release="new", expected_interval_seconds=60)
    before = server.monitors(sender.project)
    send(server, sender, occurred_at=AT - 1, release="old", status="error", expected_interval_seconds=999)
    assert server.monitors(sender.project) == before
    assert [each.context["release"] for each in server.events(sender.project)] == ["old", "new"]
    send(server, sender, occurred_at=AT, release="equal")
    assert [monitor.release for monitor in server.monitors(sender.project)] == ["equal"]


def test_a_time_ahead_counts_as_the_receipt(server: Server, sender: Sender) -> None:
    send(server, sender, occurred_at=START_MS + 300_000)
    assert [monitor.checked_at for monitor in server.monitors(sender.project)] == [START_MS]
    server.clock.turn(1)
    send(server, sender, status="error")
    assert [monitor.status for monitor in server.monitors(sender.project)] == ["error"]


def test_a_run_in_progress_is_a_start_only(server: Server, sender: Sender) -> None:
    send(server, sender, occurred_at=AT)
    (before,) = server.monitors(sender.project)
    send(server, sender, status="in_progress", occurred_at=AT + 60_000)
    (running,) = server.monitors(sender.project)
    assert running.started_at == AT + 60_000
    assert (running.checked_at, running.status, running.due_at) == (before.checked_at, "ok", before.due_at)
    send(server, sender, occurred_at=AT + 75_000)
    (after,) = server.monitors(sender.project)
    assert (after.started_at, after.duration_ms, after.checked_at) == (None, 15_000, AT + 75_000)


def test_a_first_run_in_progress_makes_a_monitor_that_waits(server: Server, sender: Sender) -> None:
    send(server, sender, status="in_progress")
    (monitor,) = server.monitors(sender.project)
    assert (monitor.checked_at, monitor.status, monitor.started_at) == (None, None, START_MS)
    assert monitor.state_now(START_MS) == "ok"
    assert server.event(sender.project).level == "info"


def test_a_sent_duration_wins_over_the_measured_one(server: Server, sender: Sender) -> None:
    send(server, sender, status="in_progress", occurred_at=AT)
    send(server, sender, occurred_at=AT + 1_000, duration_ms=250)
    assert [monitor.duration_ms for monitor in server.monitors(sender.project)] == [250]


@pytest.mark.parametrize(
    "fields",
    [
        {"check_in_slug": "nightly", "message": "m"},
        {"monitorSlug": "nightly", "message": "m"},
        {"slug": "nightly", "message": "m"},
        {"context": {"check_in_slug": "nightly"}, "message": "m"},
        {"context": {"monitorSlug": "nightly"}, "message": "m"},
        {"context": {"slug": "nightly"}, "message": "m"},
        {"message": "nightly"},
        {"check_in_slug": "nightly", "monitor_slug": "other", "slug": "third", "message": "m"},
    ],
)
def test_an_event_of_this_type_moves_the_monitor_too(server: Server, sender: Sender, fields: Any) -> None:
    body = event(event_type="check_in", checkInStatus="error", expectedIntervalSeconds=60, occurred_at=AT, **fields)
    assert server.post(EVENTS, body, sender.token).status_code == 201
    (monitor,) = server.monitors(sender.project)
    assert (monitor.slug, monitor.status, monitor.interval_seconds) == ("nightly", "error", 60)
    assert monitor.checked_at == AT


def test_an_event_of_another_type_moves_none(server: Server, sender: Sender) -> None:
    server.post(EVENTS, event(check_in_slug="nightly", check_in_status="error"), sender.token)
    assert not server.monitors(sender.project)
