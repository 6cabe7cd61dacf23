"""Deletes what is older than its project keeps, in small passes between the writes of others."""

from logserver.core import alerts, projects, tokens
from logserver.store import events, series
from logserver.store.events import Row, from_row
from logserver.store.identities import key_hash, span_key, uuid_key
from logserver.store.ids import project_range
from logserver.store.writer import WriteTx

PASS_ROWS = 200
ARRIVALS_KEPT_MS = 3_600_000


def expire(tx: WriteTx, now_ms: int) -> bool:
    """One pass: up to 200 events past their project's retention, with everything that is kept of them.

    Error groups stay, with their counts. Returns whether there may be more.
    """
    for project in projects.every(tx):
        horizon = project.horizon_ms(now_ms)
        low, high = project_range(project.number, until_ms=horizon)
        rows: list[Row] = tx.execute(
            f"SELECT {events.COLUMNS} FROM events WHERE id BETWEEN ? AND ? ORDER BY id LIMIT ?", (low, high, PASS_ROWS)
        ).fetchall()
        if rows:
            delete(tx, project.number, rows)
            return True
        if series.delete_sketches(tx, project.number, horizon // 60_000, PASS_ROWS):
            return True
        series.forget_unused(tx, tx.batch.vocabulary, project.number, horizon // 60_000)
    return False


def delete(tx: WriteTx, project: int, rows: list[Row]) -> None:
    """Delete events of a project: rows, index entries, identities and counts, all in this transaction."""
    series.subtract_counts(tx, tx.batch.vocabulary, rows)
    released = []
    for row in rows:
        if row[9] is not None:
            released.append((key_hash(uuid_key(project, row[9])), row[0]))
        if row[2] == "span":
            context = from_row(row).context
            key = span_key(project, str(context["trace_id"]), str(context["span_id"]))
            released.append((key_hash(key), row[0]))
    if released:
        tx.batch.identities.release(tx, released)
    events.delete(tx, rows)


def tidy(tx: WriteTx, now_ms: int) -> bool:
    """One pass over what is kept for a while only: arrivals, mobile tokens that expired, alerts of long ago."""
    arrivals = tx.execute(
        "DELETE FROM arrivals WHERE seq IN (SELECT seq FROM arrivals WHERE at < ?"
        " AND seq < (SELECT max(seq) FROM arrivals) ORDER BY seq LIMIT ?)",
        (now_ms - ARRIVALS_KEPT_MS, PASS_ROWS * 5),
    ).rowcount
    mobile = tokens.delete_expired_mobile(tx, now_ms, PASS_ROWS)
    old_alerts = alerts.tidy(tx, now_ms)
    return arrivals == PASS_ROWS * 5 or mobile == PASS_ROWS or old_alerts
