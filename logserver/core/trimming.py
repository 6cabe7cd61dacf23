"""Keeps the store below a size: the oldest events go first, over all projects, whatever their retention is.

Error groups stay with their counts, and audit events have their own retention only. Sketches and counts go with the
minutes of the events, as they do with age. What is deleted leaves the full-text index later (core/compaction.py);
what is to be had there is reckoned with, so that no more is deleted than has to be.
"""

import heapq
import logging
from collections.abc import Callable
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from logserver.core import projects, retention
from logserver.core.held import Held
from logserver.core.metrics import standing
from logserver.core.pace import Pace
from logserver.core.projects import Project
from logserver.store import countings, events, index, rollups, series, space
from logserver.store.database import Database
from logserver.store.errors import StoreDamaged
from logserver.store.ids import project_range
from logserver.store.space import Space
from logserver.store.tx import Tx
from logserver.store.writer import WriteTx

logger = logging.getLogger("logserver.space")

EVERY_SECONDS = 2.0

LEAST_BYTES = 16_000_000
"""The smallest limit that can be kept: a log and an index that are worked on have their ups and downs."""

BEGIN_AT = 0.95
"""The part of the limit from which on there is trimming: events go on to arrive meanwhile."""

DOWN_TO = 0.9
"""The part of the limit it goes down to, what the index still gives back taken as gone."""

REFUSE_AT = 1.25
WELCOME_AT = 1.1
"""The part of the limit from which on new events are refused, and below which they are welcome again.

Only a flood gets there that is as much as the server can write: deleting and merging cost about what storing costs.
A store that was larger when the server was started is measured by how small it has been since.
"""

AT_ONCE = 2_000
"""Rows a stretch of time is looked for that has about as many."""

HURRY_AT = 1.05
"""As REFUSE_AT: from there on more is done at a time, at the cost of those who send: they must not outrun it."""

_HURRIED_ROWS = 2_000


class Stretch(NamedTuple):
    """What is to go next of a project."""

    project: Project
    begin: int
    """The packed id from which on there may be events of it."""
    until: int
    """The Unix minute before which all goes."""


class Standing(msgspec.Struct, frozen=True):
    """How the store stands to its limit; sizes in bytes."""

    limit: int
    """0 where there is none."""
    used: int
    """What was used of the database when it was looked at last."""
    reclaimable: int
    """Of that, what deleted events still take in the index."""
    stuck: bool
    """Whether the store is too large although nothing is left that may go."""
    trimming: bool
    """Whether the oldest events are being deleted."""
    cut_ms: int | None
    """The Unix milliseconds before which events have gone for want of room; None where none had to."""


