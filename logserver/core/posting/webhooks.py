"""Webhooks: where a project's alerts are sent, and which of them.

A webhook that is not enabled gets nothing: nothing new is written for it, and what waited for it waits on.
"""

import base64
import secrets
import uuid
from collections.abc import Iterable, Sequence

import msgspec

from logserver.core.faults import Conflict, Invalid, NotFound
from logserver.core.posting import targets
from logserver.store.tx import Tx

MOST = 50
"""Webhooks that a project may have."""

KINDS = ("alert.triggered", "alert.acknowledged", "alert.resolved")
SEVERITIES = ("low", "medium", "high", "critical")

_SECRET_BYTES = 32
_COLUMNS = "uuid, project, url, enabled, events, created_at"


class Webhook(msgspec.Struct, frozen=True):
    """A webhook without its secret; ``events`` names types and severities, none of them meaning every one."""

    id: str
    project: int
    url: str
    enabled: bool
    events: tuple[str, ...]
    created_at: int
    """Unix milliseconds."""


def wants(events: Iterable[str], kind: str, severity: str) -> bool:
    """Whether a webhook with these ``events`` is told of something of this kind and severity.

    Where types are named, only those; where severities are named, only those.
    """
    named = set(events)
    kinds, severities = named & set(KINDS), named & set(SEVERITIES)
    return (not kinds or kind in kinds) and (not severities or severity in severities)


def create(
    tx: Tx,
    project: int,
    *,
    url: str,
    enabled: bool = True,
    events: Sequence[str] = (),
    now_ms: int,
    allow_private: bool,
    mail: bool,
) -> tuple[Webhook, str]:
    """Make a webhook; returns it with its secret, which is given out only here.

    ``mail`` says whether there is an SMTP server. Raises Invalid for a URL that may not be used and for an
    unknown event, Conflict where the project has 50 webhooks already.
    """
    targets.check(url, allow_private=allow_private, mail=mail)
    named = _named(events)
    (n,) = tx.execute("SELECT count(*) FROM webhooks WHERE project = ?", (project,)).fetchone()
    if n >= MOST:
        raise Conflict(f"a project has at most {MOST} webhooks")
    webhook_id = str(uuid.uuid4())
    secret = "whsec_" + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()
    tx.execute(
        "INSERT INTO webhooks (uuid, project, url, secret, enabled, events, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (webhook_id, project, url, secret, enabled, msgspec.json.encode(named).decode(), now_ms),
    )
    return read(tx, project, webhook_id), secret


def change(
    tx: Tx,
    project: int,
    webhook_id: str,
    *,
    url: str | None = None,
    enabled: bool | None = None,
    events: Sequence[str] | None = None,
    allow_private: bool,
    mail: bool,
) -> Webhook:
    """Change a webhook; what is None stays, and so does the secret.

    What waits to be sent goes to the new URL. Raises Invalid as create does, NotFound for another project's.
    """
    webhook = read(tx, project, webhook_id)
    if url is not None:
        targets.check(url, allow_private=allow_private, mail=mail)
        webhook = msgspec.structs.replace(webhook, url=url)
    if enabled is not None:
        webhook = msgspec.structs.replace(webhook, enabled=enabled)
    if events is not None:
        webhook = msgspec.structs.replace(webhook, events=_named(events))
    tx.execute(
        "UPDATE webhooks SET url = ?, enabled = ?, events = ? WHERE uuid = ?",
        (webhook.url, webhook.enabled, msgspec.json.encode(webhook.events).decode(), webhook_id),
    )
    return webhook


def delete(tx: Tx, project: int, webhook_id: str) -> None:
    """Delete a webhook with everything that was or was to be sent to it; raises NotFound."""
    read(tx, project, webhook_id)
    tx.execute("DELETE FROM webhooks WHERE uuid = ?", (webhook_id,))


def read(tx: Tx, project: int, webhook_id: str) -> Webhook:
    """The webhook of an id; raises NotFound, for another project's as well."""
    row = tx.execute(
        f"SELECT {_COLUMNS} FROM webhooks WHERE uuid = ? AND project = ?", (webhook_id, project)
    ).fetchone()
    if row is None:
        raise NotFound("there is no such webhook")
    return _webhook(row)


def owner(tx: Tx, webhook_id: str) -> int:
    """The project of a webhook; raises NotFound."""
    row = tx.execute("SELECT project FROM webhooks WHERE uuid = ?", (webhook_id,)).fetchone()
    if row is None:
        raise NotFound("there is no such webhook")
    return int(row[0])


def every(tx: Tx, project: int) -> list[Webhook]:
    """A project's webhooks, in the order they were made."""
    rows = tx.execute(f"SELECT {_COLUMNS} FROM webhooks WHERE project = ? ORDER BY id", (project,))
    return [_webhook(row) for row in rows]


def told(tx: Tx, project: int, kind: str, severity: str) -> list[int]:
    """The row numbers of a project's enabled webhooks that want something of this kind and severity."""
    rows = tx.execute("SELECT id, events FROM webhooks WHERE project = ? AND enabled ORDER BY id", (project,))
    return [number for number, events in rows.fetchall() if wants(msgspec.json.decode(events), kind, severity)]


def disable(tx: Tx, number: int) -> None:
    """Stop sending to the webhook of a row number, because its target said that it is gone for good."""
    tx.execute("UPDATE webhooks SET enabled = 0 WHERE id = ?", (number,))


def _webhook(row: tuple[object, ...]) -> Webhook:
    values = dict(zip(Webhook.__struct_fields__, row, strict=True))
    values["events"] = msgspec.json.decode(str(values["events"]))
    return msgspec.convert(values, Webhook, strict=False)


def _named(events: Sequence[str]) -> tuple[str, ...]:
    known = (*KINDS, *SEVERITIES)
    problems = [
        (f"events.{index}", f"must be one of {', '.join(known)}")
        for index, event in enumerate(events)
        if event not in known
    ]
    if problems:
        raise Invalid(problems[:20])
    return tuple(dict.fromkeys(events))
