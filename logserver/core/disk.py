"""Keeps the server from filling its disk: below a floor new telemetry is refused, and welcome again above it."""

import logging
import shutil
from collections.abc import Callable

from logserver.store import connections, space
from logserver.store.database import Database

logger = logging.getLogger("logserver.disk")

SHORT = "the server's disk is nearly full; nothing was stored"


class DiskWatch:
    """Looks at the free space of the store's disk; its job runs every second.

    What the log has yet to add to the database file counts as taken: it must be copied back whatever happens.
    ``otherwise`` says why telemetry is refused where the disk is no reason.
    """

    def __init__(self, database: Database, floor_bytes: int, otherwise: Callable[[], str | None]) -> None:
        self._database = database
        self._floor = floor_bytes
        self._otherwise = otherwise
        self._reason: str | None = None

    async def look(self, _now_ms: int) -> bool:
        """One pass."""
        folder = self._database.folder
        taken = await self._database.look_up(space.read)
        owed = max(taken.size - (folder / connections.FILE).stat().st_size, 0)
        free = max(shutil.disk_usage(folder).free - owed, 0)
        reason = SHORT if free < self._floor or not free else self._otherwise()
        if reason != self._reason:
            self._reason = self._database.refusing = reason
            if reason is not None:
                logger.error("new events are refused: %s; %d MB of disk are free", reason, free // 1_000_000)
            else:
                logger.warning("events are welcome again; %d MB of disk are free", free // 1_000_000)
        return False
