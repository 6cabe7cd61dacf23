"""The alerts of a project: what rang, and what becomes of it."""

from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

from starlette.responses import Response

from logserver.core.alerting import alerts
from logserver.core.alerting.alerts import MOST_IDS, Alert, Position
from logserver.core.errors import inbox
from logserver.core.faults import Conflict, Invalid, NotFound
from logserver.store.tx import Tx
from logserver.web.alerts import words
from logserver.web.visit import Visit

A_PAGE = 50
SEVERITIES = ("critical", "high", "medium", "low")
_CHANGES = {"acknowledge": "acknowledged", "resolve": "resolved"}


class Row(NamedTuple):
    """An alert of the list."""

    alert: Alert
    name: str
    group: str
    key: str
    """What the group is called: of an error its title."""
    place: str


async def index(visit: Visit) -> Response:
    """The alerts of a project that are open, acknowledged or resolved, or all of them; newest first."""
    status = visit.query.get("status", "open")
    severity, rule_id = visit.query.get("severity", ""), visit.query.get("rule", "")[:100]
    if status not in {*alerts.STATUSES, "all"}:
        raise Invalid([("status", f"must be all, {', '.join(alerts.STATUSES)}")])
    if severity and severity not in SEVERITIES:
        raise Invalid([("severity", f"must be {', '.join(SEVERITIES)}")])
    before = _position(visit.query.get("before", ""))

    def look(tx: Tx) -> tuple[list[Row], Position | None, dict[str, int]]:
        found, onward = alerts.page(
            tx,
            visit.project.number,
            status=None if status == "all" else status,
            severity=severity or None,
            rule_id=rule_id or None,
            limit=A_PAGE,
            before=before,
        )
        return [_row(tx, visit, alert) for alert in found], onward, alerts.waiting(tx, visit.project.number)

    found, onward, waiting = await visit.site.resources.database.read(look)
    asked = {"status": status, "severity": severity, "rule": rule_id}
    spelled = f"{onward[0]}.{onward[1]}" if onward else None
    return visit.page(
        "alerts/alerts.html",
        rows=found,
        waiting=waiting,
        status=status,
        severity=severity,
        severities=SEVERITIES,
        rule=rule_id,
        rule_name=words.called(rule_id, found[0].alert.rule_name if found else rule_id) if rule_id else "",
        older=visit.place("/alerts", **asked, before=spelled) if spelled else None,
        newer=visit.place("/alerts", **asked) if before else None,
        here=visit.place("/alerts", **asked),
    )


async def show(visit: Visit) -> Response:
    """An alert, with the events it counts."""
    database, project = visit.site.resources.database, visit.project.number

    def look(tx: Tx) -> Row:
        return _row(tx, visit, alerts.read(tx, project, visit.request.params["alert"]))

    row = await database.look_up(look)
    events = [words.happened(visit, spelled) for spelled in reversed(row.alert.event_ids)]
    return visit.page("alerts/alert.html", **row._asdict(), events=events)


async def change(visit: Visit) -> Response:
    """Acknowledge or resolve alerts: the one whose button was pressed, or those that are ticked."""
    wanted = [(status, visit.form.all(f"{verb}_one")) for verb, status in _CHANGES.items()]
    verb = visit.form.get("action")
    if not any(ids for _, ids in wanted):
        if verb not in _CHANGES:
            raise Invalid([("action", f"must be {' or '.join(_CHANGES)}")])
        wanted = [(_CHANGES[verb], visit.form.all("alert")[:MOST_IDS])]

    def write(tx: Tx) -> int:
        return sum(_changed(tx, visit, ids, status) for status, ids in wanted)

    n = await visit.site.resources.database.write(write)
    status = next(status for status, ids in wanted if ids or len(wanted) == 1)
    said = f"{n} alert{'' if n == 1 else 's'} {status}." if n else "Nothing to change: tick some alerts first."
    single = visit.form.get("from")
    return visit.see(visit.place(f"/alerts/{single}") if single else _back(visit), said)


def _row(tx: Tx, visit: Visit, alert: Alert) -> Row:
    key = alert.group_key
    if alert.group_by == "error_group":
        with suppress(NotFound):
            key = inbox.find(tx, alert.project, key).title or key
    return Row(alert, words.called(alert.rule_id, alert.rule_name), words.group(alert), key, words.place(visit, alert))


def _changed(tx: Tx, visit: Visit, ids: Sequence[str], status: str) -> int:
    """How many of these alerts have become what is wanted; those that were already, or are gone, do not count."""
    n = 0
    for alert_id in dict.fromkeys(ids):
        with suppress(Conflict, NotFound):
            alerts.transition(tx, visit.project.number, alert_id, status, visit.now_ms)
            n += 1
    return n


def _back(visit: Visit) -> str:
    asked = {name: visit.form.get(name)[:100] for name in ("status", "severity", "rule")}
    return visit.place("/alerts", **asked)


def _position(spelled: str) -> Position | None:
    """Where a page goes on; raises Invalid."""
    if not spelled:
        return None
    at, _, number = spelled.partition(".")
    if not (at + number).isdecimal() or not spelled.isascii() or not at or not number or len(spelled) > 36:
        raise Invalid([("before", "is no place in the list")])
    position = int(at), int(number)
    if max(position) >= 1 << 63:
        raise Invalid([("before", "is no place in the list")])
    return position
