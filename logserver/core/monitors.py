"""Monitors: whether scheduled work checks in when it should.

One per project, slug and environment, moved only by its newest check-in. Its state, in this order: paused; error
(the last run failed); missed (nothing since the interval and half of it again, at least 30 s, went by); ok.
"""

import logging
import uuid
from collections import Counter
from typing import Literal

import msgspec

from logserver.core.alerting import alarms
from logserver.core.faults import NotFound
from logserver.store.tx import Tx

logger = logging.getLogger("logserver.monitors")

DEFAULT_INTERVAL_SECONDS = 300
MAX_INTERVAL_SECONDS = 366 * 86_400
TOLD_AGAIN_MS = 3_600_000
"""A monitor that stays missed is told again after this long."""

State = Literal["paused", "error", "missed", "ok"]

_COLUMNS = (
    "id, uuid, project, slug, environment, interval_seconds, created_at, checked_at, status, duration_ms, release,"
    " started_at, event, paused, state, state_at, due_at, told_at"
)


class CheckIn(msgspec.Struct, frozen=True):
    """What a check-in says; ``at`` is when it happened, in Unix milliseconds, never after its receipt."""

    slug: str
    environment: str
    status: Literal["ok", "error", "in_progress"]
    at: int
    interval_seconds: int = DEFAULT_INTERVAL_SECONDS
    duration_ms: float | None = None
    release: str | None = None


class Monitor(msgspec.Struct):
    """A monitor as stored; times are Unix milliseconds. ``state`` is the last one that was told."""

    id: int
    uuid: str
    project: int
    slug: str
    environment: str
    interval_seconds: int
    created_at: int
    checked_at: int | None
    status: str | None
    duration_ms: float | None
    release: str | None
    started_at: int | None
    event: int | None
    paused: bool
    state: State
    state_at: int
    due_at: int
    told_at: int | None

    def state_now(self, now_ms: int) -> State:
        """The state at a time."""
        if self.paused:
            return "paused"
        if self.status == "error":
            return "error"
        return "missed" if now_ms > self.due_at else "ok"


def due_at(since_ms: int, interval_seconds: int) -> int:
    """Until when the next check-in is expected, after one at ``since_ms``."""
    return since_ms + interval_seconds * 1000 + max(interval_seconds * 500, 30_000)


def check_in(tx: Tx, project: int, event_id: int, said: CheckIn, now_ms: int, *, public_id: str | None = None) -> None:
    """Move a monitor by a check-in, making it when it is the first; ``public_id`` is the event's."""
    row = tx.execute(
        f"SELECT {_COLUMNS} FROM monitors WHERE project = ? AND slug = ? AND environment = ?",
        (project, said.slug, said.environment),
    ).fetchone()
    if row is None:
        # It is told of only once it has a state, so a first run that failed is a change from ok.
        tx.execute(
            "INSERT INTO monitors (uuid, project, slug, environment, interval_seconds, created_at, state, state_at,"
            " due_at) VALUES (?, ?, ?, ?, ?, ?, 'ok', ?, ?)",
            (
                str(uuid.uuid4()),
                project,
                said.slug,
                said.environment,
                said.interval_seconds,
                now_ms,
                now_ms,
                due_at(now_ms, said.interval_seconds),
            ),
        )
        check_in(tx, project, event_id, said, now_ms, public_id=public_id)
        return
    monitor = _monitor(row)
    if said.status == "in_progress":
        if monitor.started_at is None or said.at >= monitor.started_at:
            tx.execute("UPDATE monitors SET started_at = ? WHERE id = ?", (said.at, monitor.id))
        return
    if monitor.checked_at is not None and said.at < monitor.checked_at:
        return
    started = monitor.started_at if monitor.started_at is not None and monitor.started_at <= said.at else None
    duration = said.duration_ms
    if duration is None and started is not None:
        duration = float(said.at - started)
    monitor.checked_at, monitor.status, monitor.event = said.at, said.status, event_id
    monitor.due_at = due_at(said.at, said.interval_seconds)
    tx.execute(
        "UPDATE monitors SET checked_at = ?, status = ?, duration_ms = ?, release = ?, event = ?,"
        " interval_seconds = ?, due_at = ?, started_at = CASE WHEN started_at <= ? THEN NULL ELSE started_at END"
        " WHERE id = ?",
        (
            said.at,
            said.status,
            duration,
            said.release,
            event_id,
            said.interval_seconds,
            monitor.due_at,
            said.at,
            monitor.id,
        ),
    )
    _tell(tx, monitor, now_ms, public_id)


