"""Those who watch a search as records arrive: one reader for all of them, and a bounded queue for each.

All of it belongs to the event loop, but for what the reader does on its snapshot.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from typing import NamedTuple

from logserver.core.faults import Conflict
from logserver.store.arrivals import BACKLOG_IDS, haul
from logserver.store.database import Database
from logserver.store.errors import StoreBusy
from logserver.store.events import Event
from logserver.store.following import forgotten, newest_seq
from logserver.store.search import Search
from logserver.store.tx import Tx

MOST_TAILS = 50
MOST_OF_USER = 10
MOST_LINES = 200
"""What a watcher may have waiting; the oldest are dropped, and counted."""

STOPPED = "The server is stopping."
PULSE_SECONDS = 0.25
"""How often the reader looks for what has arrived."""

Shape = Callable[[Event], bytes]
"""Makes what a watcher is sent of an event; it runs in the reader's thread."""


class Taken(NamedTuple):
    """What comes next for a watcher."""

    lines: list[bytes]
    dropped: int
    """How many records were left out before them."""
    seq: int
    """What arrived up to here has been looked at."""


class Tail:
    """One who watches; made by Tails.join()."""

    def __init__(self, search: Search, shape: Shape, user: str, seq: int) -> None:
        self.search = search
        self.shape = shape
        self.user = user
        self.seq = seq
        self.gap = False
        """Whether something arrived before this that nobody can be sent any more."""
        self.ended: str | None = None
        """Why it has ended, in words fit to be shown."""
        self._lines: deque[bytes] = deque()
        self._dropped = 0
        self._news = asyncio.Event()

    def bring(self, lines: list[bytes], dropped: int, seq: int) -> int:
        """Add lines, and that some were dropped before them; returns how many are left out by now."""
        self._lines += lines
        self.seq = seq
        while len(self._lines) > MOST_LINES:
            self._lines.popleft()
            dropped += 1
        self._dropped += dropped
        if lines or dropped:
            self._news.set()
        return dropped

    def end(self, reason: str) -> None:
        """Nothing comes any more, after what is held."""
        self.ended = self.ended or reason
        self._news.set()

    async def wait(self, seconds: float) -> None:
        """Until there is something to take, or so many seconds have passed."""
        try:
            await asyncio.wait_for(self._news.wait(), seconds)
        except TimeoutError:
            return

    def take(self) -> Taken:
        """All that is held."""
        taken = Taken(list(self._lines), self._dropped, self.seq)
        self._lines.clear()
        self._dropped = 0
        if self.ended is None:
            self._news.clear()
        return taken


class Tails:
    """All watchers of a server. ``one_pass`` is run by a job every PULSE_SECONDS."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._tails: set[Tail] = set()
        self.dropped = 0
        """How many records were left out for those who fell behind, all of them together."""
        self._seq = 0
        self._closed = False
        self._reading = asyncio.Lock()

    def __len__(self) -> int:
        return len(self._tails)

    async def join(self, search: Search, shape: Shape, user: str, after_seq: int | None = None) -> Tail:
        """A new watcher of a search: of what arrives from now on, or has arrived after ``after_seq``.

        Raises QuerySyntaxError, Conflict where there are too many, StoreBusy where the server is stopping.
        """
        search.query()
        self._require_room(user)
        seq = await self._database.look_up(newest_seq)
        async with self._reading:  # a pass under way would go on to where this one has not been
            self._require_room(user)
            # Nobody was watching: what has arrived meanwhile is nobody's news.
            self._seq = self._seq if self._tails else seq
            tail = Tail(search, shape, user, self._seq)
            self._tails.add(tail)
        if after_seq is not None and after_seq < tail.seq:
            try:
                lines, dropped, tail.gap = await self._database.read(_caught_up, search, shape, after_seq)
            except BaseException:
                self.leave(tail)
                raise
            self.dropped += tail.bring(lines, dropped, tail.seq)
        return tail

    def leave(self, tail: Tail) -> None:
        """A watcher has gone."""
        self._tails.discard(tail)

    async def one_pass(self, _now_ms: int) -> bool:
        """Look once for what has arrived, for all; whether there is more already."""
        if not self._tails:
            return False
        async with self._reading:
            watching = {tail: (tail.search, tail.shape) for tail in self._tails}
            brought = await self._database.read(_read, watching, self._seq)
            self._seq = brought.seq
        for tail in watching:
            self.dropped += tail.bring(brought.lines.get(tail, []), brought.dropped.get(tail, 0), brought.seq)
        return brought.more

    def close(self) -> None:
        """End all: the server is stopping."""
        self._closed = True
        for tail in self._tails:
            tail.end(STOPPED)

    def _require_room(self, user: str) -> None:
        if self._closed:
            raise StoreBusy("the server is stopping", retry_after=5)
        if len(self._tails) >= MOST_TAILS:
            raise Conflict(f"{MOST_TAILS} live tails are open, the most there may be")
        if sum(tail.user == user for tail in self._tails) >= MOST_OF_USER:
            raise Conflict(f"you have {MOST_OF_USER} live tails open, the most there may be; close one first")


class _Brought(NamedTuple):
    lines: dict[Tail, list[bytes]]
    dropped: dict[Tail, int]
    seq: int
    more: bool


def _read(tx: Tx, watching: Mapping[Tail, tuple[Search, Shape]], seq: int) -> _Brought:
    hauled = haul(tx, {tail: search for tail, (search, _) in watching.items()}, seq, most=MOST_LINES)
    lines = {tail: [watching[tail][1](event) for event in found] for tail, found in hauled.found.items()}
    return _Brought(lines, hauled.lost, hauled.seq, hauled.more)


def _caught_up(tx: Tx, search: Search, shape: Shape, seq: int) -> tuple[list[bytes], int, bool]:
    hauled = haul(tx, {0: search}, seq, most=MOST_LINES, examined_ids=BACKLOG_IDS)
    return [shape(event) for event in hauled.found.get(0, [])], hauled.lost.get(0, 0), forgotten(tx, seq)
