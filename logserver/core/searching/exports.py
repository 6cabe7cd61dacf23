"""Exports under way: how many there may be at a time, and how far each has come."""

import msgspec

from logserver.core.clock import Clock
from logserver.core.faults import Conflict

MOST = 20
MOST_OF_USER = 3
KEPT_SECONDS = 120.0
"""How long it is known how an export has ended."""


class Progress(msgspec.Struct):
    """How far an export has come."""

    events: int = 0
    bytes: int = 0
    state: str = "running"
    """running, done, or broken."""
    reason: str = ""
    """Why it is broken, in words fit to be shown."""
    ended_at: float = 0.0


class Exports:
    """The exports of a server; those of a user are known by names that the user's browser has made up."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: dict[tuple[str, str], Progress] = {}

    def begin(self, user: str, name: str) -> Progress:
        """An export that begins; raises Conflict where there are too many, or one has that name."""
        self._forget()
        running = [whose for (whose, _), progress in self._known.items() if progress.state == "running"]
        if running.count(user) >= MOST_OF_USER:
            raise Conflict(f"{MOST_OF_USER} of your exports are under way, the most there may be; wait for one to end")
        if len(running) >= MOST:
            raise Conflict(f"{MOST} exports are under way, the most there may be; try again in a while")
        if (user, name) in self._known:
            raise Conflict("an export of this name is known already")
        progress = self._known[user, name] = Progress()
        return progress

    def find(self, user: str, name: str) -> Progress | None:
        """The export of a name, under way or ended a moment ago."""
        return self._known.get((user, name))

    def end(self, progress: Progress) -> None:
        """An export is over; one that was not done was broken off by the one who read it."""
        if progress.state == "running":
            progress.state, progress.reason = "broken", "The download was broken off."
        progress.ended_at = self._clock.monotonic()

    def _forget(self) -> None:
        limit = self._clock.monotonic() - KEPT_SECONDS
        self._known = {
            key: progress
            for key, progress in self._known.items()
            if progress.state == "running" or progress.ended_at > limit
        }
