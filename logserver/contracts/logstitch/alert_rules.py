"""The rules of alerts as the contract shows and takes them."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from logserver.api.fields import Fields, object_of
from logserver.api.handler import Reply
from logserver.api.hot import Work
from logserver.api.look import Question
from logserver.api.request import Request
from logserver.api.resources import Resources
from logserver.contracts.logstitch import control
from logserver.contracts.logstitch.alerts import SEVERITIES
from logserver.contracts.logstitch.asking import credential_of, in_project, named_project
from logserver.core.alerting import alert_bounds, alert_rules
from logserver.core.alerting.alert_rules import Rule
from logserver.core.faults import Invalid
from logserver.core.projects import Project
from logserver.core.times import iso_text
from logserver.store.tx import Tx

GROUPINGS = ("actor_id", "tenant_id")
_MAX_TEXT = 128
_MAX_NAME = 100
_MAX_THRESHOLD = 10_000
_WINDOW = (60, 3_600)
_MAX_COOLDOWN = 604_800

Severity = Literal["low", "medium", "high", "critical"]
Grouping = Literal["actor_id", "tenant_id"]
Threshold = Annotated[int, Meta(ge=1, le=_MAX_THRESHOLD)]
Window = Annotated[int, Meta(ge=60, le=3_600)]
Cooldown = Annotated[int, Meta(ge=0, le=_MAX_COOLDOWN)]


class NewRule(msgspec.Struct):
    """A rule of one's own: so many events of a pattern within a window, by one actor or in one tenant."""

    name: str
    action_pattern: str
    threshold: Threshold
    window_seconds: Window
    group_by: Grouping
    severity: Severity
    enabled: bool = True
    cooldown_seconds: Cooldown = 3_600


class ChangedRule(msgspec.Struct):
    """What is to be different; of a built-in rule enabled and cooldown_seconds only."""

    name: str | None = None
    action_pattern: str | None = None
    threshold: Threshold | None = None
    window_seconds: Window | None = None
    group_by: Grouping | None = None
    severity: Severity | None = None
    enabled: bool | None = None
    cooldown_seconds: Cooldown | None = None


class ShownRule(msgspec.Struct):
    """A rule; those of monitors, error groups and edge agents have types of their own."""

    id: str
    type: str
    name: str
    action_pattern: str
    threshold: int
    window_seconds: int
    group_by: str
    severity: str
    enabled: bool
    cooldown_seconds: int
    created_at: str | None
    request_id: str | UnsetType = UNSET


class RuleList(msgspec.Struct):
    """Every rule of a project, the built-in ones first."""

    rules: list[ShownRule]
    cursor: str | None
    has_more: bool
    request_id: str


class Handlers:
    """The handlers of /api/v1/alerts/rules."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self._gate = resources.gate

    def list_(self, request: Request) -> Question:
        """GET /alerts/rules."""
        self._gate.take(request, "alerts/rules list")
        request_id = request.id

        def look(tx: Tx, project: Project) -> list[Rule]:
            return alert_rules.every(tx, project.number)

        def finish(found: list[Rule]) -> Reply:
            shown = [_shown(rule) for rule in found]
            return Reply(200, RuleList(shown, None, has_more=False, request_id=request_id))

        return Question(in_project(look, credential_of(request), named_project(request)), (), finish)

    def create(self, request: Request) -> Work:
        """POST /alerts/rules."""
        self._gate.take(request, "alerts/rules create")
        sent = object_of(request)
        named = named_project(request, sent)
        values = _read(sent, required=True)

        def create(tx: Tx, project: Project) -> Rule:
            given = {name: value for name, value in values.items() if value is not None}
            return alert_rules.create(tx, project.number, **given, now_ms=self._resources.clock.now_ms())

        return control.put(request, create, named, _shown, status=201)

    def change(self, request: Request) -> Work:
        """PATCH /alerts/rules/{id}."""
        self._gate.take(request, "alerts/rules change")
        rule_id = request.params["id"]
        sent = object_of(request)
        named = named_project(request, sent)
        built_in = alert_rules.BUILTINS.get(rule_id)
        if built_in is not None and sent.get("group_by") == built_in.group_by:
            # Those of monitors, error groups and agents are grouped as no rule of one's own can be.
            del sent["group_by"]
        values = _read(sent, required=False)

        def change(tx: Tx, project: Project) -> Rule:
            rule = alert_rules.read(tx, project.number, rule_id)
            if sent.get("type") not in {None, rule.type}:
                raise Invalid([("type", "Cannot be changed")])
            # What stays as it is may be sent along.
            different = {
                name: value for name, value in values.items() if value is not None and value != getattr(rule, name)
            }
            return alert_rules.change(tx, project.number, rule_id, **different)

        return control.put(request, change, named, _shown, owner=alert_rules.owner)

    def delete(self, request: Request) -> Work:
        """DELETE /alerts/rules/{id}."""
        self._gate.take(request, "alerts/rules delete")
        return control.delete(request, alert_rules.delete, alert_rules.owner)


def _read(sent: dict[str, Any], *, required: bool) -> dict[str, Any]:
    """The values of a rule by name, None for what is not there; raises Invalid with everything wrong."""
    fields = Fields(sent)
    values = {
        "name": fields.text("name", longest=_MAX_NAME, required=required),
        "action_pattern": fields.text("action_pattern", longest=_MAX_TEXT, required=required),
        "threshold": fields.integer("threshold", 1, _MAX_THRESHOLD, required=required),
        "window_seconds": fields.integer("window_seconds", *_WINDOW, required=required),
        "group_by": fields.choice("group_by", GROUPINGS, required=required),
        "severity": fields.choice("severity", SEVERITIES, required=required),
        "enabled": fields.boolean("enabled"),
        "cooldown_seconds": fields.integer("cooldown_seconds", 0, _MAX_COOLDOWN),
    }
    if required and sent.get("type") not in {None, "custom"}:
        fields.wrong("type", "Must be custom")
    alert_bounds.check({name: value for name, value in values.items() if value is not None}, fields.problems)
    return values


def _shown(rule: Rule) -> ShownRule:
    return ShownRule(
        id=rule.id,
        type=rule.type,
        name=rule.name,
        action_pattern=rule.action_pattern,
        threshold=rule.threshold,
        window_seconds=rule.window_seconds,
        group_by=rule.group_by,
        severity=rule.severity,
        enabled=rule.enabled,
        cooldown_seconds=rule.cooldown_seconds,
        created_at=iso_text(rule.created_at * 1000) if rule.created_at is not None else None,
    )
