"""The webhooks of a project: where its alerts are sent, how that went, and a test."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from starlette.responses import Response

from logserver.core.faults import Conflict, Invalid
from logserver.core.posting import post, trial, webhooks
from logserver.core.posting.post import Attempt
from logserver.core.posting.webhooks import KINDS, SEVERITIES, Webhook
from logserver.store.tx import Tx
from logserver.web.problems import by_field, sentence
from logserver.web.visit import Visit

_NEW = {"url": "", "events": (), "enabled": True}
_LOOK_AGAIN_MS = 120_000
"""How long after a message was written its page looks again by itself."""


async def index(visit: Visit) -> Response:
    """Every webhook of a project, with its last attempt; whole addresses are an owner's, for they may be secret."""

    def look(tx: Tx) -> list[tuple[Webhook, Attempt | None]]:
        found = webhooks.every(tx, visit.project.number)
        attempts = post.deliveries(tx, [webhook.id for webhook in found])
        return [(webhook, next(iter(attempts[webhook.id]), None)) for webhook in found]

    rows = await visit.site.resources.database.read(look)
    shown = [(webhook, _where(visit, webhook.url), last) for webhook, last in rows]
    return visit.page("alerts/webhooks.html", rows=shown, most=webhooks.MOST)


async def form(visit: Visit) -> Response:
    """The form of a new webhook."""
    return _page(visit, None, _NEW)


async def create(visit: Visit) -> Response:
    """Make a webhook; its secret is shown here and never again."""
    values = _read(visit)

    def write(tx: Tx) -> tuple[Webhook, str]:
        return webhooks.create(tx, visit.project.number, **values, **_allowed(visit), now_ms=visit.now_ms)

    try:
        webhook, secret = await visit.site.resources.database.write(write)
    except (Invalid, Conflict) as fault:
        return _page(visit, None, values, fault=fault)
    return visit.page("alerts/webhook_made.html", webhook=webhook, secret=secret)


async def show(visit: Visit) -> Response:
    """A webhook with its last attempts, and for owners the form to change it."""
    webhook, attempts = await _found(visit)
    if visit.partial:
        return visit.page("alerts/attempts.html", webhook=webhook, attempts=attempts, again=_soon(visit, attempts))
    return _page(visit, webhook, {name: getattr(webhook, name) for name in _NEW}, attempts)


async def change(visit: Visit) -> Response:
    """Change a webhook; what waits to be sent goes to the new address."""
    values, webhook_id = _read(visit), visit.request.params["webhook"]

    def write(tx: Tx) -> Webhook:
        return webhooks.change(tx, visit.project.number, webhook_id, **values, **_allowed(visit))

    try:
        await visit.site.resources.database.write(write)
    except Invalid as fault:
        return _page(visit, *_pair(await _found(visit), values), fault=fault)
    return visit.see(visit.place(f"/alerts/webhooks/{webhook_id}"), "The webhook is changed.")


async def send_test(visit: Visit) -> Response:
    """Send a message that tells of nothing."""
    webhook_id = visit.request.params["webhook"]
    try:
        await visit.site.resources.database.write(trial.send, visit.project.number, webhook_id, visit.now_ms)
    except Conflict as fault:
        return visit.see(visit.place(f"/alerts/webhooks/{webhook_id}"), sentence(str(fault)))
    return visit.see(visit.place(f"/alerts/webhooks/{webhook_id}"), "A test is on its way; its attempts are below.")


async def delete(visit: Visit) -> Response:
    """Delete a webhook with what was or is to be sent to it."""
    database = visit.site.resources.database
    await database.write(webhooks.delete, visit.project.number, visit.request.params["webhook"])
    return visit.see(visit.place("/alerts/webhooks"), "The webhook is deleted.")


async def _found(visit: Visit) -> tuple[Webhook, list[Attempt]]:
    def look(tx: Tx) -> tuple[Webhook, list[Attempt]]:
        webhook = webhooks.read(tx, visit.project.number, visit.request.params["webhook"])
        return webhook, post.deliveries(tx, [webhook.id])[webhook.id]

    return await visit.site.resources.database.read(look)


def _pair(
    found: tuple[Webhook, list[Attempt]], values: dict[str, Any]
) -> tuple[Webhook, dict[str, Any], list[Attempt]]:
    return found[0], values, found[1]


def _read(visit: Visit) -> dict[str, Any]:
    known = {*KINDS, *SEVERITIES}
    events = tuple(event for event in visit.form.all("events")[:20] if event in known)
    return {"url": visit.form.get("url"), "events": events, "enabled": visit.form.ticked("enabled")}


def _allowed(visit: Visit) -> dict[str, Any]:
    return {"allow_private": visit.site.allow_private_webhooks, "mail": visit.site.mail}


def _soon(visit: Visit, attempts: Sequence[Attempt]) -> bool:
    """Whether something was written a moment ago and has not been tried."""
    return any(
        attempt.error is None and attempt.next_at is not None and visit.now_ms - attempt.at < _LOOK_AGAIN_MS
        for attempt in attempts
    )


def _where(visit: Visit, url: str) -> str:
    """An address as who asks may see it."""
    if visit.owns:
        return url
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname or ''}/…" if parts.scheme != "mailto" else "mailto:…"


def _page(
    visit: Visit,
    webhook: Webhook | None,
    values: dict[str, Any],
    attempts: Sequence[Attempt] = (),
    fault: Invalid | Conflict | None = None,
) -> Response:
    return visit.page(
        "alerts/webhook.html",
        422 if isinstance(fault, Invalid) else 409 if fault else 200,
        webhook=webhook,
        where=_where(visit, webhook.url) if webhook else "",
        values=values,
        attempts=attempts,
        again=_soon(visit, attempts),
        kinds=KINDS,
        severities=SEVERITIES,
        problems=by_field(fault) if isinstance(fault, Invalid) else {},
        wrong=str(fault) if isinstance(fault, Conflict) else "",
    )
