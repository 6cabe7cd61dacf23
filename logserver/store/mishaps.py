"""What goes wrong with the store's file, told apart: what passes, such as a full disk, and damage, which stays.

Damage is a page that SQLite cannot make sense of. It fails what touches that page and nothing else, and SQLite sees it
only where the structure of a page is broken: pages have no checksums.
"""

import logging
import sqlite3
from collections.abc import Callable
from pathlib import Path
from threading import Lock

from logserver.store.errors import StoreBusy, StoreDamaged

logger = logging.getLogger("logserver.store")

TROUBLE_SECONDS = 10.0
TOLD_EVERY_SECONDS = 600.0
"""Damage is logged as often, however many requests run into it."""

_TEMPORARY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}
"""Errors of the machine, not of a request: nothing was stored, and the same request is welcome later."""

_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


def is_temporary(error: BaseException) -> bool:
    """Whether an error is the machine's and may pass."""
    return (getattr(error, "sqlite_errorcode", 0) & 0xFF) in _TEMPORARY


def is_damage(error: BaseException) -> bool:
    """Whether an error says that the file is damaged."""
    return (getattr(error, "sqlite_errorcode", 0) & 0xFF) in _DAMAGED


class Mishaps:
    """The mishaps of one process, for its log, its pages and those who asked. Safe to use from several threads."""

    def __init__(self, folder: Path, monotonic: Callable[[], float]) -> None:
        self._folder = folder
        self._monotonic = monotonic
        self._troubled: tuple[float, str] | None = None
        self._told: float | None = None
        self._lock = Lock()
        self.damage: str | None = None
        """What SQLite said of the damage that was met last; None where none was met."""

    def refusal(self, error: Exception) -> Exception:
        """What the one who asked is told of an error: StoreBusy, StoreDamaged, or the error itself."""
        if is_damage(error):
            return self.damaged(error)
        if not is_temporary(error):
            return error
        if self._troubled is None:
            logger.error("the store cannot be written: %s", error)
        self._troubled = (self._monotonic(), str(error))
        busy = StoreBusy(f"the store cannot be written now: {error}", retry_after=5, reason="unwritable")
        busy.__cause__ = error
        return busy

    def damaged(self, error: BaseException) -> StoreDamaged:
        """Take note of damage; what the one who ran into it is told."""
        now = self._monotonic()
        with self._lock:
            self.damage = str(error)
            due = self._told is None or now - self._told >= TOLD_EVERY_SECONDS
            if due:
                self._told = now
        if due:
            logger.critical(
                "the store is damaged: %s; what does not touch the damaged part goes on."
                " To see what it is and what can be done: logserver doctor --data %s",
                error,
                self._folder,
            )
        damaged = StoreDamaged()
        damaged.__cause__ = error
        return damaged

    def committed(self) -> None:
        """Telemetry was committed: what was in the way is gone."""
        self._troubled = None

    def trouble(self) -> str | None:
        """Why telemetry could not be committed, if that was in the last seconds and nothing was committed since."""
        troubled = self._troubled
        if troubled is None or self._monotonic() - troubled[0] > TROUBLE_SECONDS:
            return None
        return troubled[1]
