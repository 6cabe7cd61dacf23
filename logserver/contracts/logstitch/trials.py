"""Trying the rules of redaction on an event, of which nothing is stored."""

from typing import Any

import msgspec

from logserver.api.fields import Fields, object_of
from logserver.api.handler import Reply
from logserver.api.hot import Work
from logserver.api.request import Request
from logserver.api.resources import Resources
from logserver.contracts.logstitch.asking import credential_of, in_project, named_project
from logserver.contracts.logstitch.events import BODY_BYTES, IDENTIFIERS, MAX_NAME, check_bounds, matched, redacted
from logserver.contracts.logstitch.wire import Redaction
from logserver.core.faults import Invalid
from logserver.core.projects import Project
from logserver.core.redaction.engine import Policies, Redacted
from logserver.store.tx import Tx


class Sample(msgspec.Struct):
    """An event to try the rules on."""

    event: dict[str, Any]


class Tried(msgspec.Struct):
    """What would be stored of an event, and what matched."""

    event: dict[str, Any]
    redacted_count: int
    matches: list[Redaction]
    request_id: str


class Trials:
    """The handler of /api/v1/redaction/test."""

    def __init__(self, resources: Resources, policies: Policies) -> None:
        self._gate = resources.gate
        self._policies = policies

    def test(self, request: Request) -> Work:
        """POST /redaction/test: what would become of an event, or of a part of one; nothing is stored."""
        self._gate.take(request, "redaction/test")
        sent = object_of(request, BODY_BYTES)
        named = named_project(request, sent)
        event = sent.get("event")
        if not isinstance(event, dict):
            raise Invalid([("event", "Required" if event is None else "Expected object")])
        fields = Fields(event, "event.")
        check_bounds(fields, event, numbers=True)
        for name in IDENTIFIERS:
            fields.text(name, longest=MAX_NAME)
        fields.done()
        request_id = request.id

        def redact(tx: Tx, project: Project) -> Redacted:
            policy = self._policies.of(tx, project.number)
            if problems := matched(policy, event, "event."):
                raise Invalid(problems)
            # As storing does, which keeps no field that is null.
            return redacted(policy, {name: value for name, value in event.items() if value is not None})

        def finish(found: Redacted) -> Reply:
            matches = [Redaction(field, rule_id) for field, rule_id in found.matches]
            return Reply(200, Tried(found.value, found.count, matches, request_id))

        # Run by the writer, because the rules are known there as they are at this moment.
        return Work(in_project(redact, credential_of(request), named), (), 0, len(request.raw), finish)
