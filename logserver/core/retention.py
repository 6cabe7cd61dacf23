"""Deletes what is older than its project keeps, in small passes between the writes of others.

Audit events lie among the others and have a retention of their own, by default none at all. So that what is kept
is not looked at again and again, how far each has been swept is remembered with the project.
"""

import logging
from collections.abc import Callable

from logserver.core import projects, tokens
from logserver.core.alerting import alerts
from logserver.core.metrics import points, standing
from logserver.core.pace import Pace
from logserver.core.projects import Project
from logserver.store import events, occurrences, rollups, series
from logserver.store.database import Database
from logserver.store.errors import StoreDamaged
from logserver.store.events import Row, from_row
from logserver.store.identities import places_of
from logserver.store.ids import project_range
from logserver.store.tx import Tx
from logserver.store.writer import WriteTx

logger = logging.getLogger("logserver.retention")

PASS_ROWS = 200
AUDIT_PASS_ROWS = 50
"""The same of audit events, each of which is verified before it goes."""

LOOKED_AT_ROWS = 2_000
"""Rows a pass may look at where few of them are to be deleted."""

ARRIVALS_KEPT_MS = 3_600_000

AGE, SIZE = "age", "size"
"""Why events are deleted."""

Retire = Callable[[Tx, int, list[int]], None]
"""Told, in the same transaction, that audit events of a project (packed ids) are about to be deleted."""


class Retention:
    """Knows what may go."""

    def __init__(self, retire: Retire) -> None:
        self._retire = retire
        self._under_way: Project | None = None
        self._passed_over: set[int] = set()
        self._told: set[int] = set()

    def expire(self, tx: WriteTx, now_ms: int, rows: int = PASS_ROWS) -> bool:
        """One pass: up to so many events past their project's retention, with everything that is kept of them.

        Error groups stay, with their counts. Returns whether there may be more.
        """
        for project in projects.every(tx):
            self._under_way = project
            if project.number not in self._passed_over and self._expire(tx, project, now_ms, rows):
                return True
        self._under_way = None
        self._passed_over.clear()
        return False

    def pass_over(self) -> bool:
        """Leave out the project in whose turn the last pass failed until all others are done; False in nobody's."""
        project = self._under_way
        if project is None or project.number in self._passed_over:
            return False
        self._passed_over.add(project.number)
        if project.number not in self._told:
            self._told.add(project.number)
            logger.error("nothing more expires of the project %s: what is due is damaged", project.slug)
        return True

    def _expire(self, tx: WriteTx, project: Project, now_ms: int, rows: int) -> bool:
        horizon = project.horizon_ms(now_ms)
        if self._sweep(tx, project, "events", horizon, rows):
            return True
        audit_horizon = project.audit_horizon_ms(now_ms)
        if audit_horizon is not None and self._sweep(tx, project, "audit", audit_horizon, min(rows, AUDIT_PASS_ROWS)):
            return True
        if series.delete_sketches(tx, project.number, horizon // 60_000, rows):
            return True
        if rollups.delete(tx, project.number, horizon // 60_000, rows):
            return True
        series.forget_unused(tx, tx.batch.vocabulary, project.number, horizon // 60_000)
        standing.forget_unused(tx, project.number, horizon)
        return False

    def _sweep(self, tx: WriteTx, project: Project, kind: str, horizon_ms: int, most: int) -> bool:
        """Delete what is due of a kind; whether anything was looked at."""
        low, high = project_range(project.number, until_ms=horizon_ms)
        swept = tx.execute(
            "SELECT through FROM sweeps WHERE project = ? AND kind = ?", (project.number, kind)
        ).fetchone()
        if swept is not None and swept[0] > high + 1:
            # The clock was set back, and what arrives now may be filed below the mark.
            tx.execute("DELETE FROM sweeps WHERE project = ? AND kind = ?", (project.number, kind))
        elif swept is not None:
            low = max(low, swept[0])
        looked_at = tx.execute(
            "SELECT id, type FROM events WHERE id BETWEEN ? AND ? ORDER BY id LIMIT ?", (low, high, LOOKED_AT_ROWS)
        ).fetchall()
        if not looked_at:
            return False
        due = [event_id for event_id, of_type in looked_at if (of_type == "audit") == (kind == "audit")][:most]
        through = due[-1] if len(due) == most else looked_at[-1][0]
        tx.execute(
            "INSERT INTO sweeps (project, kind, through) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET through = ?",
            (project.number, kind, through + 1, through + 1),
        )
        if due:
            if kind == "audit":
                self._retire(tx, project.number, due)
            marks = ", ".join("?" * len(due))
            delete(
                tx,
                project.number,
                tx.execute(f"SELECT {events.COLUMNS} FROM events WHERE id IN ({marks}) ORDER BY id", due).fetchall(),
                AGE,
            )
        return True


class Expiry:
    """Its job runs every minute. Where a project is damaged, the others still lose what is past their retention."""

    def __init__(self, database: Database, monotonic: Callable[[], float], retention: Retention) -> None:
        self._database = database
        self._pace = Pace(database, monotonic)
        self._retention = retention

    async def one_pass(self, now_ms: int) -> bool:
        """Delete a little; returns whether there is more."""
        async with self._pace.leisurely():
            try:
                return await self._database.write(self._retention.expire, now_ms, self._pace.rows())
            except StoreDamaged:
                if not self._retention.pass_over():
                    raise
        return True


def delete(tx: WriteTx, project: int, rows: list[Row], why: str) -> None:
    """Delete events of a project: rows, index entries, identities, counts and occurrences, all in this transaction.

    ``why``, AGE or SIZE, is what they are counted under.
    """
    series.subtract_counts(tx, rows)
    released = [(place, row[0]) for row in rows for place in _places(project, row)]
    if released:
        tx.batch.identities.release(tx, released)
    occurrences.subtract(tx, rows)
    tx.batch.occurrences.forget()
    tx.batch.deleted[why] += len(rows)
    events.delete(tx, rows)


def _places(project: int, row: Row) -> list[int]:
    # Most rows have no identity, which is seen without reading their context.
    return places_of(project, from_row(row)) if row[9] is not None or row[2] in {"span", "audit"} else []


def tidy(tx: WriteTx, now_ms: int) -> bool:
    """One pass over what is kept for a while only: arrivals, expired mobile tokens, old alerts, batches of points."""
    arrivals = tx.execute(
        "DELETE FROM arrivals WHERE seq IN (SELECT seq FROM arrivals WHERE at < ?"
        " AND seq < (SELECT max(seq) FROM arrivals) ORDER BY seq LIMIT ?)",
        (now_ms - ARRIVALS_KEPT_MS, PASS_ROWS * 5),
    ).rowcount
    mobile = tokens.delete_expired_mobile(tx, now_ms, PASS_ROWS)
    old_alerts = alerts.tidy(tx, now_ms)
    old_batches = points.tidy(tx, now_ms, PASS_ROWS * 5)
    return arrivals == PASS_ROWS * 5 or mobile == PASS_ROWS or old_alerts or old_batches
