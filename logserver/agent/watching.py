"""Lines that somebody watches: chosen by the thread that reads, taken by the task that sends, bounded in between."""

import threading
from collections import Counter, deque
from collections.abc import Callable, Mapping
from typing import NamedTuple

import msgspec

from logserver.agent.parcels import MOST_CHARACTERS
from logserver.core.lines.filters import LineFilter
from logserver.core.lines.lines import LogLine
from logserver.core.times import iso_text

MOST_LINES = 1_000
MOST_BYTES = 1_000_000
"""What may wait for a slow server, all watchers together; beyond it the oldest lines are dropped and counted."""

FRAME_BYTES = 256_000
"""About how much is sent at a time; a single line may be larger."""

_MOST_METADATA = 300_000


class Shown(msgspec.Struct, omit_defaults=True):
    """A line as watchers see it, with the sessions that want it."""

    message: str
    source: str
    sessions: list[str]
    level: str = ""
    timestamp: str | None = None
    metadata: dict[str, object] = {}


class Taken(NamedTuple):
    """What is to be sent: lines as JSON with their sessions, and how many lines each session missed."""

    lines: list[tuple[bytes, list[str]]]
    dropped: dict[str, int]


class Watching:
    """Who watches, and what waits for them. While nobody does, a line costs nothing."""

    def __init__(self, on_lines: Callable[[], None], on_watchers: Callable[[], None]) -> None:
        """``on_lines`` is called, in the reading thread, when something waits where nothing did.

        ``on_watchers`` is called when those who watch have changed.
        """
        self._on_lines = on_lines
        self._on_watchers = on_watchers
        self._lock = threading.Lock()
        self._filters: Mapping[str, LineFilter] = {}
        self._waiting: deque[tuple[bytes, list[str]]] = deque()
        self._bytes = 0
        self._dropped: Counter[str] = Counter()

    @property
    def watched(self) -> bool:
        """Whether anybody watches."""
        return bool(self._filters)

    def use(self, filters: Mapping[str, LineFilter]) -> None:
        """These sessions watch now, and no other; what waits for nobody is forgotten."""
        with self._lock:
            self._filters = dict(filters)
            if not filters:
                self._waiting.clear()
                self._dropped.clear()
                self._bytes = 0
        self._on_watchers()

    def leave(self, session: str) -> None:
        """A session has ended."""
        self.use({known: wanted for known, wanted in self._filters.items() if known != session})

    def offer(self, line: LogLine) -> None:
        """Keep a line for those who want it."""
        sessions = [session for session, wanted in self._filters.items() if wanted.wants(line)]
        if not sessions:
            return
        data = _shown(line, sessions)
        with self._lock:
            if not self._filters:
                return
            first = not self._waiting
            self._waiting.append((data, sessions))
            self._bytes += len(data)
            while len(self._waiting) > MOST_LINES or (self._bytes > MOST_BYTES and len(self._waiting) > 1):
                gone, missed = self._waiting.popleft()
                self._bytes -= len(gone)
                self._dropped.update(missed)
        if first:
            self._on_lines()

    def take(self) -> Taken:
        """The oldest of what waits, about a frame of it."""
        lines, size = [], 0
        with self._lock:
            while self._waiting and size + len(self._waiting[0][0]) <= max(FRAME_BYTES, len(self._waiting[0][0])):
                lines.append(self._waiting.popleft())
                size += len(lines[-1][0])
            self._bytes -= size
            dropped, self._dropped = dict(self._dropped), Counter()
        return Taken(lines, dropped)


def _shown(line: LogLine, sessions: list[str]) -> bytes:
    shown = Shown(
        line.message[:MOST_CHARACTERS],
        line.source,
        sessions,
        line.level,
        None if line.time is None else iso_text(line.time),
        line.fields,
    )
    data = msgspec.json.encode(shown)
    if len(data) > _MOST_METADATA and line.fields:
        shown.metadata = {"truncated": True}
        data = msgspec.json.encode(shown)
    return data
