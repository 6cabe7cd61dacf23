"""The routes of alerts, their rules and webhooks."""

from typing import Any

from logserver.api.endpoint import Answer, Auth, Endpoint, Example, Parameter, Tag
from logserver.contracts.logstitch import alert_rules, alerts, webhooks
from logserver.contracts.logstitch.asking import KEYS, MASTER
from logserver.contracts.logstitch.control import Deleted
from logserver.contracts.logstitch.routes.terms import CURSOR, LIMIT, OF_BODIES, PROJECT_ID, Routes, refusals

TAG = Tag("LogStitch: alerts", "What rings when many events of a kind come together, and whom it tells.")

_RULES = "/api/v1/alerts/rules"
_WEBHOOKS = "/api/v1/alerts/webhooks"
_RULE = {
    "name": "many refunds",
    "action_pattern": "refund.*",
    "threshold": 10,
    "window_seconds": 600,
    "group_by": "actor_id",
    "severity": "high",
}
_UNKNOWN = "0190b3a4-9c3e-4e6f-8a2b-3c4d5e6f7a8b"


def rules(routes: Routes, handlers: alert_rules.Handlers) -> list[Endpoint]:
    """The declarations of the rules' routes."""
    return [
        Endpoint(
            method="GET",
            path=_RULES,
            name="list_alert_rules",
            tag=TAG,
            summary="List the rules of alerts, the built-in ones first",
            handler=routes.reads(handlers.list_, KEYS),
            auth=Auth.PROJECT_TOKEN | Auth.MASTER_KEY,
            gives={200: Answer(alert_rules.RuleList, "Every rule.")},
            errors=refusals(),
            rate_limited=True,
            parameters=(PROJECT_ID,),
            examples={"every rule": None},
        ),
        Endpoint(
            method="POST",
            path=_RULES,
            name="create_alert_rule",
            tag=TAG,
            summary="Make a rule of alerts",
            description="`*` in `action_pattern` stands for any characters. The rule fires with the event that is the"
            " `threshold`-th of its group within `window_seconds`, then rests for `cooldown_seconds`, group by group.",
            handler=routes.writes(handlers.create, MASTER),
            auth=Auth.MASTER_KEY,
            takes=alert_rules.NewRule,
            gives={201: Answer(alert_rules.ShownRule, "Made; it judges the next event.")},
            errors=refusals(409, *OF_BODIES),
            rate_limited=True,
            parameters=(PROJECT_ID,),
            examples={
                "refunds": Example(_RULE, keeps={"alert_rule_id": "id"}),
                "a window of an instant": Example({**_RULE, "window_seconds": 1}, status=422),
            },
        ),
        Endpoint(
            method="PATCH",
            path=f"{_RULES}/{{id}}",
            name="change_alert_rule",
            tag=TAG,
            summary="Change a rule of alerts",
            description="What is left out stays. Of a built-in rule only `enabled` and `cooldown_seconds` change.",
            handler=routes.writes(handlers.change, MASTER),
            auth=Auth.MASTER_KEY,
            takes=alert_rules.ChangedRule,
            gives={200: Answer(alert_rules.ShownRule, "Changed.")},
            errors=refusals(*OF_BODIES),
            rate_limited=True,
            parameters=(PROJECT_ID,),
            examples={
                "a shorter rest": Example({"cooldown_seconds": 600}, values={"id": "builtin_auth_brute_force"}),
                "rename a built-in": Example({"name": "mine"}, values={"id": "builtin_auth_brute_force"}, status=422),
                "unknown": Example({"enabled": False}, values={"id": _UNKNOWN}, status=404),
            },
        ),
        Endpoint(
            method="DELETE",
            path=f"{_RULES}/{{id}}",
            name="delete_alert_rule",
            tag=TAG,
            summary="Delete a rule of alerts of one's own",
            handler=routes.writes(handlers.delete, MASTER),
            auth=Auth.MASTER_KEY,
            gives={200: Answer(Deleted, "Deleted; its alerts stay.")},
            errors=refusals(409),
            rate_limited=True,
            parameters=(PROJECT_ID,),
            examples={
                "the rule made above": Example(values={"id": "{{alert_rule_id}}"}),
                "a built-in": Example(values={"id": "builtin_auth_brute_force"}, status=409),
            },
        ),
    ]


