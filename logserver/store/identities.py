"""A sender's own identities of events: looked up by hash, settled by the full key on the row.

The hashes are random, so each one that is put into its place dirties a page of the table; at a million of them
that costs more than the event. New ones are therefore appended to a small table, in the transaction of their
event, and known from memory; once there are enough of them they move to their places in order of their hashes, a
few with each transaction, so that those of one page are written together.
"""

from collections.abc import Iterator, Sequence
from hashlib import blake2b

from logserver.store.events import Event
from logserver.store.tx import Tx

GENERATION = 50_000
"""Identities that gather before they move; twice as many are kept in memory at most."""

_MOVED_AT_ONCE = 256
_CLEARED_AT_ONCE = 5_000
_APPEND = {
    size: f"INSERT INTO recent_identities (seq, hash, event) VALUES (?, ?, ?){', (?, ?, ?)' * (size - 1)}"
    for size in (64, 8, 1)
}
_HASH_MASK = (1 << 63) - 1


def uuid_key(project: int, uuid: bytes) -> bytes:
    """The identity of an event by the uuid its sender gave it."""
    return b"u%d|" % project + uuid


def span_key(project: int, trace_id: str, span_id: str) -> bytes:
    """The identity of a span within its project: its trace and its own id."""
    return b"s%d|%d|" % (project, len(trace_id)) + trace_id.encode() + span_id.encode()


def idempotency_key(project: int, key: str) -> bytes:
    """The identity of an audit event by the key its sender gave it."""
    return b"k%d|" % project + key.encode()


def places_of(project: int, event: Event) -> list[int]:
    """The hashes of every identity an event of a project has."""
    places = []
    context = event.context
    if event.uuid is not None:
        places.append(key_hash(uuid_key(project, event.uuid)))
    if event.type == "span":
        places.append(key_hash(span_key(project, str(context["trace_id"]), str(context["span_id"]))))
    elif event.type == "audit" and type(key := context.get("idempotency_key")) is str:
        places.append(key_hash(idempotency_key(project, key)))
    return places


def key_hash(key: bytes) -> int:
    """The 63 bits an identity is found by."""
    return int.from_bytes(blake2b(key, digest_size=8).digest(), "big") & _HASH_MASK


def found(tx: Tx, place: int) -> list[int]:
    """The packed ids that have an identity of a hash, for one who only reads.

    The view of all of them is not asked: SQLite would put all of it together first.
    """
    rows = tx.execute(
        "SELECT event FROM identities WHERE hash = ?1 UNION SELECT event FROM recent_identities WHERE hash = ?1",
        (place,),
    )
    return [event_id for (event_id,) in rows.fetchall()]


Mark = tuple[int, int]
"""Where a request's claims and releases begin."""


