"""The chain of a project's audit events: each carries the hash of the one before, and the last is signed.

The chain runs in the order of arrival in the project. What a link is made of stands in links.py, what retention
leaves of them in stubs.py.
"""

import logging
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from logserver.contracts.logstitch.links import NO_HEAD, Head, as_hash, content_hash, head_message
from logserver.contracts.logstitch.signing import Signer, verified
from logserver.contracts.logstitch.stubs import Retiring, Stub
from logserver.core import projects
from logserver.store.tx import Tx

logger = logging.getLogger("logserver.audit")


class Entry(NamedTuple):
    """An event to chain: its packed id, what is published of it, and when it arrived (None: with a claimed stream)."""

    event: int
    published: dict[str, Any]
    arrived: int | None


class Chain:
    """Chains events. Owned by the writer; its memory is only of what it has signed itself."""

    _signer: Signer

    def __init__(self) -> None:
        self._signed: dict[int, Head] = {}
        self._told: set[int] = set()

    def open(self, signer: Signer) -> None:
        """Begin to sign, before anything is chained."""
        self._signer = signer

    @property
    def public(self) -> bytes:
        """The key that its signatures are verified with."""
        return self._signer.public

    def link(self, tx: Tx, project: int, project_uuid: str, entries: Iterable[Entry]) -> tuple[Head, Head]:
        """Chain events in their order, in the transaction that stores them; the head before and after."""
        before, ours = self.head(tx, project, project_uuid)
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

    def pass_over(self, tx: Tx, project: int, project_uuid: str, stub: Stub) -> Head:
        """Go on from what retention left of a run of a chain that was moved here; the head after it.

        The caller answers for the stub, which has to begin where the chain ends; it is signed anew.
        """
        head = Head(stub.last, stub.hash)
        ours = self.head(tx, project, project_uuid)[1]
        Retiring(tx, self._signer, project, project_uuid).put(stub)
        self._write(tx, project, project_uuid, head, signed=ours)
        return head

    def seal(self, tx: Tx, project: int, project_uuid: str) -> Head:
        """Sign the head and the stubs as they stand, whoever signed them before; the head.

        It is what an administrator does who trusts them, after the key was lost or an older copy was put back.
        """
        head, last = stored_head(tx, project)[0], _last(tx, project)
        if last.seq > head.seq:
            head = last
        if head.seq:
            self._write(tx, project, project_uuid, head, signed=True)
            Retiring(tx, self._signer, project, project_uuid).sign_again()
        self._told.discard(project)
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

    def head(self, tx: Tx, project: int, project_uuid: str) -> tuple[Head, bool]:
        """The head to go on from, and whether it is one that this key signed."""
        head, signature = stored_head(tx, project)
        if self._signed.get(project) == head:
            return head, True
        last = _last(tx, project)
        if last.seq > head.seq:
            # Somebody put back an older head, or took it away: what is there is gone on from, but not signed for.
            head, signature = last, b""
        if not head.seq:
            return head, True
        ours = verified(self._signer.public, head_message(project_uuid, head), signature)
        if not ours and project not in self._told:
            self._told.add(project)
            logger.critical(
                "the head of the audit trail of project %s was not signed with this store's key:"
                " `logserver audit verify` tells more",
                project_uuid,
            )
        return head, ours

    def retire(self, tx: Tx, project: int, published: Mapping[int, dict[str, Any]]) -> None:
        """Put stubs in the place of links whose events are about to be deleted: by packed id, what is published."""
        Retiring(tx, self._signer, project, projects.by_number(tx, project).uuid).leave(published)


def stored_head(tx: Tx, project: int) -> tuple[Head, bytes]:
    """The head of a project as it stands in the store, and its signature."""
    row = tx.execute("SELECT seq, hash, signature FROM audit_heads WHERE project = ?", (project,)).fetchone()
    if row is None or not isinstance(row[0], int):
        return NO_HEAD, b""
    return Head(row[0], as_hash(row[1])), as_hash(row[2])


def has_heads(tx: Tx) -> bool:
    """Whether anything was chained in this store."""
    return tx.execute("SELECT 1 FROM audit_heads LIMIT 1").fetchone() is not None


def _last(tx: Tx, project: int) -> Head:
    """Where the links and stubs of a project end."""
    ends = [NO_HEAD]
    for sql in (
        "SELECT seq, hash FROM audit_links WHERE project = ? ORDER BY seq DESC LIMIT 1",
        "SELECT last, hash FROM audit_stubs WHERE project = ? ORDER BY first DESC LIMIT 1",
    ):
        ends += [Head(seq, as_hash(hash_)) for seq, hash_ in tx.execute(sql, (project,))]
    return max(ends, key=lambda end: end.seq)


def hashes_of(tx: Tx, event_ids: list[int]) -> dict[int, bytes]:
    """The content hashes of audit events by their packed ids."""
    marks = ", ".join("?" * len(event_ids))
    return dict(tx.execute(f"SELECT event, hash FROM audit_links WHERE event IN ({marks})", event_ids))
