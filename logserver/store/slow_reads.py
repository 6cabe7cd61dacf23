"""What is remembered of reads that took long: which function, how often, and the statement that took most of it.

Statements are kept as they stand in the source, with marks where their values go: nothing that a user sent or searched
for is in them. What is remembered is in memory only, and ends with the process.
"""

import sqlite3
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Any, NamedTuple

from logserver.store.spread import Spread
from logserver.store.throughput import SECONDS

SLOW_SECONDS = 0.1
"""A read that takes as long is remembered."""

MOST = 50
"""Functions that are remembered; the one that was slow longest ago makes room for another."""

_LONGEST_STATEMENT = 1_000


class SlowRead(NamedTuple):
    """The slow reads of one function; times are Unix milliseconds, durations seconds."""

    name: str
    """Where the function stands: its module below ``logserver`` and its name."""
    times: int
    ended: int
    """How many of them were ended by the time limit."""
    total: float
    longest: float
    longest_at: int
    last_at: int
    statement: str
    """The statement that took most of the longest one; empty where there was none."""
    statement_seconds: float


class SlowReads:
    """The slow reads of a process, by function. Safe to use from several threads."""

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self._now_ms = now_ms
        self._lock = Lock()
        self.seconds = Spread(SECONDS)
        """How long reads took, the quick ones too."""
        self.slow = 0
        self.ended = 0
        """How many were slow, and how many the time limit has ended."""
        self._known: OrderedDict[str, SlowRead] = OrderedDict()

    def note(
        self, function: Callable[..., Any], seconds: float, statement: tuple[str, float], *, ended: bool = False
    ) -> None:
        """Remember a read, if it was slow; ``statement`` is the longest one of it, with its seconds."""
        with self._lock:
            self.seconds.add(seconds)
            self.slow += seconds >= SLOW_SECONDS
            self.ended += ended
        if seconds < SLOW_SECONDS:
            return
        name, now = _name(function), self._now_ms()
        with self._lock:
            known = self._known.pop(name, None) or SlowRead(name, 0, 0, 0.0, 0.0, now, now, "", 0.0)
            known = known._replace(
                times=known.times + 1, ended=known.ended + ended, total=known.total + seconds, last_at=now
            )
            if seconds >= known.longest:
                text, taken = statement
                known = known._replace(
                    longest=seconds,
                    longest_at=now,
                    statement=" ".join(text.split())[:_LONGEST_STATEMENT],
                    statement_seconds=taken,
                )
            self._known[name] = known
            if len(self._known) > MOST:
                self._known.popitem(last=False)

    def listed(self) -> list[SlowRead]:
        """What is remembered, the longest first."""
        with self._lock:
            return sorted(self._known.values(), key=lambda each: each.longest, reverse=True)


class Timed(sqlite3.Connection):
    """A connection that knows which of its statements took longest since it was told to begin.

    A statement ends where the next one begins: SQLite works while its rows are fetched.
    """

    _monotonic: Callable[[], float] | None = None
    _text = ""
    _since = 0.0
    _longest = ("", 0.0)

    def begin(self, monotonic: Callable[[], float]) -> None:
        """Forget what was, and measure from now on."""
        self._monotonic = monotonic
        self._text, self._since, self._longest = "", monotonic(), ("", 0.0)

    def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
        """As sqlite3 does."""
        if self._monotonic is not None:
            self.longest()
            self._text = sql
        return super().execute(sql, *parameters)

    def longest(self) -> tuple[str, float]:
        """The statement that took longest so far, with its seconds."""
        if self._monotonic is not None:
            now = self._monotonic()
            if self._text and now - self._since >= self._longest[1]:
                self._longest = (self._text, now - self._since)
            self._since = now
        return self._longest


def _name(function: Callable[..., Any]) -> str:
    inner = getattr(function, "func", function)  # of a partial
    module = str(getattr(inner, "__module__", "")).removeprefix("logserver.")
    qualified = str(getattr(inner, "__qualname__", type(inner).__name__)).replace(".<locals>", "")
    return f"{module}.{qualified}"
