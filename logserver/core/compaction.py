"""Gives room back: what deleted events leave in the full-text index, and what of the file holds nothing any more."""

import logging
from collections.abc import Callable

from logserver.core.held import Held
from logserver.core.pace import Pace
from logserver.core.trimming import reclaimable
from logserver.store import index, space
from logserver.store.database import Database
from logserver.store.errors import StoreBusy
from logserver.store.writer import WriteTx

logger = logging.getLogger("logserver.space")

EVERY_SECONDS = 2.0

MERGED_PAGES = 4
"""Pages of the index a pass writes; the time it takes grows with them."""

_HURRIED_PAGES = 64
"""The same while what arrives is outrunning what goes."""

_FEW_SEGMENTS = 40
"""Each pass looks at all segments, so they are first merged in the usual way until there are no more than this."""

GIVEN_PAGES = 64
"""Pages of the file a pass gives back while nobody sends."""

GIVEN_PAGES_BESIDE = 16
"""The same while somebody does."""

LEAST_DELETED = 5_000
"""Deleted events below which merging the index as a whole is not worth it."""

_DELETED_SHARE = 0.2
"""Of the events of the store: from there on it is, as each event is then written anew about five times in its life."""

_KEPT_SHARE = 8
_KEPT_BYTES = 8_000_000
"""What is left unused in the file, an eighth of what is used or this: it is needed again soon."""


class Compaction:
    """Gives room back in small passes; its job mostly has nothing to do."""

    def __init__(
        self, database: Database, monotonic: Callable[[], float], limit: int, hurried: Callable[[], bool]
    ) -> None:
        self._database = database
        self._pace = Pace(database, monotonic)
        self._held = Held(database, monotonic)
        self._limit = limit
        self._hurried = hurried
        self._merging = False
        self._giving = False

    async def one_pass(self, _now_ms: int) -> bool:
        """Merge or give back a little; returns whether to go on at once."""
        merging, giving = self._merging, self._giving
        # Where this fails, as on a full disk, what was begun is found again when it is looked for.
        self._merging = self._giving = False
        if not (merging or giving):
            merging = await self._worth_merging()
        try:
            return await self._pass(merging=merging)
        except StoreBusy:
            return False  # on a full disk there is no room to make room in

    async def _pass(self, *, merging: bool) -> bool:
        if merging and self._hurried():
            self._merging = await self._database.write(_merge, _HURRIED_PAGES)
            return True
        async with self._pace.leisurely():
            if merging:
                self._merging = await self._database.write(_merge, MERGED_PAGES)
            else:
                keep = 0 if self._database.refusing is not None else None
                pages = GIVEN_PAGES_BESIDE if self._pace.busy() else GIVEN_PAGES
                self._giving = bool(await self._database.write(_give_back, pages, self._limit, keep))
        # What was merged may have left much to give back.
        return merging or self._giving

    async def _worth_merging(self) -> bool:
        """Whether the index holds enough of deleted events to be merged as a whole, or such a merge is under way.

        That is a fifth of the events, or a twentieth of the bytes that the store may take.
        """
        owed = await self._database.look_up(index.owed)
        if owed.merging is not None or owed.deleted < LEAST_DELETED:
            return owed.merging is not None
        held = await self._held.count()
        if owed.deleted >= held * _DELETED_SHARE:
            return True
        return bool(self._limit) and await self._database.look_up(reclaimable, held) > self._limit // 20


def _merge(tx: WriteTx, pages: int) -> bool:
    """One step that writes about so many pages; whether there is more."""
    tx.batch.pages += pages
    if index.owed(tx).merging is None:
        if pages == _HURRIED_PAGES or index.segments(tx) <= _FEW_SEGMENTS:
            index.begin_whole_merge(tx)
        else:
            index.merge(tx, pages)
    elif index.merged(tx):
        index.end_whole_merge(tx)
        return False
    else:
        index.merge(tx, pages)
    return True


def _give_back(tx: WriteTx, most: int, limit: int, keep: int | None) -> int:
    """Give back pages beyond what is kept unused, and beyond the limit; returns how many."""
    taken = space.read(tx)
    kept = max(taken.used // _KEPT_SHARE, _KEPT_BYTES) if keep is None else keep
    over = max(taken.unused - kept, min(taken.size - limit, taken.unused) if limit else 0)
    pages = min(over // taken.page, most)
    tx.batch.pages += max(pages, 0)
    return space.give_back(tx, pages) if pages > 0 else 0
