"""The newest head of every chain, kept in a file outside of the database.

A chain that was cut at its end is whole as far as it goes, once an older signed head is put back. So the server notes
every head in a file beside the store, and never lets go of one that the database does not contain any more.
"""

import asyncio
import logging
import os
from pathlib import Path

import msgspec

from logserver.contracts.logstitch.chain import Chain
from logserver.contracts.logstitch.links import Head, as_hash, head_message
from logserver.contracts.logstitch.signing import verified
from logserver.store.database import Database
from logserver.store.tx import Tx

logger = logging.getLogger("logserver.audit")

FILE = "audit.heads"


class Unreadable(Exception):
    """The file of heads holds something else; the message says so."""


class Kept(msgspec.Struct, frozen=True):
    """A head of a project's chain and its signature, in hex."""

    seq: int
    hash: str
    signature: str

    @classmethod
    def of(cls, head: Head, signature: bytes) -> "Kept":
        """What is kept of a head."""
        return cls(head.seq, head.hash.hex(), signature.hex())

    def head(self) -> Head:
        """The head."""
        return Head(self.seq, bytes.fromhex(self.hash))


class _File(msgspec.Struct):
    format: str
    heads: dict[str, Kept]
    """By the project's UUID."""


_FORMAT = "logserver-audit-heads-1"


def read(folder: Path) -> dict[str, Kept]:
    """The heads that are kept, by the UUID of their project; raises Unreadable."""
    path = folder / FILE
    try:
        return decoded(path.read_bytes(), str(path))
    except FileNotFoundError:
        return {}


def decoded(raw: bytes, where: str) -> dict[str, Kept]:
    """The heads that a file holds; raises Unreadable, which says ``where`` it is."""
    try:
        held = msgspec.json.decode(raw, type=_File)
        for kept in held.heads.values():
            kept.head()
    except (msgspec.MsgspecError, ValueError) as error:
        raise Unreadable(f"{where} cannot be read: {error}") from error
    return held.heads


def write(folder: Path, heads: dict[str, Kept]) -> None:
    """Replace the file, for good once this returns."""
    fresh = folder / f"{FILE}.new"
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(_File(_FORMAT, heads)), indent=1) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(folder / FILE)
    entry = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(entry)
    finally:
        os.close(entry)


def put(folder: Path, project_uuid: str, kept: Kept) -> None:
    """Keep a head in the place of whatever was kept of its project."""
    write(folder, read(folder) | {project_uuid: kept})


def advance(folder: Path, known: dict[str, Kept], fresh: dict[str, Kept]) -> None:
    """Keep newer heads where what is kept is still what was known: an administrator may have replaced it since."""
    held = read(folder)
    write(folder, held | {uuid: kept for uuid, kept in fresh.items() if held.get(uuid) == known.get(uuid)})


def newest(tx: Tx, known: dict[str, Kept], public: bytes) -> tuple[dict[str, Kept], set[str]]:
    """The signed heads that go on from those that are known, and the projects whose known head is in no chain.

    Only what differs from what is known.
    """
    fresh, lost = {}, set()
    stored = {
        uuid: (number, Kept.of(Head(seq, as_hash(hash_)), as_hash(signature)))
        for number, uuid, seq, hash_, signature in tx.execute(
            "SELECT p.number, p.uuid, h.seq, h.hash, h.signature FROM projects AS p"
            " JOIN audit_heads AS h ON h.project = p.number WHERE typeof(h.seq) = 'integer'"
        )
    }
    for uuid in known.keys() - stored.keys():
        lost.add(uuid)
    for uuid, (number, kept) in stored.items():
        before = known.get(uuid)
        if kept == before:
            continue
        if before is not None and not (kept.seq >= before.seq and holds(tx, number, before.head())):
            lost.add(uuid)
        elif verified(public, head_message(uuid, kept.head()), bytes.fromhex(kept.signature)):
            fresh[uuid] = kept
    return fresh, lost


def holds(tx: Tx, project: int, head: Head) -> bool:
    """Whether the chain of a project has a head's link, or a stub that stands for it."""
    row = tx.execute("SELECT hash FROM audit_links WHERE project = ? AND seq = ?", (project, head.seq)).fetchone()
    if row is not None:
        return as_hash(row[0]) == head.hash
    row = tx.execute(
        "SELECT last, hash FROM audit_stubs WHERE project = ? AND first <= ? ORDER BY first DESC LIMIT 1",
        (project, head.seq),
    ).fetchone()
    if row is None or row[0] < head.seq:
        return False
    return row[0] > head.seq or as_hash(row[1]) == head.hash


class Keeper:
    """Keeps the file up to date; its job runs every other second, and when the server stops."""

    def __init__(self, database: Database, chain: Chain) -> None:
        self._database = database
        self._chain = chain
        self._told: set[str] = set()

    async def keep(self, _now_ms: int) -> bool:
        """One pass: note the heads that go on from what is kept; leave, and tell once, what does not."""
        folder = self._database.folder
        try:
            known = await asyncio.to_thread(read, folder)
        except Unreadable as error:
            self._tell("", f"no head of an audit trail is kept any more: {error}")
            return False
        fresh, lost = await self._database.look_up(newest, known, self._chain.public)
        for uuid in lost:
            self._tell(
                uuid,
                f"the audit trail of project {uuid} does not contain the head {known[uuid].head()} any more, which"
                f" {FILE} keeps: `logserver audit verify` tells more",
            )
        if fresh:
            await asyncio.to_thread(advance, folder, known, fresh)
        return False

    def _tell(self, what: str, message: str) -> None:
        if what not in self._told:
            self._told.add(what)
            logger.critical("%s", message)
