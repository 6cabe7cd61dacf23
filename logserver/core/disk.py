"""Keeps the server from filling its disk: below a floor new telemetry is refused, and welcome again above it."""

import logging
import shutil

from logserver.store.database import Database

logger = logging.getLogger("logserver.disk")


class DiskWatch:
    """Looks at the free space of the store's disk; its job runs every few seconds."""

    def __init__(self, database: Database, floor_bytes: int) -> None:
        self._database = database
        self._floor = floor_bytes

    async def look(self, _now_ms: int) -> bool:
        """One pass."""
        free = shutil.disk_usage(self._database.folder).free
        short = free < self._floor
        if short and self._database.refusing is None:
            logger.error("only %d MB of disk are free; new events are refused", free // 1_000_000)
        elif not short and self._database.refusing is not None:
            logger.warning("%d MB of disk are free again; events are welcome", free // 1_000_000)
        self._database.refusing = "the server's disk is nearly full; nothing was stored" if short else None
        return False
