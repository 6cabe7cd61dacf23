"""Audit trails as they leave and arrive: one chain, link by link, that has the same hashes wherever it goes.

Only its signatures are new, since they are made with the key of the store: what signed the head where it came from is
verified first.
"""

from itertools import islice

import msgspec

from logserver.contracts.logstitch import heads, kinds
from logserver.contracts.logstitch.chain import Chain, Entry, stored_head
from logserver.contracts.logstitch.events import public_id, published
from logserver.contracts.logstitch.links import Head, head_message
from logserver.contracts.logstitch.signing import verified
from logserver.contracts.logstitch.stubs import Stub
from logserver.contracts.logstitch.verification import Link, parts
from logserver.core.projects import Project
from logserver.store import events, identities
from logserver.store.events import Event
from logserver.store.ids import LOCAL_MASK, Spelling
from logserver.store.tx import Tx
from logserver.store.writer import WriteTx
from logserver.transfer import records, stored_events
from logserver.transfer.destination import Destination, Refused, Tally

Part = records.Stub | records.Audit


class Broken(Exception):
    """A trail that cannot leave; the message says why."""


def begin(tx: Tx, project: Project, public_key: bytes | None) -> records.Trail | None:
    """The first line of a trail; None where there is none. Raises Broken for one that is not signed."""
    head, signature = stored_head(tx, project.number)
    if not head.seq:
        return None
    if public_key is None or not verified(public_key, head_message(project.uuid, head), signature):
        raise Broken(
            f"the audit trail of {project.slug} is not signed with the key of this store: `logserver audit verify`"
            " tells more; --no-audit leaves the trails out"
        )
    return records.Trail(public_key.hex(), head.seq, head.hash.hex(), signature.hex())


def leave(  # noqa: PLR0917 - where, what and how much
    tx: Tx, project: int, spelling: Spelling, after: int, through: int, most: int
) -> tuple[list[Part], int | None]:
    """The lines of links and stubs after a number, through another, and the last number; None where there was none."""
    lines: list[Part] = []
    for part in islice(parts(tx, project, after), most):
        if part.first > through:
            break
        lines.append(_stub(part) if isinstance(part, Stub) else _audit(part, spelling))
    last = lines[-1] if lines else None
    return lines, None if last is None else last.last if isinstance(last, records.Stub) else last.seq


def _stub(stub: Stub) -> records.Stub:
    return records.Stub(stub.first, stub.last, stub.before.hex(), stub.hash.hex(), stub.signature.hex())


def _audit(link: Link, spelling: Spelling) -> records.Audit:
    if link.row is None:
        raise Broken(f"number {link.first} of the audit trail was deleted: `logserver audit verify` tells more")
    event = events.from_row(link.row)
    return records.Audit(
        seq=link.first,
        hash=link.hash.hex(),
        id=public_id(event, spelling),
        legacy_id=event.id & LOCAL_MASK,
        message=event.message,
        time=event.time,
        received=event.received,
        context=msgspec.Raw(link.row[5].encode()),
        timed_by_receipt=event.timed_by_receipt,
    )


class Arriving:
    """Takes a trail in, in its order, in one transaction."""

    def __init__(self, tx: WriteTx, to: Destination, chain: Chain, trail: records.Trail) -> None:
        self._tx = tx
        self._to = to
        self._chain = chain
        self._trail = trail
        self._hash = _bytes(trail.hash)
        self._public = _bytes(trail.public_key)
        head = Head(trail.seq, self._hash)
        if not verified(self._public, head_message(to.origin.uuid, head), _bytes(trail.signature)):
            raise self._refused("its head is not signed with the key that the file names")
        self._head, self._ours = chain.head(tx, to.number, to.project.uuid)
        if not self._ours:
            raise self._refused("the one here is not signed with this store's key: `logserver audit verify` tells more")
        if self._head.seq >= trail.seq and not heads.holds(tx, to.number, head):
            raise self._refused(f"another one is here, which differs at number {trail.seq} or before")

    def take(self, lines: list[Part]) -> Tally:
        """Take in links and stubs; those that are here are passed over.

        Raises Refused where they do not go on from what is here, or are not what their hashes say.
        """
        tally = Tally()
        fresh: list[records.Audit] = []
        for line in lines:
            first, last = (line.first, line.last) if isinstance(line, records.Stub) else (line.seq, line.seq)
            if last > self._trail.seq:
                raise self._refused(f"number {last} is beyond its signed head")
            if first > self._head.seq + len(fresh) + 1:
                raise self._refused(f"number {first} does not go on from what is here, which ends at {self._head.seq}")
            if last <= self._head.seq:
                if not heads.holds(self._tx, self._to.number, Head(last, _bytes(line.hash))):
                    raise self._refused(f"another one is here, which differs at number {last} or before")
                tally.known += 1
            elif isinstance(line, records.Audit):
                fresh.append(line)
            else:
                self._link(fresh)
                tally.new += len(fresh) + 1
                fresh = []
                self._pass_over(line)
        self._link(fresh)
        tally.new += len(fresh)
        return tally

    def _pass_over(self, line: records.Stub) -> None:
        stub = Stub(line.first, line.last, _bytes(line.before), _bytes(line.hash), _bytes(line.signature))
        if stub.before != self._head.hash or not stub.signed(self._to.origin.uuid, self._public):
            raise self._refused(f"the stub of numbers {line.first} to {line.last} is not what was signed")
        if line.first != self._head.seq + 1:
            raise self._refused(f"the stub of numbers {line.first} to {line.last} stands for some that are here")
        self._head = self._chain.pass_over(self._tx, self._to.number, self._to.project.uuid, stub)
        self._end()

    def _link(self, lines: list[records.Audit]) -> None:
        if not lines:
            return
        entries = []
        places = []
        made = [stored_events.event_of(line, "audit", "info", stored_events.raw_id(line.id)) for line in lines]
        for event in made:
            places += identities.places_of(self._to.number, event)
        self._tx.batch.identities.look_up(self._tx, places)
        for line, event in zip(lines, made, strict=True):
            self._store(line, event)
            arrived = event.received if event.uuid is None else None
            entries.append(Entry(event.id, published(event, line.id), arrived))
        before = self._head
        self._head = self._chain.link(self._tx, self._to.number, self._to.project.uuid, entries)[1]
        if self._head != Head(lines[-1].seq, _bytes(lines[-1].hash)):
            raise self._refused(
                f"something in its numbers {before.seq + 1} to {lines[-1].seq} is not what it was when it was stored"
            )
        self._end()

    def _store(self, line: records.Audit, event: Event) -> None:
        context = event.context
        if not all(isinstance(context.get(name), str) for name in ("action", "category", "tenant_id")):
            raise self._refused(f"number {line.seq} is no audit event")
        if stored_events.is_known(self._tx, self._to, event, line.id):
            raise self._refused(f"the event {line.id} is stored here already, but not in this trail")
        stored_events.number(self._tx, self._to, event, line.legacy_id)
        self._tx.batch.append_moved(self._tx, self._to.number, event, events.to_row(event))
        kinds.note(self._tx, self._to.number, context)

    def _end(self) -> None:
        if self._head.seq == self._trail.seq and self._head.hash != self._hash:
            raise self._refused("it does not end with its signed head")

    def _refused(self, why: str) -> Refused:
        return Refused(f"the audit trail of {self._to.origin.slug} is not taken in: {why}")


def _bytes(spelled: str) -> bytes:
    try:
        return bytes.fromhex(spelled)
    except ValueError as error:
        raise Refused("a hash or signature of the audit trail is no hexadecimal number") from error
