"""How fast the server clears away: in large passes while nobody sends, in small ones with rests between them else."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from logserver.store.database import Database

ROWS = 200
"""What a pass deletes while nobody sends."""

ROWS_BESIDE = 50
"""The same while somebody does: who comes in the middle of a pass waits for its end."""

_RESTS = 6.0
"""How many times as long as a pass took there is a rest after it, so that most who send meet none."""

_LONGEST_REST = 0.25
_BUSY_SECONDS = 0.5
"""For how long somebody who was seen to wait for the writer counts as still sending."""


class Pace:
    """The pace of one job."""

    def __init__(self, database: Database, monotonic: Callable[[], float]) -> None:
        self._database = database
        self._monotonic = monotonic
        self._busy_until = 0.0

    def busy(self) -> bool:
        """Whether telemetry has been waiting to be written just now."""
        now = self._monotonic()
        if self._database.queued_rows:
            self._busy_until = now + _BUSY_SECONDS
        return now < self._busy_until

    def rows(self) -> int:
        """How many rows the next pass may delete."""
        return ROWS_BESIDE if self.busy() else ROWS

    @asynccontextmanager
    async def leisurely(self) -> AsyncIterator[None]:
        """A pass, and the rest after it."""
        begun = self._monotonic()
        yield
        took = self._monotonic() - begun
        if self.busy():
            await asyncio.sleep(min(took * _RESTS, _LONGEST_REST))
