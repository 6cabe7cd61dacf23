"""The rules of redaction as the contract shows and takes them."""

from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType

from logserver.api.fields import Fields, object_of
from logserver.api.handler import Reply
from logserver.api.hot import Work
from logserver.api.look import Question
from logserver.api.request import Request
from logserver.api.resources import Resources
from logserver.contracts.logstitch import control
from logserver.contracts.logstitch.asking import credential_of, in_project, named_project
from logserver.contracts.logstitch.events import FIXED
from logserver.core.faults import Invalid
from logserver.core.projects import Project
from logserver.core.redaction import bounds, rules
from logserver.core.redaction.rules import Rule
from logserver.core.times import iso_text
from logserver.store.tx import Tx

TYPES = ("pattern", "field_redact")
BEHAVIORS = ("replace", "hash", "mask")
_MAX_NAME = 100
_MAX_PATTERN = 1_000

Behavior = Literal["replace", "hash", "mask"]


class NewRule(msgspec.Struct):
    """A rule of one's own: a pattern in RE2 syntax, or dot paths of fields (``*`` for any key or index)."""

    type: Literal["pattern", "field_redact"]
    name: str
    pattern: str | None = None
    fields: list[str] | None = None
    behavior: Behavior = "replace"
    enabled: bool = True


class ChangedRule(msgspec.Struct):
    """What is to be different; of a built-in rule behavior and enabled only."""

    name: str | None = None
    pattern: str | None = None
    fields: list[str] | None = None
    behavior: Behavior | None = None
    enabled: bool | None = None


class ShownRule(msgspec.Struct):
    """A rule."""

    id: str
    type: str
    name: str
    pattern: str | None
    fields: list[str] | None
    behavior: str
    enabled: bool
    created_at: str | None
    request_id: str | UnsetType = UNSET


class RuleList(msgspec.Struct):
    """Every rule of a project, the built-in ones first."""

    rules: list[ShownRule]
    cursor: str | None
    has_more: bool
    request_id: str


class Handlers:
    """The handlers of /api/v1/redaction/rules."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self._gate = resources.gate

    def list_(self, request: Request) -> Question:
        """GET /redaction/rules."""
        self._gate.take(request, "redaction/rules list")
        request_id = request.id

        def finish(found: list[Rule]) -> Reply:
            shown = [_shown(rule) for rule in found]
            return Reply(200, RuleList(shown, None, has_more=False, request_id=request_id))

        def look(tx: Tx, project: Project) -> list[Rule]:
            return rules.every(tx, project.number)

        return Question(in_project(look, credential_of(request), named_project(request)), (), finish)

    def create(self, request: Request) -> Work:
        """POST /redaction/rules."""
        self._gate.take(request, "redaction/rules create")
        sent = object_of(request)
        named = named_project(request, sent)
        fields = Fields(sent)
        kind = fields.choice("type", TYPES, required=True)
        name = fields.text("name", longest=_MAX_NAME, required=True)
        pattern = fields.text("pattern", longest=_MAX_PATTERN, required=kind == "pattern")
        paths = _paths(fields)
        if kind == "field_redact" and not fields.given("fields"):
            fields.wrong("fields", "Required")
        behavior = fields.choice("behavior", BEHAVIORS) or "replace"
        enabled = fields.boolean("enabled")
        if fields.problems:
            bounds.check(kind, fields.problems, name=name, pattern=pattern, fields=paths)

        def create(tx: Tx, project: Project) -> Rule:
            return rules.create(
                tx,
                project.number,
                type=str(kind),
                name=str(name),
                pattern=pattern,
                fields=paths or (),
                behavior=behavior,
                enabled=enabled is not False,
                now_ms=self._resources.clock.now_ms(),
            )

        return control.put(request, create, named, _shown, status=201)

    def change(self, request: Request) -> Work:
        """PUT /redaction/rules/{id}."""
        self._gate.take(request, "redaction/rules change")
        rule_id = request.params["id"]
        sent = object_of(request)
        named = named_project(request, sent)
        fields = Fields(sent)
        name = fields.text("name", longest=_MAX_NAME)
        pattern = fields.text("pattern", longest=_MAX_PATTERN)
        paths = _paths(fields)
        behavior = fields.choice("behavior", BEHAVIORS)
        enabled = fields.boolean("enabled")
        if fields.problems:
            bounds.check(None, fields.problems, name=name, pattern=pattern, fields=paths)

        def change(tx: Tx, project: Project) -> Rule:
            rule = rules.read(tx, project.number, rule_id)
            if sent.get("type", rule.type) != rule.type:
                raise Invalid([("type", "Cannot be changed")])
            return rules.change(
                tx,
                project.number,
                rule_id,
                # What stays as it is may be sent along.
                name=name if name != rule.name else None,
                pattern=pattern if pattern != rule.pattern else None,
                fields=paths if paths != rule.fields else None,
                behavior=behavior,
                enabled=enabled,
            )

        return control.put(request, change, named, _shown, owner=rules.owner)

    def delete(self, request: Request) -> Work:
        """DELETE /redaction/rules/{id}."""
        self._gate.take(request, "redaction/rules delete")
        return control.delete(request, rules.delete, rules.owner)


def _paths(fields: Fields) -> tuple[str, ...] | None:
    """The dot paths of a rule; wrong are those that could do nothing, as such fields are stored as they are sent."""
    paths = fields.texts("fields")
    for index, path in enumerate(paths or ()):
        if path.partition(".")[0] in FIXED:
            fields.wrong(f"fields.{index}", f"Names a field that is never redacted: {', '.join(sorted(FIXED))}")
    return paths


def _shown(rule: Rule) -> ShownRule:
    return ShownRule(
        id=rule.id,
        type=rule.type,
        name=rule.name,
        pattern=rule.pattern,
        fields=list(rule.fields) if rule.type == "field_redact" else None,
        behavior=rule.behavior,
        enabled=rule.enabled,
        created_at=iso_text(rule.created_at * 1000) if rule.created_at is not None else None,
    )
