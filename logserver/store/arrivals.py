"""Reads what arrives once for many who follow: one walk, every search checked on each row."""

import json
import sqlite3
from collections import deque
from collections.abc import Hashable, Mapping
from typing import Generic, NamedTuple, TypeVar

from logserver.store import events, scan
from logserver.store.following import newest_seq, unpacked
from logserver.store.ids import LOCAL_BITS
from logserver.store.rowcheck import Check, Look, check
from logserver.store.scan import Span
from logserver.store.search import Search
from logserver.store.tokens import Tokenizer
from logserver.store.tx import Tx

K = TypeVar("K", bound=Hashable)

EXAMINED_IDS = 2_000
"""How many arrived events one call looks at, so that it is short."""
BACKLOG_IDS = 10_000
"""How many may wait to be looked at; beyond that the oldest are passed over."""

_SIZES = "SELECT seq, project, length(ids) / 8 FROM arrivals WHERE seq > ? ORDER BY seq"
_IDS = "SELECT ids FROM arrivals WHERE seq = ?"
_ROWS = f"SELECT {events.COLUMNS} FROM events WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id"


class Haul(NamedTuple, Generic[K]):
    """What arrived for each search, in order of arrival."""

    found: dict[K, list[events.Event]]
    lost: dict[K, int]
    """How many events each search was not given: matches beyond ``most``, and events that were passed over."""
    seq: int
    """Where to go on."""
    more: bool
    """Whether there is more to look at already."""


class _Follower:
    def __init__(self, search: Search, tokenizer: Tokenizer, most: int) -> None:
        self.spans: dict[int, Span] = {span.low >> LOCAL_BITS: span for span in search.spans()}
        self.rows: deque[events.Row] = deque(maxlen=most)
        self.lost = 0
        self._decide: Check = check(search.query(), tokenizer)

    def offer(self, span: Span, look: Look) -> None:
        if span.low <= look.row[0] <= span.high and self._decide(look):
            self.lost += len(self.rows) == self.rows.maxlen
            self.rows.append(look.row)


def haul(
    tx: Tx,
    searches: Mapping[K, Search],
    after_seq: int,
    *,
    most: int,
    examined_ids: int = EXAMINED_IDS,
    backlog_ids: int = BACKLOG_IDS,
) -> Haul[K]:
    """What arrived after ``after_seq``, at most the ``most`` newest events for each search.

    An arrival is never split. At the caller's deadline it ends early, and the next call goes on from there.
    """
    newest = newest_seq(tx)
    if after_seq > newest:  # a store that was put back from a copy counts from an earlier arrival
        return Haul({}, {}, newest, more=False)
    with Tokenizer() as tokenizer:
        followers = {key: _Follower(search, tokenizer, most) for key, search in searches.items()}
        try:
            seq = _walk(tx, list(followers.values()), tokenizer, after_seq, examined_ids, backlog_ids)
        except sqlite3.OperationalError as error:
            scan.raise_unless_interrupted(error)
            seq = after_seq
    found = {key: [events.from_row(row) for row in each.rows] for key, each in followers.items() if each.rows}
    lost = {key: each.lost for key, each in followers.items() if each.lost}
    return Haul(found, lost, seq, seq < newest)


def _walk(  # noqa: PLR0917 - a part of haul()
    tx: Tx, followers: list[_Follower], tokenizer: Tokenizer, seq: int, examined_ids: int, backlog_ids: int
) -> int:
    """Offer what arrived after ``seq`` to those it concerns; the seq it came to."""
    wanted = {project for follower in followers for project in follower.spans}
    arrivals = tx.execute(_SIZES, (seq,)).fetchall()
    backlog = sum(size for _, project, size in arrivals if project in wanted)
    examined = 0
    for number, project, size in arrivals:
        if examined >= examined_ids:
            break
        concerned = [(each, each.spans[project]) for each in followers if project in each.spans]
        if concerned and backlog > backlog_ids:
            for follower, _ in concerned:
                follower.lost += size
        elif concerned:
            examined += size
            (packed,) = tx.execute(_IDS, (number,)).fetchone()
            for row in tx.execute(_ROWS, (json.dumps(unpacked(packed)),)):
                look = Look(row, tokenizer)
                for follower, span in concerned:
                    follower.offer(span, look)
        backlog -= size if concerned else 0
        seq = number
    return seq
