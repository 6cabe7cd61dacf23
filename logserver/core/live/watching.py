"""What one who watches live lines has yet to be sent: bounded, the oldest lost first and counted."""

from collections import deque
from collections.abc import Callable
from typing import NamedTuple

MOST_LINES = 2_000
MOST_CHARACTERS = 2 * 1024 * 1024
SCANT_CHARACTERS = 32 * 1024
"""What one may hold where all of them together hold too much."""
ALL_CHARACTERS = 64 * 1024 * 1024
"""What all watchers of a server may hold together."""


class Lost(NamedTuple):
    """So many lines were dropped, before those that come next."""

    lines: int


class Ending(NamedTuple):
    """The session ends by itself in so many seconds."""

    seconds: int


class Ended(NamedTuple):
    """The session has ended; nothing comes after this."""

    reason: str


Told = str | Lost | Ending | Ended
"""What a watcher is sent: a line as it was encoded once for all, or a word about the session."""


class Store:
    """What all watchers of a server hold together, in characters."""

    def __init__(self, limit: int = ALL_CHARACTERS) -> None:
        self.limit = limit
        self.held = 0
        self.lost = 0
        """How many lines were lost, of all watchers there have been."""


def nobody() -> None:
    """Wakes nobody."""


class Watcher:
    """One who watches a session; ``wake`` is called whenever there is something to take."""

    def __init__(self, session_id: str, store: Store, wake: Callable[[], None] = nobody) -> None:
        self.session_id = session_id
        self.wake = wake
        self.ends: Callable[[], None] = nobody
        """Called when the session ends, beside ``wake``: whoever does not read on is not waited for long."""
        self._store = store
        self._lines: deque[str] = deque()
        self._size = 0
        self._lost = 0
        self._ending: int | None = None
        self._warned = False
        self._ended: str | None = None

    def push(self, line: str) -> None:
        """Add a line; where there is no room, the oldest are lost."""
        if self._ended is not None:
            return
        self._lines.append(line)
        self._grow(len(line))
        while len(self._lines) > MOST_LINES or self._size > self._room():
            self._grow(-len(self._lines.popleft()))
            self._lost += 1
            self._store.lost += 1
        self.wake()

    def lose(self, count: int) -> None:
        """Note lines that were lost on their way here."""
        if self._ended is None and count > 0:
            self._lost += count
            self._store.lost += count
            self.wake()

    def warn(self, seconds: int) -> None:
        """Tell, once, that the session ends in so many seconds."""
        if not self._warned and self._ended is None:
            self._warned = True
            self._ending = seconds
            self.wake()

    def end(self, reason: str) -> None:
        """Tell that the session has ended, after what is held."""
        if self._ended is None:
            self._ended = reason
            self.wake()
            self.ends()

    def leave(self) -> None:
        """Let go of what is held: nobody takes it any more."""
        self._grow(-self._size)
        self._lines.clear()

    def take(self, most: int) -> list[Told]:
        """What comes next, at most so many lines; empty where there is nothing."""
        told: list[Told] = []
        if self._ending is not None:
            told.append(Ending(self._ending))
            self._ending = None
        if self._lost:
            told.append(Lost(self._lost))
            self._lost = 0
        for _ in range(min(most, len(self._lines))):
            line = self._lines.popleft()
            self._grow(-len(line))
            told.append(line)
        if self._ended is not None and not self._lines:
            told.append(Ended(self._ended))
        return told

    def _room(self) -> int:
        return MOST_CHARACTERS if self._store.held <= self._store.limit else SCANT_CHARACTERS

    def _grow(self, size: int) -> None:
        self._size += size
        self._store.held += size
