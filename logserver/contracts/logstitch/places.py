"""Where events stand in their chain, and how the chain itself stands, as far as a glance tells."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from logserver.contracts.logstitch import heads
from logserver.contracts.logstitch.chain import stored_head
from logserver.contracts.logstitch.links import BEGINNING, Head, as_hash, content_hash, head_message
from logserver.contracts.logstitch.signing import verified
from logserver.core.projects import Project
from logserver.store.tx import Tx


class Place(NamedTuple):
    """The place of an event in the chain of its project."""

    seq: int | None
    """Its number, from 1; None for an event that stands in no chain."""
    fits: bool
    """Whether its hash follows from what is stored of it and from the link before."""


class Condition(NamedTuple):
    """How a chain stands."""

    head: Head
    signed: bool
    """Whether the key of this store has signed the head."""
    retired: int
    """Events that retention has deleted, for which signed stubs stand."""
    kept: Head | None
    """The head that was noted outside of the database, and that the chain has lost; None where all is well."""


def condition(tx: Tx, project: Project, public_key: bytes, kept: Head | None) -> Condition:
    """How a chain stands, without a look at its links; ``kept`` is the head noted outside of the database."""
    head, signature = stored_head(tx, project.number)
    signed = verified(public_key, head_message(project.uuid, head), signature)
    retired = tx.execute(
        "SELECT coalesce(sum(last - first + 1), 0) FROM audit_stubs WHERE project = ?", (project.number,)
    ).fetchone()[0]
    lost = kept is not None and not heads.holds(tx, project.number, kept)
    return Condition(head, signed or not head.seq, retired, kept if lost else None)


def places(tx: Tx, project: Project, events: Sequence[tuple[int, dict[str, Any]]]) -> list[Place]:
    """The place of each event, given by its packed id and what is published of it."""
    return [_place(tx, project.number, packed, published) for packed, published in events]


def _place(tx: Tx, project: int, packed: int, published: dict[str, Any]) -> Place:
    row = tx.execute("SELECT seq, hash FROM audit_links WHERE event = ? AND project = ?", (packed, project)).fetchone()
    if row is None:
        return Place(None, fits=False)
    seq, hash_ = row
    try:
        before = _before(tx, project, seq)
        whole = {name: value for name, value in published.items() if name != "content_hash"}
        fits = content_hash(before, whole) == as_hash(hash_)
    except (ValueError, TypeError):
        fits = False
    return Place(seq, fits=fits)


def _before(tx: Tx, project: int, seq: int) -> bytes:
    if seq == 1:
        return BEGINNING
    for sql in (
        "SELECT hash FROM audit_links WHERE project = ? AND seq = ?",
        "SELECT hash FROM audit_stubs WHERE project = ? AND last = ?",
    ):
        row = tx.execute(sql, (project, seq - 1)).fetchone()
        if row is not None:
            return as_hash(row[0])
    return b""
