r"""The chain of a project's audit events: each carries the hash of the one before, and the last is signed.

``content_hash`` = SHA-256(previous hash in hex + "\n" + RFC 8785 JSON of the event without its hash), from 64
zeros on (contracts: LogStitch, Ids and chain). The chain runs in the order of arrival in the project. What
retention deletes leaves a signed stub, so that what is left can still be verified.
"""

import logging
from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import Any, NamedTuple

from logserver.contracts.logstitch.canonical import canonical
from logserver.contracts.logstitch.signing import Signer, verified
from logserver.core import projects
from logserver.store.tx import Tx

logger = logging.getLogger("logserver.audit")

BEGINNING = bytes(32)
"""The hash before the first event."""


class Head(NamedTuple):
    """The last link of a project's chain: its number (from 1; 0 for an empty chain) and its hash."""

    seq: int
    hash: bytes


class Entry(NamedTuple):
    """An event to chain: its packed id, what is published of it, and when it arrived (None: with a claimed stream)."""

    event: int
    published: dict[str, Any]
    arrived: int | None


def content_hash(before: bytes, published: dict[str, Any]) -> bytes:
    """The hash of an event after the one with the hash ``before``; 32 bytes."""
    return sha256(before.hex().encode() + b"\n" + canonical(published)).digest()


def head_message(project_uuid: str, head: Head) -> bytes:
    """What the signature of a head is of."""
    return f"logserver audit head 1\n{project_uuid}\n{head.seq}\n{head.hash.hex()}".encode()


def stub_message(project_uuid: str, first: int, last: int, before: bytes, hash_: bytes) -> bytes:
    """What the signature of a stub is of: a run of links, the hash before it and that of its last one."""
    return f"logserver audit stub 1\n{project_uuid}\n{first}\n{last}\n{before.hex()}\n{hash_.hex()}".encode()


class Chain:
    """Chains events. Owned by the writer; its memory is only of what it has signed itself."""

    _signer: Signer

    def __init__(self) -> None:
        self._signed: dict[int, Head] = {}
        self._told: set[int] = set()

    def open(self, signer: Signer) -> None:
        """Begin to sign, before anything is chained."""
        self._signer = signer

    def link(self, tx: Tx, project: int, project_uuid: str, entries: Iterable[Entry]) -> tuple[Head, Head]:
        """Chain events in their order, in the transaction that stores them; the head before and after."""
        before, ours = self._head(tx, project, project_uuid)
        seq, last = before
        rows = []
        for seq, entry in enumerate(entries, before.seq + 1):
            last = content_hash(last, entry.published)
            rows.append((entry.event, project, seq, last, entry.arrived))
        after = Head(seq, last)
        if rows:
            tx.executemany("INSERT INTO audit_links (event, project, seq, hash, arrived) VALUES (?, ?, ?, ?, ?)", rows)
            # A head that was not ours is never signed over: that would make a broken chain look whole.
            self._write(tx, project, project_uuid, after, signed=ours)
        return before, after

    def seal(self, tx: Tx, project: int, project_uuid: str) -> Head:
        """Sign the head as it stands, whoever signed it before: what an administrator does who trusts it."""
        row = tx.execute("SELECT seq, hash FROM audit_heads WHERE project = ?", (project,)).fetchone()
        head = Head(*row) if row else Head(0, BEGINNING)
        if row:
            self._write(tx, project, project_uuid, head, signed=True)
        return head

    def _write(self, tx: Tx, project: int, project_uuid: str, head: Head, *, signed: bool) -> None:
        signature = self._signer.sign(head_message(project_uuid, head)) if signed else b""
        tx.execute(
            "INSERT INTO audit_heads (project, seq, hash, signature) VALUES (?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET seq = excluded.seq, hash = excluded.hash, signature = excluded.signature",
            (project, *head, signature),
        )
        if signed:
            self._signed[project] = head

    def _head(self, tx: Tx, project: int, project_uuid: str) -> tuple[Head, bool]:
        """The head as stored, and whether it is one that this key signed."""
        row = tx.execute("SELECT seq, hash, signature FROM audit_heads WHERE project = ?", (project,)).fetchone()
        if row is None:
            # No head, but links: somebody deleted it.
            lost = tx.execute("SELECT max(seq) FROM audit_links WHERE project = ?", (project,)).fetchone()[0]
            if lost is None:
                return Head(0, BEGINNING), True
            row = (lost, self._hash_of(tx, project, lost), b"")
        head = Head(row[0], row[1])
        if self._signed.get(project) == head:
            return head, True
        ours = verified(self._signer.public, head_message(project_uuid, head), row[2])
        if not ours and project not in self._told:
            self._told.add(project)
            logger.critical(
                "the head of the audit trail of project %s was not signed with this store's key:"
                " `logserver audit verify` tells more",
                project_uuid,
            )
        return head, ours

    @staticmethod
    def _hash_of(tx: Tx, project: int, seq: int) -> bytes:
        """The hash of a link; empty, which no chain goes on from, where somebody took it away."""
        row = tx.execute("SELECT hash FROM audit_links WHERE project = ? AND seq = ?", (project, seq)).fetchone()
        return bytes(row[0]) if row else b""

    def retire(self, tx: Tx, project: int, event_ids: list[int]) -> None:
        """Put stubs in the place of links whose events are about to be deleted (core.retention.Retire)."""
        project_uuid = projects.by_number(tx, project).uuid
        marks = ", ".join("?" * len(event_ids))
        seqs = [
            seq
            for (seq,) in tx.execute(f"SELECT seq FROM audit_links WHERE event IN ({marks}) ORDER BY seq", event_ids)
        ]
        for first, last in _runs(seqs):
            self._leave_stub(tx, project, project_uuid, first, last)
        tx.execute(f"DELETE FROM audit_links WHERE event IN ({marks})", event_ids)

    def _leave_stub(self, tx: Tx, project: int, project_uuid: str, first: int, last: int) -> None:
        """Stand in for a run of links, together with the stubs it touches."""
        hash_ = self._hash_of(tx, project, last)
        earlier = tx.execute(
            "SELECT first, before, hash FROM audit_stubs WHERE project = ? AND last = ?", (project, first - 1)
        ).fetchone()
        if earlier is not None:
            before = earlier[1]
        else:
            before = self._hash_of(tx, project, first - 1) if first > 1 else BEGINNING
        later = tx.execute(
            "SELECT first, last, hash FROM audit_stubs WHERE project = ? AND first = ?", (project, last + 1)
        ).fetchone()
        if earlier is not None:
            first = earlier[0]
        if later is not None:
            tx.execute("DELETE FROM audit_stubs WHERE project = ? AND first = ?", (project, later[0]))
            last, hash_ = later[1], later[2]
        signature = self._signer.sign(stub_message(project_uuid, first, last, before, hash_))
        tx.execute(
            "INSERT OR REPLACE INTO audit_stubs (project, first, last, before, hash, signature)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (project, first, last, before, hash_, signature),
        )


def hashes_of(tx: Tx, event_ids: list[int]) -> dict[int, bytes]:
    """The content hashes of audit events by their packed ids."""
    marks = ", ".join("?" * len(event_ids))
    return dict(tx.execute(f"SELECT event, hash FROM audit_links WHERE event IN ({marks})", event_ids))


def _runs(seqs: list[int]) -> Iterator[tuple[int, int]]:
    """The first and last of every unbroken run in ascending numbers."""
    for index, seq in enumerate(seqs):
        if index == 0 or seq != seqs[index - 1] + 1:
            first = seq
        if index == len(seqs) - 1 or seqs[index + 1] != seq + 1:
            yield first, seq
