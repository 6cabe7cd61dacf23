"""What retention leaves of the chain: a stub for a run of links, so that what follows them can still be verified.

A stub is signed over only where each event that goes is what its link says. A change that nobody has found yet
would otherwise be signed away with the event it was made to.
"""

import logging
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from logserver.contracts.logstitch.links import BEGINNING, as_hash, content_hash
from logserver.contracts.logstitch.signing import Signer, verified
from logserver.store.tx import Tx

logger = logging.getLogger("logserver.audit")

_COLUMNS = "first, last, before, hash, signature"


class Stub(NamedTuple):
    """A run of links that are gone: their numbers, the hash before the first and that of the last, signed."""

    first: int
    last: int
    before: bytes
    hash: bytes
    signature: bytes

    def message(self, project_uuid: str) -> bytes:
        """What its signature is of."""
        return (
            f"logserver audit stub 1\n{project_uuid}\n{self.first}\n{self.last}\n{self.before.hex()}\n{self.hash.hex()}"
        ).encode()

    def signed(self, project_uuid: str, public: bytes) -> bool:
        """Whether it was signed with the private key of a public one."""
        return verified(public, self.message(project_uuid), self.signature)


class _Link(NamedTuple):
    seq: int
    hash: bytes
    event: int


def every(tx: Tx, project: int) -> Iterator[Stub]:
    """The stubs of a project in the order of the chain."""
    rows = tx.execute(
        f"SELECT {_COLUMNS} FROM audit_stubs WHERE project = ?"
        " AND typeof(first) = 'integer' AND typeof(last) = 'integer' ORDER BY first",
        (project,),
    )
    return map(_stub, rows)


class Retiring:
    """Puts stubs of a project in the place of links, in one transaction."""

    def __init__(self, tx: Tx, signer: Signer, project: int, project_uuid: str) -> None:
        self._tx = tx
        self._signer = signer
        self._project = project
        self._project_uuid = project_uuid

    def leave(self, published: Mapping[int, dict[str, Any]]) -> None:
        """Put stubs in the place of the links of events that are about to be deleted.

        ``published`` says by packed id what is published of each. A run of links of which one does not fit its
        event gets a stub without a signature, which verification names.
        """
        marks = ", ".join("?" * len(published))
        links = [
            _Link(seq, as_hash(hash_), event)
            for seq, hash_, event in self._tx.execute(
                f"SELECT seq, hash, event FROM audit_links WHERE project = ? AND event IN ({marks}) ORDER BY seq",
                (self._project, *published),
            )
        ]
        for run in _runs(links):
            self._leave(run, published)
        self._tx.execute(
            f"DELETE FROM audit_links WHERE project = ? AND event IN ({marks})", (self._project, *published)
        )

    def _leave(self, run: list[_Link], published: Mapping[int, dict[str, Any]]) -> None:
        """Stand in for a run of links, together with the signed stubs it touches."""
        first, last, hash_ = run[0].seq, run[-1].seq, run[-1].hash
        earlier = self._one("last", first - 1)
        before = earlier.hash if earlier is not None else self._before(first)
        if not _fit(before, run, published):
            logger.critical(
                "audit events of project %s that retention deletes are not what they were when they were stored:"
                " `logserver audit verify` tells more",
                self._project_uuid,
            )
            self._put(Stub(first, last, before, hash_, b""))
            return
        if earlier is not None and self._ours(earlier):
            first, before = earlier.first, earlier.before
        later = self._one("first", last + 1)
        if later is not None and later.before == hash_ and self._ours(later):
            self._tx.execute("DELETE FROM audit_stubs WHERE project = ? AND first = ?", (self._project, later.first))
            last, hash_ = later.last, later.hash
        self._sign(Stub(first, last, before, hash_, b""))

    def put(self, stub: Stub) -> None:
        """Sign a stub and put it where it stands."""
        self._sign(stub)

    def sign_again(self) -> None:
        """Sign every stub as it stands, whoever signed it before."""
        for stub in list(every(self._tx, self._project)):
            self._sign(stub)

    def _ours(self, stub: Stub) -> bool:
        return stub.signed(self._project_uuid, self._signer.public)

    def _sign(self, stub: Stub) -> None:
        self._put(stub._replace(signature=self._signer.sign(stub.message(self._project_uuid))))

    def _put(self, stub: Stub) -> None:
        self._tx.execute(
            f"INSERT OR REPLACE INTO audit_stubs (project, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)",
            (self._project, *stub),
        )

    def _one(self, column: str, seq: int) -> Stub | None:
        row = self._tx.execute(
            f"SELECT {_COLUMNS} FROM audit_stubs WHERE project = ? AND {column} = ?", (self._project, seq)
        ).fetchone()
        return None if row is None else _stub(row)

    def _before(self, first: int) -> bytes:
        """The hash that a link goes on from; empty, which none goes on from, where somebody took it away."""
        if first == 1:
            return BEGINNING
        row = self._tx.execute(
            "SELECT hash FROM audit_links WHERE project = ? AND seq = ?", (self._project, first - 1)
        ).fetchone()
        return b"" if row is None else as_hash(row[0])


def _stub(row: tuple[Any, ...]) -> Stub:
    return Stub(row[0], row[1], *(as_hash(value) for value in row[2:]))


def _fit(before: bytes, run: list[_Link], published: Mapping[int, dict[str, Any]]) -> bool:
    """Whether the hashes of a run are those of its events."""
    for link in run:
        try:
            before = content_hash(before, published[link.event])
        except ValueError:  # somebody put a number there that was never taken in
            return False
        if before != link.hash:
            return False
    return True


def _runs(links: list[_Link]) -> Iterator[list[_Link]]:
    """The unbroken runs of links in ascending numbers."""
    run: list[_Link] = []
    for link in links:
        if run and link.seq != run[-1].seq + 1:
            yield run
            run = []
        run.append(link)
    if run:
        yield run
