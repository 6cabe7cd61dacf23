"""Alerts: what a rule rang for, and what became of it."""

import uuid
from collections.abc import Sequence
from typing import Any

import msgspec

from logserver.core.alerting.alert_rules import Rule
from logserver.core.faults import Conflict, Invalid, NotFound
from logserver.core.posting import post
from logserver.core.times import iso_text
from logserver.store.tx import Tx

KEPT_MS = 365 * 86_400_000
"""How long an alert is kept, whatever became of it."""

STATUSES = ("open", "acknowledged", "resolved")
MOST_IDS = 100
"""How many events an alert names: the newest of those it counts."""

_PASS_ROWS = 500
_COLUMNS = (
    "id, uuid, project, rule, rule_name, severity, status, group_by, group_key, event_count, event_ids, triggered_at,"
    " acknowledged_at, resolved_at"
)
_ids = msgspec.json.Decoder(list[str]).decode

Position = tuple[int, int]
"""Where a page ended: ``triggered_at`` and row number of its last alert."""


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """An alert as it was when it was read; times are Unix milliseconds."""

    id: str
    """Its public id, a UUID."""
    project: int
    rule_id: str
    rule_name: str
    severity: str
    status: str
    """One of STATUSES."""
    group_by: str
    group_key: str
    event_count: int
    event_ids: list[str]
    """Public ids of the events it counts, oldest first; the newest 100 of them."""
    triggered_at: int
    acknowledged_at: int | None = None
    resolved_at: int | None = None


def spelled(alert: Alert) -> dict[str, Any]:
    """An alert as the JSON object that is shown and sent: times in ISO 8601 with milliseconds, in UTC."""
    values = msgspec.structs.asdict(alert)
    del values["project"]
    for field in ("triggered_at", "acknowledged_at", "resolved_at"):
        values[field] = iso_text(values[field] * 1000) if values[field] is not None else None
    return values


def ring(
    tx: Tx, project: int, rule: Rule, group_key: str, *, event_count: int, event_ids: Sequence[str], now_ms: int
) -> Alert:
    """Open an alert of a rule for a group, and tell of it (``alert.triggered``)."""
    alert = Alert(
        id=str(uuid.uuid4()),
        project=project,
        rule_id=rule.id,
        rule_name=rule.name,
        severity=rule.severity,
        status="open",
        group_by=rule.group_by,
        group_key=group_key,
        event_count=event_count,
        event_ids=list(event_ids[-MOST_IDS:]),
        triggered_at=now_ms,
    )
    row = {**msgspec.structs.asdict(alert), "event_ids": msgspec.json.encode(alert.event_ids).decode()}
    tx.execute(
        f"INSERT INTO alerts ({_COLUMNS.removeprefix('id, ')}) VALUES (:id, :project, :rule_id, :rule_name, :severity,"
        " :status, :group_by, :group_key, :event_count, :event_ids, :triggered_at, :acknowledged_at, :resolved_at)",
        row,
    )
    _tell(tx, alert, "triggered", now_ms)
    return alert


def rests_until(tx: Tx, project: int, rule: Rule, group_key: str, now_ms: int) -> int | None:
    """When the rest of a rule after its last alert of a group ends, in Unix milliseconds; None where it does not rest.

    An alert from further ahead than the rest lasts is of a clock that was wrong, and keeps nothing quiet.
    """
    cooldown = rule.cooldown_seconds * 1000
    if not cooldown:
        return None
    (last,) = tx.execute(
        "SELECT max(triggered_at) FROM alerts WHERE project = ? AND rule = ? AND group_key = ?"
        " AND triggered_at > ? AND triggered_at < ?",
        (project, rule.id, group_key, now_ms - cooldown, now_ms + cooldown),
    ).fetchone()
    return None if last is None else int(last) + cooldown


def read(tx: Tx, project: int, alert_id: str) -> Alert:
    """An alert of a project by its public id; raises NotFound."""
    row = tx.execute(f"SELECT {_COLUMNS} FROM alerts WHERE uuid = ? AND project = ?", (alert_id, project)).fetchone()
    if row is None:
        raise NotFound("there is no such alert")
    return _alert(row)


def owner(tx: Tx, alert_id: str) -> int:
    """The project of an alert; raises NotFound."""
    row = tx.execute("SELECT project FROM alerts WHERE uuid = ?", (alert_id,)).fetchone()
    if row is None:
        raise NotFound("there is no such alert")
    return int(row[0])


