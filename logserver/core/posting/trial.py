"""A message that tells of nothing: to see whether a webhook can be reached, and what it makes of an alert."""

import uuid

import msgspec

from logserver.core.faults import Conflict
from logserver.core.posting import post, webhooks
from logserver.core.times import iso_text
from logserver.store.tx import Tx

KIND = "alert.test"
"""The type of the message; its data has the shape of an alert."""


def send(tx: Tx, project: int, webhook_id: str, now_ms: int) -> None:
    """Write a test to one webhook, whatever events it wants; it goes out as alerts do, and is tried again as they are.

    Raises NotFound, and Conflict for a webhook that is not enabled: nothing would be sent.
    """
    webhook = webhooks.read(tx, project, webhook_id)
    if not webhook.enabled:
        raise Conflict("the webhook is off; switch it on to send a test")
    told = iso_text(now_ms * 1000)
    data = {
        "id": str(uuid.uuid4()),
        "rule_id": "test",
        "rule_name": "webhook",
        "severity": "low",
        "status": "open",
        "group_by": "test",
        "group_key": "sent by hand from the page of the webhook",
        "event_count": 0,
        "event_ids": [],
        "triggered_at": told,
        "acknowledged_at": None,
        "resolved_at": None,
    }
    body = msgspec.json.encode({"type": KIND, "timestamp": told, "data": data}).decode()
    (number,) = tx.execute("SELECT id FROM webhooks WHERE uuid = ?", (webhook.id,)).fetchone()
    post.put(tx, number, body, now_ms)
