"""How far each file has been taken in, and the parcels of it that wait for the server.

A parcel and how far it brings the file are one transaction, so that after a crash either both are there or neither.
"""

import msgspec

from logserver.store.tx import Tx
from logserver.transfer.destination import Tally

KEPT_MS = 30 * 86_400_000
"""How long it is remembered how far a file came."""


class Progress(msgspec.Struct, frozen=True):
    """How far a file is in; times are Unix milliseconds."""

    taken: int
    """Lines."""
    tally: Tally
    changed_at: int
    ended_at: int | None
    failure: str | None


def read(tx: Tx, transfer: str) -> Progress | None:
    """How far a file is in; None for one that was never begun."""
    row = tx.execute(
        "SELECT taken, tally, changed_at, ended_at, failure FROM transfers WHERE id = ?", (transfer,)
    ).fetchone()
    return None if row is None else Progress(row[0], msgspec.json.decode(row[1], type=Tally), *row[2:])


def begin(tx: Tx, transfer: str, now_ms: int, *, anew: bool) -> Progress:
    """Begin to take a file in, or go on with it where it was broken off; what still waits of it is dropped.

    One that came to its end, or ``anew``, begins from its first line; the header counts as taken.
    """
    tx.execute("DELETE FROM transfer_parcels WHERE transfer = ?", (transfer,))
    tx.execute("DELETE FROM transfers WHERE changed_at < ?", (now_ms - KEPT_MS,))
    if anew:
        tx.execute("DELETE FROM transfers WHERE id = ?", (transfer,))
    tx.execute("DELETE FROM transfers WHERE id = ? AND ended_at IS NOT NULL", (transfer,))
    tx.execute(
        "INSERT INTO transfers (id, taken, tally, changed_at) VALUES (?, 1, ?, ?)"
        " ON CONFLICT DO UPDATE SET failure = NULL, changed_at = excluded.changed_at",
        (transfer, _spelled(Tally()), now_ms),
    )
    found = read(tx, transfer)
    assert found is not None  # noqa: S101 - it was just put there
    return found


def is_next(tx: Tx, transfer: str, after: int, seq: int | None) -> bool:
    """Whether lines that come after so many are what a file lacks next, and their parcel is still waiting."""
    if seq is not None and not tx.execute("SELECT 1 FROM transfer_parcels WHERE seq = ?", (seq,)).fetchone():
        return False
    found = read(tx, transfer)
    return found is not None and found.failure is None and found.taken == after


def note(tx: Tx, transfer: str, through: int, tally: Tally, now_ms: int, *, seq: int | None) -> None:
    """Note that a file is in through so many lines, with what became of them; their parcel goes."""
    found = read(tx, transfer)
    summed = found.tally if found is not None else Tally()
    summed.add(tally)
    tx.execute(
        "UPDATE transfers SET taken = ?, tally = ?, changed_at = ? WHERE id = ?",
        (through, _spelled(summed), now_ms, transfer),
    )
    if seq is not None:
        drop(tx, seq)


def end(tx: Tx, transfer: str, now_ms: int) -> None:
    """Note that all of a file is in."""
    tx.execute("UPDATE transfers SET ended_at = ?, changed_at = ? WHERE id = ?", (now_ms, now_ms, transfer))


def fail(tx: Tx, transfer: str, failure: str) -> None:
    """Note why a file is not taken in any further; what waits of it is dropped."""
    tx.execute("UPDATE transfers SET failure = ? WHERE id = ?", (failure, transfer))
    tx.execute("DELETE FROM transfer_parcels WHERE transfer = ?", (transfer,))


def put(tx: Tx, transfer: str, bodies: list[bytes]) -> None:
    """Put parcels before the server."""
    tx.executemany("INSERT INTO transfer_parcels (transfer, body) VALUES (?, ?)", [(transfer, body) for body in bodies])


def waiting(tx: Tx, transfer: str) -> int:
    """How many parcels of a file wait."""
    (n,) = tx.execute("SELECT count(*) FROM transfer_parcels WHERE transfer = ?", (transfer,)).fetchone()
    return int(n)


def first(tx: Tx) -> tuple[int, str, bytes] | None:
    """The parcel that has waited longest: its number, its file, and its body."""
    row: tuple[int, str, bytes] | None = tx.execute(
        "SELECT seq, transfer, body FROM transfer_parcels ORDER BY seq LIMIT 1"
    ).fetchone()
    return row


def drop(tx: Tx, seq: int) -> None:
    """Take a parcel away."""
    tx.execute("DELETE FROM transfer_parcels WHERE seq = ?", (seq,))


def drop_all(tx: Tx) -> None:
    """Take all parcels away that wait."""
    tx.execute("DELETE FROM transfer_parcels")


def _spelled(tally: Tally) -> str:
    return msgspec.json.encode(tally).decode()