class Identities:
    """The identities of a store. Owned by the writer; what a transaction claimed is remembered once it commits."""

    def __init__(self, generation: int = GENERATION) -> None:
        self._generation = generation
        self._recent: dict[int, int] = {}
        self._moving: dict[int, int] = {}
        self._queue: list[tuple[int, int]] = []
        self._moved_through = 0
        self._cleared_through = 0
        self._newest = 0
        self._claims: list[tuple[int, int]] = []
        self._claimed: dict[int, int] = {}
        self._releases: list[tuple[int, int]] = []
        self._looked_up: dict[int, list[int]] = {}
        self._slice = 0

    def load(self, tx: Tx) -> None:
        """Remember what was appended and had not moved when the store was closed."""
        for seq, place, event_id in tx.execute("SELECT seq, hash, event FROM recent_identities ORDER BY seq"):
            self._recent[place] = event_id
            self._newest = seq

    def look_up(self, tx: Tx, places: Sequence[int]) -> None:
        """Look up many hashes in one statement, for the candidates() that follow in this transaction."""
        unknown = [place for place in places if place not in self._looked_up]
        for place in unknown:
            self._looked_up[place] = []
        marks = ", ".join("?" * len(unknown))
        for place, event_id in tx.execute(f"SELECT hash, event FROM identities WHERE hash IN ({marks})", unknown):
            self._looked_up[place].append(event_id)

    def candidates(self, tx: Tx, place: int) -> Iterator[int]:
        """The events that may have the identity of a hash, nearly always one or none; the caller compares keys."""
        for known in (self._claimed, self._recent, self._moving):
            event_id = known.get(place)
            if event_id is not None:
                yield event_id
        if place not in self._looked_up:
            self.look_up(tx, (place,))
        yield from self._looked_up[place]

    def claim(self, tx: Tx, place: int, event_id: int) -> None:
        """Record that an event has the identity of a hash; the caller has made sure that no event has it yet."""
        if place in self._claimed or place in self._recent or place in self._moving:
            # Another key with the same hash: memory holds one event for each, the table as many as there are.
            tx.execute("INSERT OR IGNORE INTO identities (hash, event) VALUES (?, ?)", (place, event_id))
            self._looked_up.pop(place, None)
            return
        self._claims.append((place, event_id))
        self._claimed[place] = event_id

    def release(self, tx: Tx, identities: list[tuple[int, int]]) -> None:
        """Forget identities of deleted events: pairs of a hash and the event."""
        tx.executemany("DELETE FROM identities WHERE hash = ? AND event = ?", identities)
        recent = [pair for pair in identities if pair[0] in self._recent or pair[0] in self._moving]
        if recent:
            tx.execute(
                f"DELETE FROM recent_identities WHERE event IN ({', '.join('?' * len(recent))})",
                [event_id for _, event_id in recent],
            )
        self._releases += identities
        self._looked_up.clear()

    def mark(self) -> Mark:
        """The place to come back to when a request fails."""
        return len(self._claims), len(self._releases)

    def undo(self, mark: Mark) -> None:
        """Drop what was claimed and released since ``mark``."""
        claims, releases = mark
        for place, _ in self._claims[claims:]:
            del self._claimed[place]
        del self._claims[claims:]
        del self._releases[releases:]
        self._looked_up.clear()

    def write(self, tx: Tx) -> None:
        """Append what was claimed, and move some of the older ones to their places."""
        done, left = 0, len(self._claims)
        for size, statement in _APPEND.items():
            while left >= size:
                values: list[int] = []
                for seq, pair in enumerate(self._claims[done : done + size], self._newest + done + 1):
                    values += (seq, *pair)
                tx.execute(statement, values)
                done, left = done + size, left - size
        if self._queue:
            self._slice = max(_MOVED_AT_ONCE, 2 * len(self._claims))
            released = set(self._releases)
            tx.executemany(
                "INSERT OR IGNORE INTO identities (hash, event) VALUES (?, ?)",
                [pair for pair in self._queue[-self._slice :] if pair[0] in self._moving and pair not in released],
            )
        elif self._cleared_through < self._moved_through:
            self._slice = min(_CLEARED_AT_ONCE, self._moved_through - self._cleared_through)
            tx.execute("DELETE FROM recent_identities WHERE seq <= ?", (self._cleared_through + self._slice,))

    def committed(self) -> None:
        """Remember what the transaction did, and begin to move when enough has gathered."""
        if self._releases:
            for place, event_id in self._releases:
                for known in (self._recent, self._moving):
                    if known.get(place) == event_id:
                        del known[place]
        self._recent.update(self._claimed)
        self._newest += len(self._claims)
        if self._slice and self._queue:
            del self._queue[-self._slice :]
        elif self._slice:
            self._cleared_through += self._slice
            if self._cleared_through == self._moved_through:
                self._moving = {}
        elif len(self._recent) >= self._generation and not self._moving:
            self._moving, self._recent = self._recent, {}
            self._queue = sorted(self._moving.items(), reverse=True)
            self._moved_through = self._newest
        self.dropped()

    def dropped(self) -> None:
        """Forget what the transaction was about to do, after it was rolled back."""
        self._claims.clear()
        self._claimed.clear()
        self._releases.clear()
        self._looked_up.clear()
        self._slice = 0
