"""Webhooks as the contract shows and takes them."""

from typing import Any

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
from logserver.contracts.logstitch.options import Options
from logserver.core.faults import Invalid
from logserver.core.posting import post, targets, webhooks
from logserver.core.posting.post import Attempt
from logserver.core.posting.webhooks import Webhook
from logserver.core.projects import Project
from logserver.core.times import iso_text
from logserver.store.tx import Tx

_MAX_URL = 2_000


class NewWebhook(msgspec.Struct):
    """Where alerts are sent: an http or https address, or ``mailto:`` where the server has an SMTP server."""

    url: str
    events: list[str] | None = None
    """Types of message or severities; without any, everything is sent."""
    enabled: bool = True


class ChangedWebhook(msgspec.Struct):
    """What is to be different."""

    url: str | None = None
    events: list[str] | None = None
    enabled: bool | None = None


class Delivery(msgspec.Struct):
    """An attempt to deliver a message, or one that is to come."""

    webhook_id: str
    """The id of the message, the same with every attempt."""
    type: str
    time: str | None
    status: int | None
    error: str | None
    next_try: str | None


class ShownWebhook(msgspec.Struct):
    """A webhook."""

    id: str
    url: str
    enabled: bool
    events: list[str]
    created_at: str
    deliveries: list[Delivery] | UnsetType = UNSET
    """The last 20, newest first; in lists only."""
    secret: str | UnsetType = UNSET
    """Signs what is sent (Standard Webhooks); shown once, when the webhook is made."""
    request_id: str | UnsetType = UNSET


class WebhookList(msgspec.Struct):
    """Every webhook of a project."""

    webhooks: list[ShownWebhook]
    cursor: str | None
    has_more: bool
    request_id: str


class Handlers:
    """The handlers of /api/v1/alerts/webhooks."""

    def __init__(self, resources: Resources, options: Options) -> None:
        self._resources = resources
        self._gate = resources.gate
        self._allowed: dict[str, Any] = {"allow_private": options.allow_private_webhooks, "mail": options.mail}

    def list_(self, request: Request) -> Question:
        """GET /alerts/webhooks."""
        self._gate.take(request, "alerts/webhooks list")
        request_id = request.id

        def look(tx: Tx, project: Project) -> tuple[list[Webhook], dict[str, list[Attempt]]]:
            found = webhooks.every(tx, project.number)
            return found, post.deliveries(tx, [webhook.id for webhook in found])

        def finish(found: tuple[list[Webhook], dict[str, list[Attempt]]]) -> Reply:
            listed, attempts = found
            shown = [_shown(webhook, attempts.get(webhook.id, [])) for webhook in listed]
            return Reply(200, WebhookList(shown, None, has_more=False, request_id=request_id))

        return Question(in_project(look, credential_of(request), named_project(request)), (), finish)

    def create(self, request: Request) -> Work:
        """POST /alerts/webhooks."""
        self._gate.take(request, "alerts/webhooks create")
        sent = object_of(request)
        named = named_project(request, sent)
        values = self._read(sent, required=True)

        def create(tx: Tx, project: Project) -> tuple[Webhook, str]:
            return webhooks.create(
                tx,
                project.number,
                url=values["url"],
                enabled=values["enabled"] is not False,
                events=values["events"] or (),
                now_ms=self._resources.clock.now_ms(),
                **self._allowed,
            )

        def shown(made: tuple[Webhook, str]) -> ShownWebhook:
            answer = _shown(made[0])
            answer.secret = made[1]
            return answer

        return control.put(request, create, named, shown, status=201)

    def change(self, request: Request) -> Work:
        """PATCH or PUT /alerts/webhooks/{id}."""
        self._gate.take(request, "alerts/webhooks change")
        webhook_id = request.params["id"]
        sent = object_of(request)
        named = named_project(request, sent)
        values = self._read(sent, required=False)

        def change(tx: Tx, project: Project) -> Webhook:
            return webhooks.change(tx, project.number, webhook_id, **values, **self._allowed)

        return control.put(request, change, named, _shown, owner=webhooks.owner)

    def delete(self, request: Request) -> Work:
        """DELETE /alerts/webhooks/{id}."""
        self._gate.take(request, "alerts/webhooks delete")
        return control.delete(request, webhooks.delete, webhooks.owner)

    def _read(self, sent: dict[str, Any], *, required: bool) -> dict[str, Any]:
        """The values of a webhook by name, None for what is not there; raises Invalid with everything wrong."""
        fields = Fields(sent)
        url = fields.text("url", longest=_MAX_URL, required=required)
        if url is not None:
            try:
                targets.check(url, **self._allowed)
            except Invalid as wrong:
                fields.problems += wrong.problems
        events = fields.texts("events")
        known = (*webhooks.KINDS, *webhooks.SEVERITIES)
        for index, event in enumerate(events or ()):
            if event not in known:
                fields.wrong(f"events.{index}", f"Must be one of {', '.join(known)}")
        enabled = fields.boolean("enabled")
        fields.done()
        return {"url": url, "enabled": enabled, "events": events}


def _shown(webhook: Webhook, attempts: list[Attempt] | None = None) -> ShownWebhook:
    shown = ShownWebhook(
        id=webhook.id,
        url=webhook.url,
        enabled=webhook.enabled,
        events=list(webhook.events),
        created_at=iso_text(webhook.created_at * 1000),
    )
    if attempts is not None:
        shown.deliveries = [
            Delivery(
                webhook_id=attempt.message,
                type=attempt.type,
                time=_iso(attempt.at),
                status=attempt.status,
                error=attempt.error,
                next_try=_iso(attempt.next_at),
            )
            for attempt in attempts
        ]
    return shown


def _iso(ms: int | None) -> str | None:
    return iso_text(ms * 1000) if ms is not None else None