def transition(tx: Tx, project: int, alert_id: str, status: str, now_ms: int) -> Alert:
    """Acknowledge an open alert, or resolve one that is open or acknowledged, and tell of it.

    Raises Invalid for a status there is not, NotFound, and Conflict for any other change.
    """
    if status not in STATUSES:
        raise Invalid([("status", "must be acknowledged or resolved")])
    alert = read(tx, project, alert_id)
    if STATUSES.index(status) <= STATUSES.index(alert.status):
        raise Conflict(f"an alert that is {alert.status} cannot become {status}")
    tx.execute(f"UPDATE alerts SET status = ?, {status}_at = ? WHERE uuid = ?", (status, now_ms, alert.id))
    alert = read(tx, project, alert_id)
    _tell(tx, alert, status, now_ms)
    return alert


def resolve(tx: Tx, project: int, rule_id: str, group_key: str, now_ms: int) -> list[Alert]:
    """Resolve what is not resolved yet of a rule's alerts of a group, and tell of each."""
    rows = tx.execute(
        "SELECT uuid FROM alerts WHERE project = ? AND rule = ? AND group_key = ? AND status != 'resolved' ORDER BY id",
        (project, rule_id, group_key),
    ).fetchall()
    return [transition(tx, project, alert_id, "resolved", now_ms) for (alert_id,) in rows]


def page(
    tx: Tx,
    project: int,
    *,
    status: str | None = None,
    severity: str | None = None,
    rule_id: str | None = None,
    start_ms: int | None = None,
    end_ms: int | None = None,
    limit: int,
    before: Position | None = None,
) -> tuple[list[Alert], Position | None]:
    """A project's alerts, the newest first, from ``start_ms`` to ``end_ms`` (inclusive, when they were triggered).

    ``before`` is what an earlier page gave as second value to go on from; it is None where there are no more.
    """
    wanted: list[tuple[str, tuple[object, ...]]] = [("project = ?", (project,))]
    if start_ms is not None:
        wanted.append(("triggered_at >= ?", (start_ms,)))
    if end_ms is not None:
        wanted.append(("triggered_at <= ?", (end_ms,)))
    if before is not None:
        wanted.append(("(triggered_at, id) < (?, ?)", before))
    for column, value in (("status", status), ("severity", severity), ("rule", rule_id)):
        if value is not None:
            wanted.append((f"{column} = ?", (value,)))
    rows = tx.execute(
        f"SELECT {_COLUMNS} FROM alerts WHERE {' AND '.join(clause for clause, _ in wanted)}"
        " ORDER BY triggered_at DESC, id DESC LIMIT ?",
        (*(value for _, values in wanted for value in values), limit + 1),
    ).fetchall()
    alerts = [_alert(row) for row in rows[:limit]]
    return alerts, (alerts[-1].triggered_at, rows[limit - 1][0]) if len(rows) > limit else None


def waiting(tx: Tx, project: int) -> dict[str, int]:
    """How many of a project's alerts are open, and how many acknowledged."""
    rows = tx.execute(
        "SELECT status, count(*) FROM alerts WHERE project = ? AND status IN ('open', 'acknowledged') GROUP BY status",
        (project,),
    )
    return {"open": 0, "acknowledged": 0, **dict(rows.fetchall())}


def tidy(tx: Tx, now_ms: int) -> bool:
    """One pass: delete up to 500 alerts older than a year; returns whether there may be more."""
    deleted = tx.execute(
        "DELETE FROM alerts WHERE id IN (SELECT alerts.id FROM projects"
        " JOIN alerts ON alerts.project = projects.number AND alerts.triggered_at < ? LIMIT ?)",
        (now_ms - KEPT_MS, _PASS_ROWS),
    ).rowcount
    return deleted == _PASS_ROWS


def _tell(tx: Tx, alert: Alert, what: str, now_ms: int) -> None:
    post.enqueue(tx, alert.project, f"alert.{what}", alert.severity, spelled(alert), now_ms)


def _alert(row: tuple[Any, ...]) -> Alert:
    values = dict(zip(Alert.__struct_fields__, row[1:], strict=True))
    return Alert(**{**values, "event_ids": _ids(values["event_ids"])})
