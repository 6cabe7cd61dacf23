"""The routes of audit events."""

from typing import Any

from logserver.api.endpoint import Answer, Auth, Endpoint, Example, Parameter, Tag
from logserver.contracts.logstitch import wire
from logserver.contracts.logstitch.asking import KEYS, READERS
from logserver.contracts.logstitch.events import ACTOR_TYPES, BODY_BYTES, CATEGORIES
from logserver.contracts.logstitch.handlers import Handlers
from logserver.contracts.logstitch.routes.terms import CURSOR, LIMIT, OF_BODIES, PROJECT_ID, Routes, refusals

TAG = Tag("LogStitch: audit events", "Who did what to what, redacted, chained and kept.")

_EVENT: dict[str, Any] = {
    "action": "user.role.updated",
    "category": "admin",
    "actor": {"id": "user_123", "type": "user", "name": "Ann", "email": "ann@acme.example"},
    "tenant_id": "acme_corp",
    "target": {"id": "user_456", "type": "user"},
    "context": {"ip_address": "203.0.113.7"},
    "metadata": {"ticket": "OPS-17"},
    "changes": [{"field": "role", "before": "viewer", "after": "admin"}],
}
_SHORT = {
    "action": "user.signed_in",
    "category": "auth",
    "actor": {"id": "user_123", "type": "user"},
    "tenant_id": "acme_corp",
}


def endpoints(routes: Routes, handlers: Handlers) -> list[Endpoint]:
    """The declarations."""
    return [
        Endpoint(
            method="POST",
            path="/api/v1/events",
            name="send_audit_events",
            tag=TAG,
            summary="Send an audit event, or an array of up to 100, all or none",
            description="Redacted by the project's rules before anything is stored. An `idempotency_key` that the"
            " project has seen is answered with the id of the first, and nothing is stored. One event that breaks a"
            " rule refuses all; `details[].field` then begins with its index, as in `3.action`.",
            handler=routes.writes(handlers.send, KEYS, limit=BODY_BYTES, stores=True),
            auth=Auth.PROJECT_TOKEN | Auth.MASTER_KEY,
            takes=wire.AuditEvent | list[wire.AuditEvent],
            gives={201: Answer(wire.Accepted, "Stored, in the order sent.")},
            errors=refusals(409, *OF_BODIES),
            rate_limited=True,
            parameters=(PROJECT_ID,),
            examples={
                "one event": _EVENT,
                "an array": Example([_SHORT, _EVENT]),
                "with an idempotency key": Example({**_SHORT, "idempotency_key": "a-key"}, fresh=("idempotency_key",)),
                "nothing required": Example({"action": "user.signed_in"}, status=422),
                "no JSON": Example(b'{"action": ', status=400),
            },
        ),
        Endpoint(
            method="GET",
            path="/api/v1/events",
            name="list_audit_events",
            tag=TAG,
            summary="Read the audit trail, newest first",
            description="Every filter may be left out, and all of them combine. A cursor goes on from where its page"
            " ended, whatever has arrived since; it is good for the same filters only. A viewer token sees its own"
            " tenant, whatever it asks for. An event that says it happened before 2020, before what retention keeps,"
            " or more than ten minutes after it arrived keeps its `occurred_at`, but is ordered and found by the time"
            " at which it arrived.",
            handler=routes.reads(handlers.list_, READERS),
            auth=Auth.PROJECT_TOKEN | Auth.MASTER_KEY | Auth.VIEWER_TOKEN,
            gives={200: Answer(wire.Events, "A page.")},
            errors=refusals(),
            rate_limited=True,
            parameters=(
                Parameter("tenant_id", str, "Of this tenant."),
                Parameter("actor_id", str, "By this actor."),
                Parameter("actor_type", str, f"By an actor of this type: {', '.join(ACTOR_TYPES)}."),
                Parameter("action", str, "This action; `*` stands for any characters, as in `user.*`."),
                Parameter("category", str, f"Of this category: {', '.join(CATEGORIES)}."),
                Parameter("target_id", str, "Done to this target."),
                Parameter("target_type", str, "Done to a target of this type."),
                Parameter("start_date", str, "Happened then or later: ISO 8601; a bare date begins its day."),
                Parameter("end_date", str, "Happened then or earlier; a bare date takes in its whole day."),
                Parameter(
                    "search", str, "Words, each somewhere in action, actor, target, context, metadata or changes."
                ),
                LIMIT,
                CURSOR,
                PROJECT_ID,
            ),
            examples={
                "everything": None,
                "a pattern of one tenant": Example(values={"action": "user.*", "tenant_id": "acme_corp"}),
                "no limit of a page": Example(values={"limit": 1_000}, status=422),
                "a cursor of another list": Example(values={"cursor": "AAAAAAAAAAAAAAAAAAAAAAAA"}, status=400),
            },
        ),
    ]
