"""An event as everybody is shown it: one JSON object, found again by the id that stands in it."""

from typing import Any

from logserver.core.faults import NotFound
from logserver.core.times import iso_text
from logserver.store import events, identities
from logserver.store.events import Event
from logserver.store.ids import LOCAL_BITS, LOCAL_MASK, Spelling, ulid_bytes, ulid_text, uuid_text
from logserver.store.tx import Tx

AUDIT_PREFIX = "evt_"
"""How ids of audit events begin."""


def public_id(event: Event, spelling: Spelling) -> str:
    """The sender's own UUID where it gave one, else the store's; audit events have a spelling of their own."""
    raw = event.uuid if event.uuid is not None else spelling.raw(event.id)
    return f"{AUDIT_PREFIX}{ulid_text(raw)}" if event.type == "audit" else uuid_text(raw)


def record(event: Event, slug: str, spelling: Spelling) -> dict[str, Any]:
    """Everything about an event of the project with this slug."""
    shown: dict[str, Any] = {
        "id": public_id(event, spelling),
        "legacy_id": event.id & LOCAL_MASK,
        "project": slug,
        "type": event.type,
        "level": event.level,
        "message": event.message,
        "occurred_at": iso_text(event.time),
        "received_at": iso_text(event.received * 1_000),
        "environment": event.environment() or None,
    }
    if event.timed_by_receipt:
        shown["timed_by_receipt"] = True
    if event.fingerprint is not None:
        shown["fingerprint"] = event.fingerprint
    if event.error_group is not None:
        shown["group"] = uuid_text(event.error_group)
    shown["context"] = event.context
    return shown


def find(tx: Tx, project: int, spelled: str, spelling: Spelling) -> Event:
    """The event of a project by its public id; raises NotFound."""
    raw = _bytes_of(spelled)
    event = _of_store(tx, raw, spelling) if raw is not None else None
    if raw is not None and event is None:
        event = _of_sender(tx, project, raw)
    if event is None or event.id >> LOCAL_BITS != project or public_id(event, spelling) != _canonical(spelled):
        raise NotFound("there is no such event")
    return event


def _canonical(spelled: str) -> str:
    return spelled if spelled.startswith(AUDIT_PREFIX) else spelled.lower()


def _bytes_of(spelled: str) -> bytes | None:
    if spelled.startswith(AUDIT_PREFIX):
        return ulid_bytes(spelled.removeprefix(AUDIT_PREFIX))
    if len(spelled) != 36:
        return None
    try:
        raw = bytes.fromhex(spelled.replace("-", ""))
    except ValueError:
        return None
    return raw if len(raw) == 16 else None


def _of_store(tx: Tx, raw: bytes, spelling: Spelling) -> Event | None:
    event_id = spelling.read(uuid_text(raw))
    return events.read(tx, event_id) if event_id is not None else None


def _of_sender(tx: Tx, project: int, raw: bytes) -> Event | None:
    place = identities.key_hash(identities.uuid_key(project, raw))
    for event_id in identities.found(tx, place):
        event = events.read(tx, event_id)
        if event is not None and event.uuid == raw:
            return event
    return None
