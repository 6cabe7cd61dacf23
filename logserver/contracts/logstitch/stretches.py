"""Verification of a long chain in stretches, each on a snapshot of its own, so that no look at it lasts long.

A chain only grows, and what retention takes of it leaves a signed stub; so what was verified up to a link stays so.
Events that stand in no chain at all are looked for by verification.verify() only.
"""

from typing import NamedTuple

from logserver.contracts.logstitch.chain import stored_head
from logserver.contracts.logstitch.links import NO_HEAD, Head, head_message
from logserver.contracts.logstitch.signing import verified
from logserver.contracts.logstitch.stubs import Stub
from logserver.contracts.logstitch.verification import Break, Walk, parts
from logserver.core.projects import Project
from logserver.store.ids import Spelling
from logserver.store.tx import Tx


class Stretch(NamedTuple):
    """How far a chain was found whole, and whether that was its end or a break."""

    head: Head
    """The last link that was right."""
    events: int
    stubs: int
    of: int
    """The number of the last link there is."""
    broken: Break | None = None

    @property
    def ended(self) -> bool:
        """Whether there is nothing more to verify."""
        return self.broken is not None or self.head.seq >= self.of


BEGINNING = Stretch(NO_HEAD, 0, 0, 1)
"""Where a verification begins."""


def verify_on(
    tx: Tx,
    project: Project,
    spelling: Spelling,
    public_key: bytes,
    before: Stretch,
    *,
    kept: Head | None,
    most: int,
) -> Stretch:
    """Go on with a verification by up to ``most`` links; ``kept`` is a head noted outside of the database.

    ``before`` is believed: it has to be what an earlier call gave.
    """
    head, signature = stored_head(tx, project.number)
    signed = verified(public_key, head_message(project.uuid, head), signature)
    walk = Walk(project, spelling, public_key, head if signed else NO_HEAD, [kept] if kept else [])
    walk.seq, walk.hash = before.head
    walk.events, walk.stubs = before.events, before.stubs
    for number, part in enumerate(parts(tx, project.number, walk.seq)):
        if number == most:
            return Stretch(Head(walk.seq, walk.hash), walk.events, walk.stubs, max(head.seq, walk.seq + 1))
        if isinstance(part, Stub) and part.first <= walk.seq and part.signed(project.uuid, public_key):
            # Retention has been here in the meantime, and has taken what is verified together with what is next.
            walk.seq, walk.hash, walk.last = part.last, part.hash, None
            walk.stubs += 1
        elif walk.stops_at(part):
            break
    broken = walk.broken or walk.end()
    if broken is None and walk.seq and not signed:
        what = "was not signed with the key of this store" if head.seq else "is missing"
        broken = Break("head", walk.seq, walk.last, f"the head of the chain {what}")
    return Stretch(Head(walk.seq, walk.hash), walk.events, walk.stubs, walk.seq, broken)
