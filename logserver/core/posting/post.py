"""The outbox: what webhooks are to be told, written with what it tells of, and kept until it was said.

A delivery is one message to one webhook, under one id however often it is tried. It is due, then delivered or
given up: after the last pause of the schedule, when its webhook was told of too much else, or when it is too old.
"""

import secrets
from collections.abc import Iterable
from typing import Any

import msgspec

from logserver.core.posting import webhooks
from logserver.core.times import iso_text
from logserver.store.tx import Tx

PAUSES = (3, 30, 300, 1_800, 7_200, 18_000, 25_200, 36_000)
"""Seconds from a failed attempt to the next one: eight times over a day and half an hour, then it is given up."""

MOST_PENDING = 1_000
"""Messages that wait for one webhook; with one more the oldest is given up, so that no outbox fills the disk."""

KEPT_DONE = 1_000
"""Deliveries that are kept of one webhook once they are done, for at most KEPT_MS."""

KEPT_MS = 30 * 86_400_000
LISTED = 20
"""Attempts that are listed of a webhook."""

MAX_RETRY_AFTER = 6 * 3_600
"""Seconds that a target may ask us to wait."""

_PENDING_LISTED = 5
_MAX_ERROR = 200
_JITTER = 0.1


class Delivery(msgspec.Struct, frozen=True):
    """A message on its way to a webhook, with what the sender needs to know of both."""

    id: int
    message: str
    """The webhook-id, the same with every attempt."""
    webhook: int
    url: str
    secret: str
    body: str
    created_at: int
    """Unix milliseconds."""

    def __repr__(self) -> str:
        """Without the secret and what is sent."""
        return f"Delivery({self.id}, {self.message})"


class Outcome(msgspec.Struct, frozen=True):
    """How an attempt went: ``error`` is None where the message was taken, else a short reason without values."""

    status: int | None = None
    """Of the answer, in HTTP or SMTP, where there was one."""
    error: str | None = None
    retry_after: float = 0.0
    """Seconds that the target asked us to wait."""
    final: bool = False
    """Trying again makes no sense."""
    gone: bool = False
    """Nothing should be sent there any more."""


class Attempt(msgspec.Struct, frozen=True):
    """An attempt as it is listed, or a message that has not been tried yet; times are Unix milliseconds."""

    message: str
    type: str
    at: int
    status: int | None
    error: str | None
    next_at: int | None


def enqueue(  # noqa: PLR0917 - read aloud, they are one sentence
    tx: Tx, project: int, kind: str, severity: str, data: dict[str, Any], now_ms: int
) -> int:
    """Write a message to every enabled webhook of the project that wants this kind and severity; how many.

    ``data`` is sent as it is, so it must be redacted already.
    """
    numbers = webhooks.told(tx, project, kind, severity)
    if not numbers:
        return 0
    body = msgspec.json.encode({"type": kind, "timestamp": iso_text(now_ms * 1000), "data": data}).decode()
    for number in numbers:
        put(tx, number, body, now_ms)
    return len(numbers)


def put(tx: Tx, webhook: int, body: str, now_ms: int) -> None:
    """Write a message (its JSON) to the webhook of a row number."""
    _make_room(tx, webhook, now_ms)
    tx.execute(
        "INSERT INTO deliveries (message, webhook, body, created_at, next_at) VALUES (?, ?, ?, ?, ?)",
        (f"msg_{secrets.token_hex(16)}", webhook, body, now_ms, now_ms),
    )


def waiting(tx: Tx) -> list[tuple[int, int]]:
    """Every enabled webhook that something waits for, as (row number, when the first of it is due)."""
    # Goes from webhook to webhook through the index, past all that waits for the same one.
    return tx.execute(
        "WITH RECURSIVE some (webhook) AS (SELECT min(webhook) FROM deliveries WHERE next_at IS NOT NULL UNION ALL"
        " SELECT (SELECT min(webhook) FROM deliveries WHERE next_at IS NOT NULL AND webhook > some.webhook)"
        " FROM some WHERE some.webhook IS NOT NULL)"
        " SELECT w.id, (SELECT min(d.next_at) FROM deliveries d WHERE d.webhook = w.id AND d.next_at IS NOT NULL)"
        " FROM some JOIN webhooks w ON w.id = some.webhook WHERE w.enabled"
    ).fetchall()


def next_due(tx: Tx, webhook: int, now_ms: int) -> Delivery | None:
    """The first delivery of a webhook (by row number) that is due, if any is and the webhook is enabled."""
    row = tx.execute(
        "SELECT d.id, d.message, w.id, w.url, w.secret, d.body, d.created_at FROM deliveries d"
        " JOIN webhooks w ON w.id = d.webhook WHERE d.webhook = ? AND d.next_at <= ? AND w.enabled"
        " ORDER BY d.next_at, d.id LIMIT 1",
        (webhook, now_ms),
    ).fetchone()
    return Delivery(*row) if row else None


