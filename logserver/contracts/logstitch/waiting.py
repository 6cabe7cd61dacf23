"""The events of anonymous streams while they wait: redacted, with the public ids that they keep."""

import secrets
from typing import Any

import msgspec

from logserver.contracts.logstitch.events import Draft
from logserver.store.events import Event
from logserver.store.tx import Tx

_ROW_BYTES = 128
"""What an event takes beside its body, generously."""

_encode = msgspec.json.Encoder().encode


class _Body(msgspec.Struct):
    """What is kept of an event, redacted, and when it happened (Unix microseconds)."""

    context: dict[str, Any]
    time: int
    timed_by_receipt: bool


_decode = msgspec.json.Decoder(_Body).decode


def numbered(tx: Tx, stream: int, drafts: list[Draft], now_ms: int) -> tuple[list[bytes], list[int]]:
    """The id of each event, 16 bytes of a ULID, and the indexes of those that are new.

    Of an idempotency key that the stream has, or that stands before in the list, it is the id of the first.
    """
    held = _held(tx, stream, [key for sent, *_ in drafts if (key := sent.get("idempotency_key")) is not None])
    ids, fresh = [], []
    for index, (sent, *_) in enumerate(drafts):
        key = sent.get("idempotency_key")
        ulid = held.get(key) if key is not None else None
        if ulid is None:
            ulid = (now_ms << 80 | secrets.randbits(80)).to_bytes(16, "big")
            fresh.append(index)
            if key is not None:
                held[key] = ulid
        ids.append(ulid)
    return ids, fresh


def _held(tx: Tx, stream: int, keys: list[str]) -> dict[str, bytes]:
    """The ids of events that a stream has, by their idempotency keys."""
    if not keys:
        return {}
    marks = ", ".join("?" * len(keys))
    return dict(
        tx.execute(
            "SELECT idempotency_key, ulid FROM stream_events INDEXED BY stream_events_by_key"
            f" WHERE stream = ? AND idempotency_key IN ({marks})",
            (stream, *keys),
        )
    )


def bodies(made: list[Event]) -> tuple[list[str], int]:
    """What is stored of events, and how many bytes that will take."""
    encoded = [_encode(_Body(event.context, event.time, event.timed_by_receipt)) for event in made]
    return [body.decode() for body in encoded], sum(len(body) + _ROW_BYTES for body in encoded)


def append(tx: Tx, stream: int, after: int, rows: list[tuple[bytes, Event, str]]) -> None:
    """Store new events of a stream that has been sent ``after`` of them: id, record and body of each."""
    tx.executemany(
        "INSERT INTO stream_events (stream, n, ulid, received, idempotency_key, body) VALUES (?, ?, ?, ?, ?, ?)",
        [
            (stream, n, ulid, event.received, event.context.get("idempotency_key"), body)
            for n, (ulid, event, body) in enumerate(rows, after + 1)
        ],
    )


def read(tx: Tx, stream: int) -> list[Event]:
    """The events of a stream in the order sent, as the records they become in a project."""
    rows = tx.execute("SELECT ulid, received, body FROM stream_events WHERE stream = ? ORDER BY n", (stream,))
    return [_event(*row) for row in rows]


def _event(ulid: bytes, received: int, body: str) -> Event:
    kept = _decode(body)
    return Event(
        type="audit",
        level="info",
        message=kept.context["action"],
        context=kept.context,
        time=kept.time,
        received=received,
        timed_by_receipt=kept.timed_by_receipt,
        uuid=ulid,
    )


def delete(tx: Tx, stream: int, most: int | None = None) -> int:
    """Delete a stream's events, or the first so many of them; how many they were."""
    if most is None:
        return tx.execute("DELETE FROM stream_events WHERE stream = ?", (stream,)).rowcount
    return tx.execute(
        "DELETE FROM stream_events WHERE stream = ?"
        " AND n IN (SELECT n FROM stream_events WHERE stream = ? ORDER BY n LIMIT ?)",
        (stream, stream, most),
    ).rowcount