def miss_overdue(tx: Tx, now_ms: int, limit: int = 100) -> bool:
    """One pass over monitors that are overdue: tell of each once, and hourly again; True while there are more."""
    rows = tx.execute(
        f"SELECT {_COLUMNS} FROM monitors WHERE paused = 0 AND due_at < ? AND status IS NOT 'error'"
        " AND (state != 'missed' OR told_at <= ?) LIMIT ?",
        (now_ms, now_ms - TOLD_AGAIN_MS, limit),
    ).fetchall()
    for row in rows:
        _tell(tx, _monitor(row), now_ms)
    return len(rows) == limit


def pause(tx: Tx, monitor_id: int, now_ms: int, *, paused: bool) -> Monitor:
    """Pause a monitor, or let it run on; one that goes on is expected within its interval from now."""
    tx.execute("UPDATE monitors SET paused = ? WHERE id = ?", (paused, monitor_id))
    monitor = read(tx, monitor_id)
    if not paused:
        monitor.due_at = max(monitor.due_at, due_at(now_ms, monitor.interval_seconds))
        tx.execute("UPDATE monitors SET due_at = ? WHERE id = ?", (monitor.due_at, monitor_id))
    _tell(tx, monitor, now_ms)
    return read(tx, monitor_id)


def read(tx: Tx, monitor_id: int) -> Monitor:
    """The monitor of a number that exists."""
    return _monitor(tx.execute(f"SELECT {_COLUMNS} FROM monitors WHERE id = ?", (monitor_id,)).fetchone())


def find(tx: Tx, project: int, public_id: str) -> Monitor:
    """The monitor of a project by its UUID; raises NotFound."""
    row = tx.execute(
        f"SELECT {_COLUMNS} FROM monitors WHERE uuid = ? AND project = ?", (public_id.lower(), project)
    ).fetchone()
    if row is None:
        raise NotFound("there is no such monitor")
    return _monitor(row)


def remove(tx: Tx, monitor: Monitor, now_ms: int) -> None:
    """Forget a monitor and its history, and resolve what rang for it. Its check-ins stay; the next makes it anew."""
    alarms.monitor_became(tx, monitor.project, _called(monitor), "paused", now_ms)
    tx.execute("DELETE FROM monitors WHERE id = ?", (monitor.id,))


def every(tx: Tx, project: int) -> list[Monitor]:
    """A project's monitors by slug and environment."""
    rows = tx.execute(f"SELECT {_COLUMNS} FROM monitors WHERE project = ? ORDER BY slug, environment", (project,))
    return [_monitor(row) for row in rows]


def count_by_state(tx: Tx, now_ms: int) -> dict[State, int]:
    """How many monitors of all projects are in each state at a time."""
    rows = tx.execute(f"SELECT {_COLUMNS} FROM monitors")
    return dict(Counter(_monitor(row).state_now(now_ms) for row in rows))


def _monitor(row: tuple[object, ...]) -> Monitor:
    return msgspec.convert(dict(zip(Monitor.__struct_fields__, row, strict=True)), Monitor, strict=False)


def _called(monitor: Monitor) -> str:
    return f"{monitor.slug} ({monitor.environment})"


def _tell(tx: Tx, monitor: Monitor, now_ms: int, public_id: str | None = None) -> None:
    """Record and log a change of state, or that a monitor is missed still; a change rings or resolves its alerts."""
    state = monitor.state_now(now_ms)
    repeated = state == monitor.state == "missed"
    if state == monitor.state and not (repeated and now_ms - (monitor.told_at or 0) >= TOLD_AGAIN_MS):
        return
    told_at = now_ms if state == "missed" else None
    tx.execute(
        "UPDATE monitors SET state = ?, state_at = CASE WHEN ? THEN state_at ELSE ? END, told_at = ? WHERE id = ?",
        (state, repeated, now_ms, told_at, monitor.id),
    )
    tx.execute(
        "INSERT INTO monitor_transitions (monitor, at, was, became, repeated) VALUES (?, ?, ?, ?, ?)",
        (monitor.id, now_ms, monitor.state, state, repeated),
    )
    if not repeated:
        alarms.monitor_became(tx, monitor.project, _called(monitor), state, now_ms, public_id=public_id)
    level = logging.INFO if state in {"ok", "paused"} else logging.WARNING
    logger.log(level, "monitor %s (%s): %s, was %s", monitor.slug, monitor.environment, state, monitor.state)
