"""Deployments and alerts as they leave and arrive: each has an id of its own."""

from typing import Any

import msgspec

from logserver.store.tx import Tx
from logserver.store.writer import WriteTx
from logserver.transfer import records
from logserver.transfer.destination import Destination, Tally

_DEPLOYMENT = "uuid, release, environment, deployed_at, repository, commit_sha, details"
_ALERT = (
    "uuid, rule, rule_name, severity, status, group_by, group_key, event_count, event_ids, triggered_at,"
    " acknowledged_at, resolved_at"
)


def _named(columns: str, row: tuple[Any, ...], encoded: str) -> dict[str, Any]:
    """A row by the names of its columns, one of which is JSON."""
    named = dict(zip(columns.split(", "), row, strict=True))
    return named | {encoded: msgspec.json.decode(named[encoded])}


def leave_deployments(
    tx: Tx, project: int, after: int, period: tuple[int, int], most: int
) -> tuple[list[records.Deployment], int | None]:
    """The lines of deployments of a period after a number, and the last of them; None where there was none."""
    rows = tx.execute(
        f"SELECT id, {_DEPLOYMENT} FROM deployments WHERE project = ? AND id > ? AND deployed_at >= ?"
        " AND deployed_at < ? ORDER BY id LIMIT ?",
        (project, after, *period, most),
    ).fetchall()
    lines = [records.Deployment(**_named(_DEPLOYMENT, row[1:], "details")) for row in rows]
    return lines, rows[-1][0] if rows else None


def arrive_deployments(tx: WriteTx, to: Destination, lines: list[records.Deployment]) -> Tally:
    """Put in deployments that are not there."""
    new = 0
    for line in lines:
        new += tx.execute(
            f"INSERT INTO deployments (project, {_DEPLOYMENT}) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (
                to.number,
                line.uuid,
                line.release,
                line.environment,
                line.deployed_at,
                line.repository,
                line.commit_sha,
                msgspec.json.encode(line.details).decode(),
            ),
        ).rowcount
    return Tally(new=new, known=len(lines) - new)


def leave_alerts(
    tx: Tx, project: int, after: int, period: tuple[int, int], most: int
) -> tuple[list[records.Alert], int | None]:
    """The lines of alerts of a period after a number, and the last of them; None where there was none."""
    rows = tx.execute(
        f"SELECT id, {_ALERT} FROM alerts WHERE project = ? AND id > ? AND triggered_at >= ? AND triggered_at < ?"
        " ORDER BY id LIMIT ?",
        (project, after, *period, most),
    ).fetchall()
    lines = [records.Alert(**_named(_ALERT, row[1:], "event_ids")) for row in rows]
    return lines, rows[-1][0] if rows else None


def arrive_alerts(tx: WriteTx, to: Destination, lines: list[records.Alert]) -> Tally:
    """Put in alerts that are not there, and what people did about those that are. Nothing is sent for them."""
    new = 0
    for line in lines:
        new += tx.execute(
            f"INSERT INTO alerts (project, {_ALERT}) VALUES (?{', ?' * 12}) ON CONFLICT (uuid) DO UPDATE SET"
            " status = excluded.status, acknowledged_at = excluded.acknowledged_at, resolved_at = excluded.resolved_at"
            " WHERE project = excluded.project AND resolved_at IS NULL AND (excluded.resolved_at IS NOT NULL"
            " OR (acknowledged_at IS NULL AND excluded.acknowledged_at IS NOT NULL))",
            (
                to.number,
                line.uuid,
                line.rule,
                line.rule_name,
                line.severity,
                line.status,
                line.group_by,
                line.group_key,
                line.event_count,
                msgspec.json.encode(line.event_ids).decode(),
                line.triggered_at,
                line.acknowledged_at,
                line.resolved_at,
            ),
        ).rowcount
    return Tally(new=new, known=len(lines) - new)
