from typing import Any

import pytest

from logserver.core import monitors
from logserver.core.faults import NotFound
from logserver.core.monitors import CheckIn, Monitor
from logserver.core.projects import Project
from logserver.store.tx import Tx
from tests.fakes import START_MS

HOUR = 3_600_000
Transitions = list[tuple[int, str, str, int]]


def check_in(tx: Tx, project: Project, at: int = START_MS, *, now: int | None = None, **values: Any) -> Monitor:
    said = CheckIn(**{"slug": "nightly", "environment": "production", "status": "ok", "at": at, **values})
    monitors.check_in(tx, project.number, 1, said, at if now is None else now)
    (monitor,) = monitors.every(tx, project.number)
    return monitor


def transitions(tx: Tx) -> Transitions:
    return tx.execute("SELECT at, was, became, repeated FROM monitor_transitions ORDER BY id").fetchall()


@pytest.mark.parametrize(
    ("interval", "grace"),
    [(1, 30_000), (59, 30_000), (60, 30_000), (61, 30_500), (300, 150_000), (86_400, 43_200_000)],
)
def test_missed_begins_after_the_interval_and_half_of_it_again(
    tx: Tx, project: Project, interval: int, grace: int
) -> None:
    due = START_MS + interval * 1_000 + grace
    monitor = check_in(tx, project, interval_seconds=interval)
    assert (monitor.state_now(due), monitor.state_now(due + 1)) == ("ok", "missed")
    assert not monitors.miss_overdue(tx, due)
    assert not transitions(tx)
    monitors.miss_overdue(tx, due + 1)
    assert transitions(tx) == [(due + 1, "ok", "missed", 0)]


@pytest.mark.parametrize(
    ("settings", "state"),
    [
        ((True, "error", 1), "paused"),
        ((True, "ok", 0), "paused"),
        ((False, "error", 1), "error"),
        ((False, "error", 0), "error"),
        ((False, "ok", 1), "missed"),
        ((False, "ok", 0), "ok"),
    ],
)
def test_states_are_looked_at_in_order(tx: Tx, project: Project, settings: Any, state: str) -> None:
    paused, status, overdue = settings
    monitor = check_in(tx, project, status=status)
    monitor = monitors.pause(tx, monitor.id, START_MS, paused=paused)
    assert monitor.state_now(monitor.due_at + overdue) == state


def test_a_miss_is_told_once_and_again_every_hour(tx: Tx, project: Project) -> None:
    first = check_in(tx, project).due_at + 1
    for now in (first, first + 1, first + HOUR - 1, first + HOUR, first + 2 * HOUR - 1, first + 2 * HOUR):
        monitors.miss_overdue(tx, now)
    assert transitions(tx) == [
        (first, "ok", "missed", 0),
        (first + HOUR, "missed", "missed", 1),
        (first + 2 * HOUR, "missed", "missed", 1),
    ]
    (monitor,) = monitors.every(tx, project.number)
    assert (monitor.state, monitor.state_at) == ("missed", first)


def test_a_check_in_recovers(tx: Tx, project: Project) -> None:
    missed = check_in(tx, project).due_at + 1
    monitors.miss_overdue(tx, missed)
    monitor = check_in(tx, project, missed + 5_000)
    assert (monitor.state, monitor.told_at, monitor.state_at) == ("ok", None, missed + 5_000)
    assert transitions(tx)[1:] == [(missed + 5_000, "missed", "ok", 0)]
    monitors.miss_overdue(tx, monitor.due_at + 1)
    assert [became for _, _, became, _ in transitions(tx)] == ["missed", "ok", "missed"]


def test_a_late_check_in_does_not_tell_of_the_miss_before_its_hour(tx: Tx, project: Project) -> None:
    missed = check_in(tx, project).due_at + HOUR
    monitors.miss_overdue(tx, missed)
    monitor = check_in(tx, project, START_MS + 1_000, now=missed + 60_000)
    assert monitor.checked_at == START_MS + 1_000
    assert transitions(tx) == [(missed, "ok", "missed", 0)]


