"""A sender's own identities of events: looked up by hash, settled by the full key on the row.

The table is keyed by 63 bits of a hash, so it costs an integer and an id per identity. When two keys share a
hash the later one takes the next free number; a look-up walks the same steps.
"""

from hashlib import blake2b

from logserver.store.tx import Tx

_HASH_MASK = (1 << 63) - 1


def uuid_key(project: int, uuid: bytes) -> bytes:
    """The identity of an event by the uuid its sender gave it."""
    return b"u%d|" % project + uuid


def span_key(project: int, trace_id: str, span_id: str) -> bytes:
    """The identity of a span within its project: its trace and its own id."""
    return b"s%d|%d|" % (project, len(trace_id)) + trace_id.encode() + span_id.encode()


def key_hash(key: bytes) -> int:
    """Where a key's identity is stored, unless another key was there first."""
    return int.from_bytes(blake2b(key, digest_size=8).digest(), "big") & _HASH_MASK


def candidates(tx: Tx, key: bytes) -> list[int]:
    """The events that may have this identity, nearly always one or none; the caller compares the full key."""
    found: list[int] = []
    place = key_hash(key)
    while row := tx.execute("SELECT event FROM identities WHERE hash = ?", (place,)).fetchone():
        found.append(row[0])
        place = (place + 1) & _HASH_MASK
    return found


def claim(tx: Tx, key: bytes, event_id: int) -> None:
    """Record that ``event_id`` has this identity; the caller has made sure that no event has it yet."""
    place = key_hash(key)
    while (
        tx.execute(
            "INSERT INTO identities (hash, event) VALUES (?, ?) ON CONFLICT DO NOTHING", (place, event_id)
        ).rowcount
        == 0
    ):
        place = (place + 1) & _HASH_MASK


def release(tx: Tx, key: bytes, event_id: int) -> None:
    """Forget an identity of a deleted event, and close the gap it leaves for keys that share its hash."""
    place = key_hash(key)
    run: list[tuple[int, int]] = []
    while row := tx.execute("SELECT event FROM identities WHERE hash = ?", (place,)).fetchone():
        run.append((place, row[0]))
        place = (place + 1) & _HASH_MASK
    kept = [event for _, event in run if event != event_id]
    if len(kept) == len(run):
        return
    for index, (place, _) in enumerate(run):
        if index < len(kept):
            tx.execute("UPDATE identities SET event = ? WHERE hash = ?", (kept[index], place))
        else:
            tx.execute("DELETE FROM identities WHERE hash = ?", (place,))
