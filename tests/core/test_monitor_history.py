"""What a monitor's states were over a while."""

import pytest

from logserver.core import monitor_history, monitors
from logserver.core.monitor_history import Spell
from logserver.core.monitors import CheckIn, Monitor, State
from logserver.core.projects import Project
from logserver.store.tx import Tx
from tests.fakes import START_MS

HOUR = 3_600_000


def checked(tx: Tx, project: Project, at: int, status: str = "ok", interval: int = 86_400) -> Monitor:
    said = CheckIn("nightly", "production", status, at, interval)  # type: ignore[arg-type] # one of its words
    monitors.check_in(tx, project.number, 1, said, at)
    (monitor,) = monitors.every(tx, project.number)
    return monitor


@pytest.fixture
def monitor(tx: Tx, project: Project) -> Monitor:
    """Four hours: ok, error from the first to the second, paused in the last."""
    checked(tx, project, START_MS)
    checked(tx, project, START_MS + HOUR, "error")
    monitor = checked(tx, project, START_MS + 2 * HOUR)
    return monitors.pause(tx, monitor.id, START_MS + 3 * HOUR, paused=True)


def test_the_states_follow_one_another_without_a_gap(tx: Tx, monitor: Monitor) -> None:
    assert monitor_history.spells(tx, monitor, START_MS - HOUR, START_MS + 4 * HOUR) == [
        Spell("ok", START_MS, START_MS + HOUR),
        Spell("error", START_MS + HOUR, START_MS + 2 * HOUR),
        Spell("ok", START_MS + 2 * HOUR, START_MS + 3 * HOUR),
        Spell("paused", START_MS + 3 * HOUR, START_MS + 4 * HOUR),
    ]


@pytest.mark.parametrize(
    ("hours", "parts", "states"),
    [
        ((0, 4), 4, ["ok", "error", "ok", "paused"]),
        ((0, 4), 2, ["error", "ok"]),
        ((0, 4), 1, ["error"]),
        ((-2, 2), 4, [None, None, "ok", "error"]),
        ((-2, -1), 2, [None, None]),
        ((1, 2), 3, ["error", "error", "error"]),
        ((3, 4), 1, ["paused"]),
        ((4, 4), 1, [None]),
    ],
)
def test_a_part_shows_the_worst_of_it(
    tx: Tx, monitor: Monitor, hours: tuple[int, int], parts: int, states: list[State | None]
) -> None:
    times = START_MS + hours[0] * HOUR, START_MS + hours[1] * HOUR
    assert monitor_history.strip(tx, monitor, *times, parts) == states


@pytest.mark.parametrize(
    ("since", "until", "share"),
    [(0, 4, 2 / 3), (0, 1, 1.0), (1, 2, 0.0), (-5, 0, None), (3, 4, None), (-5, 2, 0.5)],
)
def test_uptime_leaves_out_pauses_and_what_was_before(
    tx: Tx, monitor: Monitor, since: int, until: int, share: float | None
) -> None:
    assert monitor_history.uptime(tx, monitor, START_MS + since * HOUR, START_MS + until * HOUR) == share


def test_what_is_told_again_is_no_change(tx: Tx, project: Project) -> None:
    monitor = checked(tx, project, START_MS, interval=60)
    due = monitor.due_at + 1
    for passed in range(4):
        monitors.miss_overdue(tx, due + passed * HOUR)
    told = monitor_history.transitions(tx, monitor, limit=10)
    assert [each.repeated for each in told] == [True, True, True, False]
    assert monitor_history.spells(tx, monitor, START_MS, due + 3 * HOUR) == [
        Spell("ok", START_MS, due),
        Spell("missed", due, due + 3 * HOUR),
    ]
    assert [each.at for each in monitor_history.transitions(tx, monitor, limit=1)] == [due + 3 * HOUR]


def test_of_very_many_changes_the_newest_count(tx: Tx, project: Project) -> None:
    monitor = checked(tx, project, START_MS)
    states = ("error", "ok")
    rows = [(monitor.id, START_MS + n, states[1 - n % 2], states[n % 2]) for n in range(1, 6_001)]
    tx.executemany("INSERT INTO monitor_transitions (monitor, at, was, became) VALUES (?, ?, ?, ?)", rows)
    history = monitor_history.spells(tx, monitor, START_MS, START_MS + 6_001)
    assert (history[0].since, history[-1].until) == (START_MS + 1_001, START_MS + 6_001)
    assert monitor_history.uptime_of(history) == 0.5
