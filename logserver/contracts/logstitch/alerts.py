"""Alerts as the contract shows them: which rang, and what became of them."""

from functools import partial
from typing import Any, Literal, NamedTuple

import msgspec

from logserver.api.fields import Fields, object_of
from logserver.api.handler import Reply
from logserver.api.hot import Work
from logserver.api.look import Question
from logserver.api.request import Request
from logserver.api.resources import Resources
from logserver.contracts.logstitch import pages
from logserver.contracts.logstitch.asking import credential_of, in_project, named_project
from logserver.contracts.logstitch.reading import MOST, USUAL_LIMIT
from logserver.core.alerting import alerts
from logserver.core.alerting.alerts import Alert
from logserver.core.projects import Project
from logserver.store.tx import Tx

STATUSES = ("open", "acknowledged", "resolved")
SEVERITIES = ("low", "medium", "high", "critical")


class ShownAlert(msgspec.Struct):
    """An alert."""

    id: str
    rule_id: str
    rule_name: str
    severity: str
    status: str
    group_by: str
    group_key: str
    event_count: int
    event_ids: list[str]
    triggered_at: str
    acknowledged_at: str | None
    resolved_at: str | None


class ChangedAlert(ShownAlert, kw_only=True):
    """An alert after its transition."""

    request_id: str


class AlertList(msgspec.Struct):
    """A page of alerts, newest first."""

    alerts: list[ShownAlert]
    cursor: str | None
    has_more: bool
    request_id: str


class Transition(msgspec.Struct):
    """What is to become of an alert."""

    status: Literal["acknowledged", "resolved"]


class Filters(NamedTuple):
    """What GET /alerts asks for; times are Unix milliseconds, both inclusive."""

    status: str | None
    severity: str | None
    rule_id: str | None
    start_ms: int | None
    end_ms: int | None


class Handlers:
    """The handlers of /api/v1/alerts."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self._gate = resources.gate

    def list_(self, request: Request) -> Question:
        """GET /alerts."""
        self._gate.take(request, "alerts list")
        query = request.query()
        fields = Fields({name: value for name, value in query.items() if value != ""}, query=True)
        start, end = fields.moment("start_date"), fields.moment("end_date", end=True)
        filters = Filters(
            status=fields.choice("status", STATUSES),
            severity=fields.choice("severity", SEVERITIES),
            rule_id=fields.text("rule_id", longest=100),
            start_ms=None if start is None else -(-start // 1000),
            end_ms=None if end is None else end // 1000,
        )
        limit = fields.integer("limit", 1, MOST) or USUAL_LIMIT
        cursor = query.get("cursor") or None
        fields.done()
        request_id, secret = request.id, self._resources.database.secret

        def look(tx: Tx, project: Project) -> tuple[list[Alert], str | None]:
            bound = msgspec.json.encode((project.uuid, filters))
            before = pages.read(cursor, bound, secret) if cursor is not None else None
            found, place = alerts.page(tx, project.number, **filters._asdict(), limit=limit, before=before)
            return found, pages.spell(place, bound, secret) if place is not None else None

        def finish(found: tuple[list[Alert], str | None]) -> Reply:
            shown, onward = found
            payload = {
                "alerts": [alerts.spelled(alert) for alert in shown],
                "cursor": onward,
                "has_more": onward is not None,
                "request_id": request_id,
            }
            return Reply(200, payload)

        return Question(in_project(look, credential_of(request), named_project(request)), (), finish)

    def change(self, request: Request) -> Work:
        """PATCH /alerts/{id}: a transition."""
        self._gate.take(request, "alerts change")
        alert_id, request_id = request.params["id"], request.id
        sent = object_of(request)
        named = named_project(request, sent)
        fields = Fields(sent)
        status = fields.choice("status", STATUSES, required=True)
        fields.done()

        def change(tx: Tx, project: Project) -> Alert:
            return alerts.transition(tx, project.number, alert_id, str(status), self._resources.clock.now_ms())

        def finish(alert: Alert) -> Reply:
            shown: dict[str, Any] = alerts.spelled(alert)
            return Reply(200, {**shown, "request_id": request_id})

        owner = partial(alerts.owner, alert_id=alert_id)
        return Work(in_project(change, credential_of(request), named, owner), (), 0, 0, finish)