def test_errors_and_recoveries_are_told_once(tx: Tx, project: Project) -> None:
    for at, status in enumerate(["ok", "error", "error", "ok", "ok", "error"]):
        check_in(tx, project, START_MS + at, status=status)
    assert transitions(tx) == [
        (START_MS + 1, "ok", "error", 0),
        (START_MS + 3, "error", "ok", 0),
        (START_MS + 5, "ok", "error", 0),
    ]


def test_a_first_run_that_fails_is_told(tx: Tx, project: Project) -> None:
    assert check_in(tx, project, status="error").state == "error"
    assert transitions(tx) == [(START_MS, "ok", "error", 0)]


def test_a_failed_monitor_is_not_missed(tx: Tx, project: Project) -> None:
    monitor = check_in(tx, project, status="error")
    monitors.miss_overdue(tx, monitor.due_at + HOUR)
    assert [became for _, _, became, _ in transitions(tx)] == ["error"]


def test_a_paused_monitor_is_not_missed_and_gets_its_time_when_it_goes_on(tx: Tx, project: Project) -> None:
    monitor = check_in(tx, project)
    monitors.pause(tx, monitor.id, START_MS + 1, paused=True)
    later = monitor.due_at + 10 * HOUR
    assert not monitors.miss_overdue(tx, later)
    assert check_in(tx, project, START_MS + 2, status="error").state == "paused"
    check_in(tx, project, START_MS + 3)
    monitor = monitors.pause(tx, monitor.id, later, paused=False)
    assert (monitor.state, monitor.due_at) == ("ok", monitors.due_at(later, 300))
    assert [became for _, _, became, _ in transitions(tx)] == ["paused", "ok"]


def test_a_run_in_progress_neither_fails_nor_satisfies(tx: Tx, project: Project) -> None:
    due = check_in(tx, project).due_at
    monitor = check_in(tx, project, due, status="in_progress")
    assert (monitor.due_at, monitor.started_at) == (due, due)
    monitors.miss_overdue(tx, due + 1)
    check_in(tx, project, due + 2, status="in_progress")
    assert [became for _, _, became, _ in transitions(tx)] == ["missed"]


def test_one_that_never_finished_is_missed_too(tx: Tx, project: Project) -> None:
    monitor = check_in(tx, project, status="in_progress")
    monitors.miss_overdue(tx, monitor.due_at + 1)
    assert [became for _, _, became, _ in transitions(tx)] == ["missed"]


def test_an_old_start_does_not_replace_a_newer_one(tx: Tx, project: Project) -> None:
    check_in(tx, project, START_MS + 1_000, status="in_progress")
    assert check_in(tx, project, START_MS, status="in_progress").started_at == START_MS + 1_000


def test_a_run_that_began_after_the_one_that_ended_goes_on(tx: Tx, project: Project) -> None:
    check_in(tx, project, START_MS + 5_000, status="in_progress")
    monitor = check_in(tx, project, START_MS + 1_000)
    assert (monitor.started_at, monitor.duration_ms) == (START_MS + 5_000, None)


def test_a_pass_is_bounded_and_says_whether_there_is_more(tx: Tx, project: Project) -> None:
    for number in range(5):
        said = CheckIn(f"job-{number}", "production", "ok", START_MS)
        monitors.check_in(tx, project.number, 1, said, START_MS)
    now = START_MS + HOUR
    assert [monitors.miss_overdue(tx, now, limit=2) for _ in range(3)] == [True, True, False]
    assert len(transitions(tx)) == 5


def test_a_monitor_is_found_in_its_own_project_only(tx: Tx, project: Project) -> None:
    monitor = check_in(tx, project)
    assert monitors.find(tx, project.number, monitor.uuid.upper()).id == monitor.id
    for number, public_id in ((project.number + 1, monitor.uuid), (project.number, "none")):
        with pytest.raises(NotFound):
            monitors.find(tx, number, public_id)


def test_one_that_is_removed_leaves_nothing_and_begins_anew(tx: Tx, project: Project) -> None:
    monitor = check_in(tx, project, status="error")
    monitors.remove(tx, monitor, START_MS)
    assert (monitors.every(tx, project.number), transitions(tx)) == ([], [])
    assert tx.execute("SELECT status FROM alerts").fetchall() == [("resolved",)]
    assert check_in(tx, project, START_MS + HOUR).uuid != monitor.uuid
