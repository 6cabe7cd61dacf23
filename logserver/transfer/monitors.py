"""Monitors as they leave and arrive. One that arrives is expected within its interval from then on."""

import uuid

from logserver.core import monitors
from logserver.store.ids import LOCAL_MASK, Spelling
from logserver.store.tx import Tx
from logserver.store.writer import WriteTx
from logserver.transfer import records
from logserver.transfer.destination import Destination, Tally
from logserver.transfer.places import packed_id, spelled_id

_COLUMNS = (
    "uuid",
    "slug",
    "environment",
    "interval_seconds",
    "created_at",
    "state",
    "state_at",
    "checked_at",
    "status",
    "duration_ms",
    "release",
    "started_at",
    "paused",
    "told_at",
)
_MOVED = tuple(name for name in _COLUMNS if name not in {"uuid", "slug", "environment", "created_at"})


def leave(tx: Tx, project: int, spelling: Spelling, after: int, most: int) -> tuple[list[records.Monitor], int | None]:
    """The lines of monitors after a number, and the last of them; None where there was none."""
    rows = tx.execute(
        f"SELECT {', '.join(_COLUMNS)}, id, event FROM monitors WHERE project = ? AND id > ? ORDER BY id LIMIT ?",
        (project, after, most),
    ).fetchall()
    lines = []
    for *values, number, event in rows:
        lines.append(
            records.Monitor(
                **dict(zip(_COLUMNS, values, strict=True)),
                event=spelled_id(tx, event, spelling) if event is not None else None,
                event_place=event & LOCAL_MASK if event is not None else None,
                history=tx.execute(
                    "SELECT at, was, became, repeated FROM monitor_transitions WHERE monitor = ? ORDER BY at, id",
                    (number,),
                ).fetchall(),
            )
        )
    return lines, rows[-1][-2] if rows else None


def arrive(tx: WriteTx, to: Destination, lines: list[records.Monitor]) -> Tally:
    """Put monitors in; one that is there goes on from whichever check-in is newer."""
    tally = Tally()
    for line in lines:
        row = tx.execute(
            "SELECT id, checked_at FROM monitors WHERE project = ? AND slug = ? AND environment = ?",
            (to.number, line.slug, line.environment),
        ).fetchone()
        newer = row is None or (line.checked_at or 0) > (row[1] or 0)
        number = row[0] if row is not None else _make(tx, to, line)
        if newer:
            _set(tx, to, number, line)
        if _add_history(tx, number, line) or newer:
            tally.new += 1
        else:
            tally.known += 1
    return tally


def _make(tx: WriteTx, to: Destination, line: records.Monitor) -> int:
    taken = tx.execute("SELECT 1 FROM monitors WHERE uuid = ?", (line.uuid,)).fetchone()
    public = str(uuid.uuid4()) if taken else line.uuid
    due_at = monitors.due_at(to.now_ms, line.interval_seconds)
    cursor = tx.execute(
        "INSERT INTO monitors (uuid, project, slug, environment, interval_seconds, created_at, state, state_at, due_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            public,
            to.number,
            line.slug,
            line.environment,
            line.interval_seconds,
            line.created_at,
            line.state,
            line.state_at,
            due_at,
        ),
    )
    return int(cursor.lastrowid or 0)


def _set(tx: WriteTx, to: Destination, number: int, line: records.Monitor) -> None:
    event = packed_id(tx, to, line.event, line.event_place or 0) if line.event is not None else None
    due_at = monitors.due_at(max(line.checked_at or 0, to.now_ms), line.interval_seconds)
    tx.execute(
        f"UPDATE monitors SET {', '.join(f'{name} = ?' for name in _MOVED)}, event = ?, due_at = ? WHERE id = ?",
        (*(getattr(line, name) for name in _MOVED), event, due_at, number),
    )


def _add_history(tx: Tx, number: int, line: records.Monitor) -> int:
    """Add the changes that are not known; how many those are."""
    known = set(
        tx.execute("SELECT at, was, became, repeated FROM monitor_transitions WHERE monitor = ?", (number,)).fetchall()
    )
    fresh = [change for change in line.history if change not in known]
    tx.executemany(
        "INSERT INTO monitor_transitions (monitor, at, was, became, repeated) VALUES (?, ?, ?, ?, ?)",
        [(number, *change) for change in fresh],
    )
    return len(fresh)
