"""Gives room back: what deleted events leave in the full-text index, and what of the file holds nothing any more."""

import logging
from collections.abc import Callable

from logserver.core.trimming import reclaimable
from logserver.store import countings, index, space
from logserver.store.database import Database
from logserver.store.errors import StoreBusy
from logserver.store.tx import Tx
from logserver.store.writer import WriteTx

logger = logging.getLogger("logserver.space")

EVERY_SECONDS = 0.1
"""Between passes while telemetry waits to be written; when none does they follow on one another."""

_REST_SECONDS = 2.0
"""Between two looks at whether there is something to do."""

MERGED_PAGES = 4
"""Pages of the index a pass writes; the time it takes grows with them."""

_HURRIED_PAGES = 64
"""The same while what arrives is outrunning what goes."""

_FEW_SEGMENTS = 40
"""Each pass looks at all segments, so they are first merged in the usual way until there are no more than this."""

GIVEN_PAGES = 64
"""Pages of the file a pass gives back."""

LEAST_DELETED = 5_000
"""Deleted events below which merging the index as a whole is not worth it."""

_DELETED_SHARE = 0.2
"""Of the events of the store: from there on it is, as each event is then written anew about five times in its life."""

_KEPT_SHARE = 8
_KEPT_BYTES = 8_000_000
"""What is left unused in the file, an eighth of what is used or this: it is needed again soon."""


class Compaction:
    """Gives room back in small passes; its job runs ten times a second and mostly has nothing to do."""

    def __init__(
        self, database: Database, monotonic: Callable[[], float], limit: int, hurried: Callable[[], bool]
    ) -> None:
        self._database = database
        self._monotonic = monotonic
        self._limit = limit
        self._hurried = hurried
        self._look_at = 0.0
        self._merging = False
        self._giving = False

    async def one_pass(self, _now_ms: int) -> bool:
        """Merge or give back a little; returns whether to go on at once."""
        merging, giving = self._merging, self._giving
        # Where this fails, as on a full disk, what was begun is found again when it is looked for.
        self._merging = self._giving = False
        if not (merging or giving):
            if self._monotonic() < self._look_at:
                return False
            self._look_at = self._monotonic() + _REST_SECONDS
            merging = await self._database.read(worth_merging, self._limit)
        try:
            return await self._pass(merging=merging)
        except StoreBusy:
            return False  # on a full disk there is no room to make room in

    async def _pass(self, *, merging: bool) -> bool:
        hurried = merging and self._hurried()
        if merging:
            self._merging = await self._database.write(_merge, hurried)
            if not self._merging:
                self._look_at = 0.0
        else:
            keep = 0 if self._database.refusing is not None else None
            self._giving = bool(await self._database.write(_give_back, self._limit, keep))
        return hurried or ((self._merging or self._giving) and not self._database.queued_rows)


def worth_merging(tx: Tx, limit: int) -> bool:
    """Whether the index holds enough of deleted events to be merged as a whole, or such a merge is under way.

    That is a fifth of the events, or a twentieth of the bytes that the store may take (0: any).
    """
    owed = index.owed(tx)
    if owed.merging is not None:
        return True
    if owed.deleted < LEAST_DELETED:
        return False
    held = countings.held(tx)
    return owed.deleted >= held * _DELETED_SHARE or bool(limit and reclaimable(tx, held) > limit // 20)


def _merge(tx: WriteTx, hurried: bool) -> bool:  # noqa: FBT001 - passed on by position
    """One step; whether there is more."""
    pages = _HURRIED_PAGES if hurried else MERGED_PAGES
    tx.batch.pages += pages
    if index.owed(tx).merging is None:
        if hurried or index.segments(tx) <= _FEW_SEGMENTS:
            index.begin_whole_merge(tx)
        else:
            index.merge(tx, pages)
    elif index.merged(tx):
        index.end_whole_merge(tx)
        return False
    else:
        index.merge(tx, pages)
    return True


def _give_back(tx: WriteTx, limit: int, keep: int | None) -> int:
    """Give back pages beyond what is kept unused, and beyond the limit; returns how many."""
    taken = space.read(tx)
    kept = max(taken.used // _KEPT_SHARE, _KEPT_BYTES) if keep is None else keep
    over = max(taken.unused - kept, min(taken.size - limit, taken.unused) if limit else 0)
    pages = min(over // taken.page, GIVEN_PAGES)
    tx.batch.pages += max(pages, 0)
    return space.give_back(tx, pages) if pages > 0 else 0
