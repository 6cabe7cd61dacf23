"""How many events the store holds, by a count that is not made anew too often."""

from collections.abc import Callable

from logserver.store import countings
from logserver.store.database import Database

_SECONDS = 1.0
_SHARE = 0.02
"""A count is gone by for so long, and for longer where counting would take more of the time than this."""


class Held:
    """Counts events for a job."""

    def __init__(self, database: Database, monotonic: Callable[[], float]) -> None:
        self._database = database
        self._monotonic = monotonic
        self._held = 0
        self._again_at = 0.0

    async def count(self) -> int:
        """How many there are, or were a little while ago."""
        begun = self._monotonic()
        if begun >= self._again_at:
            self._held = await self._database.read(countings.held)
            ended = self._monotonic()
            self._again_at = ended + max(_SECONDS, (ended - begun) / _SHARE)
        return self._held