def rung(routes: Routes, handlers: alerts.Handlers) -> list[Endpoint]:
    """The declarations of the alerts' routes."""
    return [
        Endpoint(
            method="GET",
            path="/api/v1/alerts",
            name="list_alerts",
            tag=TAG,
            summary="List alerts, newest first",
            handler=routes.reads(handlers.list_, KEYS),
            auth=Auth.PROJECT_TOKEN | Auth.MASTER_KEY,
            gives={200: Answer(alerts.AlertList, "A page.")},
            errors=refusals(),
            rate_limited=True,
            parameters=(
                Parameter("status", str, f"One of {', '.join(alerts.STATUSES)}."),
                Parameter("severity", str, f"One of {', '.join(alerts.SEVERITIES)}."),
                Parameter("rule_id", str, "Of this rule."),
                Parameter("start_date", str, "Triggered then or later: ISO 8601; a bare date begins its day."),
                Parameter("end_date", str, "Triggered then or earlier; a bare date takes in its whole day."),
                LIMIT,
                CURSOR,
                PROJECT_ID,
            ),
            examples={
                "open ones": Example(values={"status": "open"}),
                "no status": Example(values={"status": "loud"}, status=422),
            },
        ),
        Endpoint(
            method="PATCH",
            path="/api/v1/alerts/{id}",
            name="change_alert",
            tag=TAG,
            summary="Acknowledge or resolve an alert",
            description="An open alert can be acknowledged, an open or acknowledged one resolved; all else is 409.",
            handler=routes.writes(handlers.change, KEYS),
            auth=Auth.PROJECT_TOKEN | Auth.MASTER_KEY,
            takes=alerts.Transition,
            gives={200: Answer(alerts.ChangedAlert, "Changed.")},
            errors=refusals(409, *OF_BODIES),
            rate_limited=True,
            parameters=(PROJECT_ID,),
            examples={"unknown": Example({"status": "resolved"}, values={"id": _UNKNOWN}, status=404)},
        ),
    ]


def told(routes: Routes, handlers: webhooks.Handlers) -> list[Endpoint]:
    """The declarations of the webhooks' routes."""
    change: dict[str, Any] = {
        "path": f"{_WEBHOOKS}/{{id}}",
        "tag": TAG,
        "handler": routes.writes(handlers.change, MASTER),
        "auth": Auth.MASTER_KEY,
        "takes": webhooks.ChangedWebhook,
        "gives": {200: Answer(webhooks.ShownWebhook, "Changed.")},
        "errors": refusals(*OF_BODIES),
        "rate_limited": True,
        "parameters": (PROJECT_ID,),
    }
    return [
        Endpoint(
            method="GET",
            path=_WEBHOOKS,
            name="list_webhooks",
            tag=TAG,
            summary="List webhooks with their last deliveries",
            handler=routes.reads(handlers.list_, MASTER),
            auth=Auth.MASTER_KEY,
            gives={200: Answer(webhooks.WebhookList, "Every webhook.")},
            errors=refusals(),
            rate_limited=True,
            parameters=(PROJECT_ID,),
            examples={"every webhook": None},
        ),
        Endpoint(
            method="POST",
            path=_WEBHOOKS,
            name="create_webhook",
            tag=TAG,
            summary="Have alerts sent to an address",
            description="Signed as Standard Webhooks says, with the `secret` of the answer, which is shown this once."
            " Delivered at least once, retried for a day. `events` names types (`alert.triggered`,"
            " `alert.acknowledged`, `alert.resolved`) or severities. Addresses of Slack and Discord get a message of"
            " their own shape.",
            handler=routes.writes(handlers.create, MASTER),
            auth=Auth.MASTER_KEY,
            takes=webhooks.NewWebhook,
            gives={201: Answer(webhooks.ShownWebhook, "Made.")},
            errors=refusals(409, *OF_BODIES),
            rate_limited=True,
            parameters=(PROJECT_ID,),
            examples={
                "high and critical ones": Example(
                    {"url": "https://example.com/hooks/alerts", "events": ["high", "critical"], "enabled": False},
                    keeps={"webhook_id": "id"},
                ),
                "a private address": Example({"url": "http://10.0.0.1/"}, status=422),
            },
        ),
        Endpoint(
            method="PATCH",
            name="change_webhook",
            summary="Change a webhook",
            examples={
                "everything again": Example({"events": []}, values={"id": "{{webhook_id}}"}),
                "unknown": Example({"enabled": False}, values={"id": _UNKNOWN}, status=404),
            },
            **change,
        ),
        Endpoint(
            method="PUT",
            name="replace_webhook",
            summary="Change a webhook, as PATCH does",
            examples={"unknown": Example({"enabled": False}, values={"id": _UNKNOWN}, status=404)},
            **change,
        ),
        Endpoint(
            method="DELETE",
            path=f"{_WEBHOOKS}/{{id}}",
            name="delete_webhook",
            tag=TAG,
            summary="Delete a webhook; what waits for it is not sent any more",
            handler=routes.writes(handlers.delete, MASTER),
            auth=Auth.MASTER_KEY,
            gives={200: Answer(Deleted, "Deleted.")},
            errors=refusals(),
            rate_limited=True,
            parameters=(PROJECT_ID,),
            examples={"the webhook made above": Example(values={"id": "{{webhook_id}}"})},
        ),
    ]
