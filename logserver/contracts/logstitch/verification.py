"""Verification of a project's audit trail: walks its chain in order and names the first break.

What it rests on is the head that the store's key has signed. Whoever can write to the database, but has no key, can
compute hashes anew, but not that signature; whoever cuts the end off and puts back an older signed head is found by
a head that was kept elsewhere (heads.py).
"""

import heapq
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import msgspec

from logserver.contracts.logstitch import stubs
from logserver.contracts.logstitch.chain import stored_head
from logserver.contracts.logstitch.events import public_id, published
from logserver.contracts.logstitch.links import NO_HEAD, Head, as_hash, content_hash, head_message
from logserver.contracts.logstitch.signing import verified
from logserver.contracts.logstitch.stubs import Stub
from logserver.core.projects import Project
from logserver.store import events
from logserver.store.events import Row
from logserver.store.ids import LOCAL_BITS, Spelling, project_range, ulid_text
from logserver.store.tx import Tx

CHUNK = 500
_ROW = ", ".join(f"e.{name}" for name in events.COLUMNS.split(", "))
_LINKS = (
    f"SELECT l.seq, l.event, l.hash, l.arrived IS NULL, {_ROW} FROM audit_links AS l"
    " LEFT JOIN events AS e ON e.id = l.event"
    " WHERE l.project = ? AND l.seq > ? AND typeof(l.seq) = 'integer' ORDER BY l.seq LIMIT ?"
)
_UNLINKED = (
    "SELECT e.id FROM events AS e LEFT JOIN audit_links AS l ON l.event = e.id AND l.project = ?"
    " WHERE e.id BETWEEN ? AND ? AND e.type = 'audit' AND l.event IS NULL ORDER BY e.id LIMIT 1"
)
UNREADABLE = (
    ValueError,
    TypeError,
    AttributeError,
    LookupError,
    ArithmeticError,
    RecursionError,
    msgspec.MsgspecError,
)
"""What reading a row raises that somebody has put something else into."""


class Break(NamedTuple):
    """The first thing in a chain that is not as it was."""

    kind: str
    """changed, deleted, missing, unlinked, stub, head or replaced."""
    seq: int | None
    """The number in the chain, from 1."""
    event: str | None
    """The public id of the event concerned; where events are missing, of the next one, or at the end the last."""
    message: str


class Verified(NamedTuple):
    """How far a chain is whole: events and stubs in it, its last link, and what broke it, if anything did."""

    events: int
    stubs: int
    head: Head
    broken: Break | None


class Link(NamedTuple):
    """A link as it is stored, and the row of its event, if there still is one."""

    first: int
    event: int
    hash: bytes
    claimed: bool
    row: Row | None


def links(tx: Tx, project: int, after: int = 0) -> Iterator[Link]:
    """The links of a project in the order of the chain, those after a number."""
    seq = after
    while rows := tx.execute(_LINKS, (project, seq, CHUNK)).fetchall():
        for seq, event, hash_, claimed, *row in rows:
            yield Link(seq, event, as_hash(hash_), bool(claimed), tuple(row) if row[0] is not None else None)


def parts(tx: Tx, project: int, after: int = 0) -> Iterator[Link | Stub]:
    """The links and stubs of a project in the order of the chain, from the one that holds what comes after a number."""
    left = (stub for stub in stubs.every(tx, project) if stub.last > after)
    return heapq.merge(links(tx, project, after), left, key=lambda part: part.first)


def verify(
    tx: Tx,
    project: Project,
    spelling: Spelling,
    public_key: bytes,
    *kept: Head | None,
    progress: Callable[[int], Any] = lambda _: None,
) -> Verified:
    """Verify the trail of a project as one snapshot has it, up to the first break.

    ``kept`` are heads that the chain had once, noted outside of the database. ``progress`` is told of every
    link that was verified.
    """
    head, signature = stored_head(tx, project.number)
    signed = verified(public_key, head_message(project.uuid, head), signature)
    walk = Walk(project, spelling, public_key, head if signed else NO_HEAD, [each for each in kept if each])
    for part in parts(tx, project.number):
        if walk.stops_at(part):
            break
        if isinstance(part, Link):
            progress(1)
    broken = walk.broken or _unlinked(tx, project, spelling) or walk.end()
    if broken is None and walk.seq and not signed:
        what = "was not signed with the key of this store" if head.seq else "is missing"
        after = f"; its last event is {walk.last}" if walk.last else ""
        broken = Break("head", walk.seq, walk.last, f"the head of the chain {what}{after}")
    return Verified(walk.events, walk.stubs, Head(walk.seq, walk.hash), broken)