def record(tx: Tx, delivery: Delivery, outcome: Outcome, at: int, now_ms: int) -> None:
    """Record an attempt that began at ``at`` and has ended, and when the next one is due, if there is one.

    A delivery that is gone meanwhile is left alone; one that was given up meanwhile stays given up.
    """
    row = tx.execute("SELECT attempts, next_at FROM deliveries WHERE id = ?", (delivery.id,)).fetchone()
    if row is None:
        return
    attempts, next_at = row
    if outcome.error is None or outcome.final or outcome.gone or attempts >= len(PAUSES):
        next_at = None
    elif next_at is not None:
        pause = max(PAUSES[attempts], min(outcome.retry_after, MAX_RETRY_AFTER))
        next_at = now_ms + round(pause * (1_000 + secrets.randbelow(round(_JITTER * 1_000))))
    tx.execute(
        "UPDATE deliveries SET attempts = attempts + 1, next_at = ?, done_at = CASE WHEN ? THEN NULL"
        " ELSE coalesce(done_at, ?) END WHERE id = ?",
        (next_at, next_at is not None, now_ms, delivery.id),
    )
    _note(tx, (delivery.id, delivery.webhook), outcome, at, next_at)
    if outcome.gone:
        webhooks.disable(tx, delivery.webhook)
    if next_at is None:
        _forget_oldest(tx, delivery.webhook)


def deliveries(tx: Tx, webhook_ids: Iterable[str]) -> dict[str, list[Attempt]]:
    """The last 20 attempts of each webhook (by public id), newest first.

    Up to 5 of them are messages that have not been tried yet, without status and error, at the time they were
    written.
    """
    return {webhook_id: _listed(tx, webhook_id) for webhook_id in webhook_ids}


def tidy(tx: Tx, now_ms: int, limit: int = 200) -> bool:
    """One pass over deliveries done more than 30 days ago; True while there are more."""
    n = tx.execute(
        "DELETE FROM deliveries WHERE id IN (SELECT id FROM deliveries WHERE done_at < ? ORDER BY done_at LIMIT ?)",
        (now_ms - KEPT_MS, limit),
    ).rowcount
    return n == limit


def _listed(tx: Tx, webhook_id: str) -> list[Attempt]:
    tried = tx.execute(
        "SELECT d.message, json_extract(d.body, '$.type'), a.at, a.status, a.error, a.next_at FROM delivery_attempts a"
        " JOIN deliveries d ON d.id = a.delivery WHERE a.webhook = (SELECT id FROM webhooks WHERE uuid = ?)"
        " ORDER BY a.id DESC LIMIT ?",
        (webhook_id, LISTED),
    ).fetchall()
    untried = tx.execute(
        "SELECT message, json_extract(body, '$.type'), created_at, NULL, NULL, next_at FROM deliveries"
        " INDEXED BY deliveries_due WHERE webhook = (SELECT id FROM webhooks WHERE uuid = ?)"
        " AND next_at IS NOT NULL AND attempts = 0 ORDER BY id DESC LIMIT ?",
        (webhook_id, _PENDING_LISTED),
    ).fetchall()
    both = [Attempt(*row) for row in untried + tried[: LISTED - len(untried)]]
    return sorted(both, key=lambda attempt: attempt.at, reverse=True)


def _make_room(tx: Tx, webhook: int, now_ms: int) -> None:
    """Give up the oldest message that waits for a webhook, where there are as many as may wait."""
    pending = "FROM deliveries INDEXED BY deliveries_due WHERE webhook = ? AND next_at IS NOT NULL"
    (n,) = tx.execute(f"SELECT count(*) {pending}", (webhook,)).fetchone()
    if n < MOST_PENDING:
        return
    (oldest,) = tx.execute(f"SELECT min(id) {pending}", (webhook,)).fetchone()
    tx.execute("UPDATE deliveries SET next_at = NULL, done_at = ? WHERE id = ?", (now_ms, oldest))
    _note(tx, (oldest, webhook), Outcome(error=f"given up: {MOST_PENDING:,} newer messages wait"), now_ms)
    _forget_oldest(tx, webhook)


def _note(tx: Tx, key: tuple[int, int], outcome: Outcome, at: int, next_at: int | None = None) -> None:
    """List an attempt of a (delivery, webhook)."""
    error = outcome.error[:_MAX_ERROR] if outcome.error is not None else None
    tx.execute(
        "INSERT INTO delivery_attempts (delivery, webhook, at, status, error, next_at) VALUES (?, ?, ?, ?, ?, ?)",
        (*key, at, outcome.status, error, next_at),
    )


def _forget_oldest(tx: Tx, webhook: int) -> None:
    """Keep no more of a webhook's deliveries that are done than the newest thousand."""
    tx.execute(
        "DELETE FROM deliveries WHERE id IN (SELECT id FROM deliveries WHERE webhook = ? AND done_at IS NOT NULL"
        " ORDER BY done_at DESC LIMIT 10 OFFSET ?)",
        (webhook, KEPT_DONE),
    )