class Trimming:
    """Deletes the oldest events while the store is too large; its job runs every other second."""

    def __init__(self, database: Database, monotonic: Callable[[], float], limit: int) -> None:
        self._database = database
        self._limit = limit
        self._pace = Pace(database, monotonic)
        self._trimming = False
        self._stretches: list[Stretch] = []
        self._under_way = 0
        self._passed_over: set[int] = set()
        """Numbers of projects with damage in the way: the others make room for as long as that takes."""
        self._held = Held(database, monotonic)
        self._base: float | None = None
        self.standing = Standing(limit, 0, 0, stuck=False, trimming=False, cut_ms=None)
        self.refusing: str | None = None
        """Why new events are refused while room is made; None while they are welcome."""
        self.hurried = False
        """Whether what arrives is outrunning what goes."""

    async def one_pass(self, _now_ms: int) -> bool:
        """Delete a little where the store is too large; returns whether there is more to be deleted."""
        if not self._limit:
            return False
        held = await self._held.count()
        taken, reclaimable = await self._database.look_up(_measure, held)
        self._judge(taken, reclaimable)
        if not self._trimming:
            self._stretches.clear()
            self._passed_over.clear()
            return False
        left = taken.used - reclaimable
        # No more than is too much, by what an event takes on average.
        needed = max(int((left - self._limit * DOWN_TO) * held / left), 0) + 1
        if not self._stretches:
            self._stretches = await self._database.read(oldest, min(AT_ONCE, needed), frozenset(self._passed_over))
            self._note(stuck=not self._stretches)
            if not self._stretches:
                return False
            self._note(cut_ms=self._stretches[0].until * 60_000)
        if self.hurried:
            await self._clear(min(_HURRIED_ROWS, needed))
            return True
        async with self._pace.leisurely():
            await self._clear(min(self._pace.rows(), needed))
        return True

    async def _clear(self, rows: int) -> None:
        try:
            self._stretches = await self._database.write(self._trim, self._stretches, rows)
        except StoreDamaged:
            self._passed_over.add(self._under_way)
            self._stretches = [each for each in self._stretches if each.project.number not in self._passed_over]

    def _trim(self, tx: WriteTx, stretches: list[Stretch], most: int) -> list[Stretch]:
        """Delete up to ``most`` events of stretches, or what else is kept of their time; returns what is left to do.

        They are in the order of ids: the index flushes on a step back.
        """
        left, done = list(stretches), 0
        while left and done < most:
            stretch = left[0]
            self._under_way = stretch.project.number
            begin, deleted = _trim_one(tx, stretch, most - done)
            # A look at what may not go, and the sketches of many minutes, take their time as well.
            done += max(deleted, 20)
            if begin is None:
                del left[0]
            else:
                left[0] = stretch._replace(begin=begin)
        return left

    def _judge(self, taken: Space, reclaimable: int) -> None:
        left = taken.used - reclaimable
        if left > self._limit * BEGIN_AT:
            if not self._trimming:
                logger.info("the store has reached its size; its oldest events are being deleted")
            self._trimming = True
        elif left <= self._limit * DOWN_TO:
            self._trimming = False
            self._note(stuck=False)
        self.standing = replace(self.standing, used=taken.used, reclaimable=reclaimable, trimming=self._trimming)
        smallest = min(self._base, taken.used) if self._base is not None else taken.used
        self._base = max(smallest, self._limit)
        self.hurried = taken.used > self._base * HURRY_AT
        if self.standing.stuck or taken.used < self._base * WELCOME_AT:
            self.refusing = None
        elif taken.used > self._base * REFUSE_AT:
            self.refusing = "the store has outgrown its size and is making room; nothing was stored"

    def _note(self, *, stuck: bool | None = None, cut_ms: int | None = None) -> None:
        if stuck and not self.standing.stuck:
            logger.warning(
                "the store takes %d MB and may have %d, but nothing is left that may be deleted",
                self.standing.used // 1_000_000,
                self._limit // 1_000_000,
            )
        if stuck is not None:
            self.standing = replace(self.standing, stuck=stuck)
            self.refusing = None if stuck else self.refusing
        if cut_ms is not None:
            self.standing = replace(self.standing, cut_ms=max(cut_ms, self.standing.cut_ms or 0))


def _measure(tx: Tx, held: int) -> tuple[Space, int]:
    """The room taken, and what of it the index gives back once it is merged."""
    return space.read(tx), reclaimable(tx, held)


def reclaimable(tx: Tx, held: int) -> int:
    """Bytes that deleted events take in the index of so many that are held.

    An entry each, and another one that says it is gone.
    """
    gone = index.owed(tx).deleted
    return 2 * gone * index.pages(tx) * space.read(tx).page // (held + 2 * gone) if gone else 0


def oldest(tx: Tx, rows: int, without: frozenset[int] = frozenset()) -> list[Stretch]:
    """What about so many of the oldest events and sketches of all projects come to, in whole minutes, by project.

    All stretches end with the same minute. Empty where there is nothing that may go. ``without`` are numbers of
    projects that are left as they are.
    """
    listed = [each for each in projects.every(tx) if each.number not in without]
    begins: dict[int, int] = {}
    found, until = 0, 0
    for minute, number, n in heapq.merge(
        *(countings.minutes(tx, each.number) for each in listed), *(series.minutes(tx, each.number) for each in listed)
    ):
        if found >= rows and minute >= until:
            break
        begins.setdefault(number, minute)
        found, until = found + n, minute + 1
    return [
        Stretch(each, project_range(each.number, begins[each.number] * 60_000)[0], until)
        for each in sorted(listed, key=lambda each: each.number)
        if each.number in begins
    ]


def _trim_one(tx: WriteTx, stretch: Stretch, most: int) -> tuple[int | None, int]:
    """Where to go on in a stretch, None at its end; and how many rows were deleted."""
    project, begin, until = stretch
    high = project_range(project.number, until_ms=until * 60_000)[1]
    if begin <= high:
        rows, begin = events.oldest_but_audit(tx, begin, high, most, retention.LOOKED_AT_ROWS)
        if rows:
            retention.delete(tx, project.number, rows, retention.SIZE)
        return begin, len(rows)
    deleted = series.delete_sketches(tx, project.number, until, most)
    deleted += rollups.delete(tx, project.number, until, most)
    if deleted:
        return begin, deleted
    series.forget_unused(tx, tx.batch.vocabulary, project.number, until)
    standing.forget_unused(tx, project.number, until * 60_000)
    return None, 0
