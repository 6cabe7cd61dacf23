"""What keeps the file quick: index merges and checkpoints, paced by the writer between its transactions."""

import logging
import sqlite3
from collections.abc import Callable
from typing import NamedTuple

from logserver.store.mishaps import Mishaps, is_damage

logger = logging.getLogger("logserver.store")

MERGE_EVERY = 8
"""Transactions between two merges of the index; never skipped, unmerged segments make every search slower."""

MERGE_PAGES = 16
CHECKPOINT_AFTER = 2_000
"""Rows since the last checkpoint, a transaction weighing as much as eight, after which the log is copied back."""

_TRANSACTION_WEIGHT = 8
_PAGE_WEIGHT = 4
_IDLE_AFTER = 0.05
_TRUNCATE_AFTER = 1.0
_IDLE_MERGE_PAGES = 64


class Checkpointed(NamedTuple):
    """The last checkpoint: when on the monotonic clock, pages in the log, and pages copied back."""

    at: float
    log: int
    copied: int


class Upkeep:
    """Knows what was written since the last merge and checkpoint. Used by the writer's thread only."""

    def __init__(self, connection: sqlite3.Connection, monotonic: Callable[[], float], mishaps: Mishaps) -> None:
        self._connection = connection
        self._mishaps = mishaps
        self._monotonic = monotonic
        self._transactions = 0
        self._weight = 0
        self._merged = True
        self._merges = True
        self._failed = False
        self._truncated = True
        self.last: Checkpointed | None = None

    def before_commit(self, rows: int, deleted: int = 0, pages: int = 0) -> None:
        """Inside the transaction that inserted ``rows``, and deleted others: merge a little of the index now and then.

        ``pages`` were written beside them. Where the index is damaged the transaction fails, and none is merged any
        more (gave_up_merging).
        """
        self._weight += deleted + pages * _PAGE_WEIGHT
        if (rows or deleted) and self._merges:
            self._merged = False
            self._transactions += 1
            if self._transactions >= MERGE_EVERY:
                self._transactions = 0
                try:
                    self.merge(MERGE_PAGES)
                except sqlite3.DatabaseError as error:
                    self._note(error)
                    raise

    def gave_up_merging(self) -> bool:
        """Whether the transaction that has just failed did so because the index is damaged; true once."""
        failed, self._failed = self._failed, False
        return failed

    def _note(self, error: sqlite3.Error) -> None:
        if is_damage(error):
            # What there is of the index can be read and added to, only slower and slower until it is made anew.
            self._merges, self._merged, self._failed = False, True, True

    def after_commit(self, rows: int) -> None:
        """After a commit was answered: checkpoint when enough has been written since the last one.

        A checkpoint that fails takes nothing back; the log goes on and the next one tries again.
        """
        self._weight += rows + _TRANSACTION_WEIGHT
        self._truncated = False
        if self._weight >= CHECKPOINT_AFTER:
            try:
                self.checkpoint("PASSIVE")
            except sqlite3.Error as error:
                logger.warning("checkpoint put off: %s", error)
                self._weight = 0

    def merge(self, pages: int) -> None:
        """Merge up to ``pages`` pages of the index; part of the open transaction if there is one."""
        self._connection.execute("INSERT INTO event_words (event_words, rank) VALUES ('merge', ?)", (pages,))

    def checkpoint(self, mode: str) -> None:
        """Copy the log back into the database; what readers still need stays for the next time."""
        busy, log, copied = self._connection.execute(f"PRAGMA wal_checkpoint({mode})").fetchone()
        self.last = Checkpointed(self._monotonic(), log, copied)
        self._weight = 0
        self._truncated = mode == "TRUNCATE" and not busy

    def patience(self) -> float | None:
        """Seconds the writer may wait for work before idle() has something to do; None for ever."""
        if not self._merged:
            return _IDLE_AFTER
        return None if self._truncated else _TRUNCATE_AFTER

    def idle(self) -> None:
        """One small step of what is better done while nobody waits."""
        try:
            if not self._merged:
                changes = self._connection.total_changes
                self.merge(_IDLE_MERGE_PAGES)
                # The index reports a merge that found nothing to do as a single change.
                self._merged = self._connection.total_changes - changes < 2
                self._weight += _IDLE_MERGE_PAGES
            else:
                self.checkpoint("TRUNCATE")
                # A reader may hold the log; there is no hurry to try again before the next write.
                self._truncated = True
        except sqlite3.Error as error:
            logger.info("upkeep put off: %s", error)
            self._note(error)
            if self.gave_up_merging():
                self._mishaps.damaged(error)
            self._merged = self._truncated = True

    def finish(self) -> None:
        """Leave everything in the one file when the writer stops."""
        try:
            self.checkpoint("TRUNCATE")
        except sqlite3.Error as error:
            logger.info("last checkpoint put off: %s", error)
