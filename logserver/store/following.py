"""Follows a search as events arrive, whenever they happened: the cursor is the order of arrival."""

import json
import sqlite3

from logserver.store import events, scan
from logserver.store.ids import LOCAL_BITS
from logserver.store.rowcheck import Look, check
from logserver.store.search import Search
from logserver.store.tokens import Tokenizer
from logserver.store.tx import Tx

EXAMINED_IDS = 20_000
"""How many arrived events one call looks at before it returns with the way to go on."""

_ARRIVED = "SELECT seq, project, ids FROM arrivals WHERE seq > ? ORDER BY seq"
# The ids' own order is the order of insertion within a transaction.
_ROWS = f"SELECT {events.COLUMNS} FROM events WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id"


def newest_seq(tx: Tx) -> int:
    """The cursor of "from now on": the number of the newest arrival, which is always kept."""
    return int(tx.execute("SELECT max(seq) FROM arrivals").fetchone()[0] or 0)


def forgotten(tx: Tx, after_seq: int) -> bool:
    """Whether arrivals after ``after_seq`` are known no more: they are kept for an hour."""
    (oldest,) = tx.execute("SELECT min(seq) FROM arrivals").fetchone()
    return oldest is not None and oldest > after_seq + 1


def arrived(
    tx: Tx, search: Search, after_seq: int, limit: int, *, examined_ids: int = EXAMINED_IDS
) -> tuple[list[events.Event], int]:
    """What arrived after ``after_seq`` and satisfies the search, in order of arrival, and the seq it goes to.

    An arrival is never split, so there may be more than ``limit`` events by what one transaction brought; and
    after ``examined_ids`` ids, or at the caller's deadline, it ends early. There is more while the returned
    seq is below newest_seq.
    """
    found: list[events.Event] = []
    seq, examined = after_seq, 0
    spans = {span.low >> LOCAL_BITS: span for span in search.spans()}
    with Tokenizer() as tokenizer:
        decide = check(search.query(), tokenizer)
        try:
            for number, project, packed in tx.execute(_ARRIVED, (after_seq,)):
                if len(found) >= limit or examined >= examined_ids:
                    break
                span = spans.get(project)
                if span is not None:
                    ids = [event_id for event_id in unpacked(packed) if span.low <= event_id <= span.high]
                    examined += len(ids)
                    rows = tx.execute(_ROWS, (json.dumps(ids),)).fetchall()
                    found += [events.from_row(row) for row in rows if decide(Look(row, tokenizer))]
                seq = number
        except sqlite3.OperationalError as error:
            scan.raise_unless_interrupted(error)
    return found, seq


def unpacked(packed: bytes) -> list[int]:
    """The ids of an arrival, in the order of insertion."""
    return [int.from_bytes(packed[at : at + 8], "big") for at in range(0, len(packed), 8)]
