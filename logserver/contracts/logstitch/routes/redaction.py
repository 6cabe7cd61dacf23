"""The routes of redaction."""

from logserver.api.endpoint import Answer, Auth, Endpoint, Example
from logserver.api.endpoint import Tag as Group
from logserver.contracts.logstitch import redaction
from logserver.contracts.logstitch import trials as trying
from logserver.contracts.logstitch.asking import KEYS, MASTER
from logserver.contracts.logstitch.control import Deleted
from logserver.contracts.logstitch.events import BODY_BYTES
from logserver.contracts.logstitch.redaction import Handlers
from logserver.contracts.logstitch.routes.terms import OF_BODIES, PROJECT_ID, Routes, refusals
from logserver.contracts.logstitch.trials import Trials

TAG = Group("LogStitch: redaction", "What is taken out of events before they are stored.")

_RULE = "/api/v1/redaction/rules/{id}"
_OWN = {"type": "pattern", "name": "employee number", "pattern": "EMP-[0-9]{6}", "behavior": "mask"}
_SAMPLE = {
    "event": {
        "action": "card.added",
        "category": "mutation",
        "actor": {"id": "user_123", "type": "user"},
        "tenant_id": "acme_corp",
        "metadata": {"note": "paid with 4111 1111 1111 1111"},
    }
}


def endpoints(routes: Routes, handlers: Handlers, trials: Trials) -> list[Endpoint]:
    """The declarations."""
    return [
        Endpoint(
            method="GET",
            path="/api/v1/redaction/rules",
            name="list_redaction_rules",
            tag=TAG,
            summary="List the rules of redaction, the built-in ones first",
            handler=routes.reads(handlers.list_, KEYS),
            auth=Auth.PROJECT_TOKEN | Auth.MASTER_KEY,
            gives={200: Answer(redaction.RuleList, "Every rule.")},
            errors=refusals(),
            rate_limited=True,
            parameters=(PROJECT_ID,),
            examples={"every rule": None},
        ),
        Endpoint(
            method="POST",
            path="/api/v1/redaction/rules",
            name="create_redaction_rule",
            tag=TAG,
            summary="Make a rule of redaction",
            description="A `pattern` in RE2 syntax, looked for in every text of an event, or `fields`: dot paths such"
            " as `metadata.cards.*.number`, redacted whole.",
            handler=routes.writes(handlers.create, MASTER),
            auth=Auth.MASTER_KEY,
            takes=redaction.NewRule,
            gives={201: Answer(redaction.ShownRule, "Made; it holds for the next event.")},
            errors=refusals(409, *OF_BODIES),
            rate_limited=True,
            parameters=(PROJECT_ID,),
            examples={
                "a pattern": Example(_OWN, keeps={"redaction_rule_id": "id"}),
                "fields": {"type": "field_redact", "name": "passwords", "fields": ["metadata.password"]},
                "no pattern": Example({"type": "pattern", "name": "broken", "pattern": "("}, status=422),
            },
        ),
        Endpoint(
            method="PUT",
            path=_RULE,
            name="change_redaction_rule",
            tag=TAG,
            summary="Change a rule of redaction",
            description="What is left out stays. Of a built-in rule only `behavior` and `enabled` can be changed.",
            handler=routes.writes(handlers.change, MASTER),
            auth=Auth.MASTER_KEY,
            takes=redaction.ChangedRule,
            gives={200: Answer(redaction.ShownRule, "Changed; it holds for the next event.")},
            errors=refusals(*OF_BODIES),
            rate_limited=True,
            parameters=(PROJECT_ID,),
            examples={
                "switch on a built-in": Example({"enabled": True}, values={"id": "builtin_email"}),
                "rename a built-in": Example({"name": "mail"}, values={"id": "builtin_email"}, status=422),
                "unknown": Example({"enabled": False}, values={"id": "nothing"}, status=404),
            },
        ),
        Endpoint(
            method="DELETE",
            path=_RULE,
            name="delete_redaction_rule",
            tag=TAG,
            summary="Delete a rule of redaction of one's own",
            handler=routes.writes(handlers.delete, MASTER),
            auth=Auth.MASTER_KEY,
            gives={200: Answer(Deleted, "Deleted.")},
            errors=refusals(409),
            rate_limited=True,
            parameters=(PROJECT_ID,),
            examples={
                "the rule made above": Example(values={"id": "{{redaction_rule_id}}"}),
                "a built-in": Example(values={"id": "builtin_email"}, status=409),
            },
        ),
        Endpoint(
            method="POST",
            path="/api/v1/redaction/test",
            name="test_redaction",
            tag=TAG,
            summary="Try the rules on an event; nothing is stored",
            description="The event may lack what storing it would need. One that could not be stored because a rule"
            " matches its `tenant_id` or `idempotency_key` is refused here, too.",
            handler=routes.writes(trials.test, KEYS, limit=BODY_BYTES),
            auth=Auth.PROJECT_TOKEN | Auth.MASTER_KEY,
            takes=trying.Sample,
            gives={200: Answer(trying.Tried, "What would be stored.")},
            errors=refusals(*OF_BODIES),
            rate_limited=True,
            parameters=(PROJECT_ID,),
            examples={"a card": _SAMPLE, "no event": Example({}, status=422)},
        ),
    ]