class Walk:
    """Goes along a chain; ``seq`` and ``hash`` are of the last link that was right."""

    def __init__(self, project: Project, spelling: Spelling, public_key: bytes, head: Head, kept: list[Head]) -> None:
        self._project = project
        self._spelling = spelling
        self._public_key = public_key
        self._head = head
        self._kept = kept
        self.seq, self.hash = NO_HEAD
        self.events = 0
        self.stubs = 0
        self.last: str | None = None
        self.broken: Break | None = None

    def stops_at(self, part: Link | Stub) -> bool:
        """Whether a link or stub breaks the chain; ``broken`` then says how."""
        named = self._named(part) if isinstance(part, Link) else None
        self.broken = (
            self._misplaced(part, named)
            or (self._link(part, named) if isinstance(part, Link) else self._stub(part))
            or self._other(part, named)
        )
        if self.broken is not None:
            return True
        if isinstance(part, Link):
            self.events += 1
            self.seq, self.last = part.first, named or self.last
        else:
            self.stubs += 1
            self.seq, self.last = part.last, None
        self.hash = part.hash
        return False

    def _named(self, link: Link) -> str | None:
        """The public id an event was given; None of a claimed one whose row is gone, as that alone knew it."""
        if link.event < 0 or (link.claimed and link.row is None):
            return None
        held = link.row[9] if link.claimed and link.row is not None else None
        return f"evt_{ulid_text(held if isinstance(held, bytes) else self._spelling.raw(link.event))}"

    def _misplaced(self, part: Link | Stub, named: str | None) -> Break | None:
        seq, gap = part.first, part.first - self.seq - 1
        what = f"{named} (number {seq})" if named else f"number {seq}"
        if gap > 0:
            after = f" after {self.last}" if self.last else ""
            return Break("missing", self.seq + 1, named, f"{_counted(gap)} missing{after}, before {what}")
        if gap < 0:
            return Break("stub", seq, named, f"{what} is stored beside a stub that stands in its place")
        if self._head.seq and seq > self._head.seq:
            return Break("head", seq, named, f"{what} stands beyond the signed head {self._head.seq}")
        return None

    def _link(self, link: Link, named: str | None) -> Break | None:
        if named is None or link.row is None:
            what = named or (f"the event after {self.last}" if self.last else "an event")
            return Break("deleted", link.first, named, f"{what} (number {link.first}) was deleted")
        try:
            found = self._hash_of(link, link.row, named)
        except UNREADABLE:
            found = b""
        if found == link.hash:
            return None
        before = f"; or the link before it, of {self.last}, was" if self.last else ""
        return Break("changed", link.first, named, f"{named} (number {link.first}) was changed{before}")

    def _hash_of(self, link: Link, row: Row, named: str) -> bytes:
        """The hash that follows from a row; empty where the row is not of that event, or not as it was stored."""
        event = events.from_row(row)
        if link.event >> LOCAL_BITS != self._project.number or (row[9] is not None) != link.claimed:
            return b""
        if row[2:5] != ("audit", "info", event.context["action"]) or row[10:] != (None, None):
            return b""
        return content_hash(self.hash, published(event, named))

    def _stub(self, stub: Stub) -> Break | None:
        which = f"the stub of numbers {stub.first} to {stub.last}"
        if not stub.signed(self._project.uuid, self._public_key):
            return Break("stub", stub.first, self.last, f"{which} was not signed with the key of this store")
        if stub.before != self.hash:
            after = f" after {self.last}" if self.last else ""
            return Break("stub", stub.first, self.last, f"{which} does not go on from what stands before it{after}")
        return None

    def _other(self, part: Link | Stub, named: str | None) -> Break | None:
        """What stands in the place of another that a head says was there."""
        seq = part.last if isinstance(part, Stub) else part.first
        for head in (self._head, *self._kept):
            if head.seq == seq and head.hash != part.hash:
                what = f"{named} (number {seq})" if named else f"number {seq}"
                whose = "the signed head" if head is self._head else "a head that was kept"
                return Break("replaced", seq, named, f"{what} is not what {whose} says stood there")
        return None

    def end(self) -> Break | None:
        """What is missing at the end, as far as the heads know."""
        for head in (self._head, *self._kept):
            gap = head.seq - self.seq
            if gap > 0:
                after = f" after {self.last}" if self.last else " at the end of the chain" if self.seq else ""
                return Break("missing", self.seq + 1, self.last, f"{_counted(gap)} missing{after}")
        return None


def _unlinked(tx: Tx, project: Project, spelling: Spelling) -> Break | None:
    """The first event that is stored, but stands in no chain."""
    row = tx.execute(_UNLINKED, (project.number, *project_range(project.number))).fetchone()
    event = None if row is None else events.read(tx, row[0])
    if event is None:
        return None
    named = public_id(event, spelling)
    return Break("unlinked", None, named, f"{named} is stored, but has no link in the chain")


def _counted(n: int) -> str:
    return "1 event is" if n == 1 else f"{n:,} events are"
