"""Tells the month hour by hour into a fresh store, by the functions that a server stores with."""

import random
from collections.abc import Callable, Iterable
from itertools import chain
from pathlib import Path
from typing import Any

import msgspec

from logserver.contracts.logister.events import Receipt, read_body
from logserver.contracts.logstitch import signing
from logserver.contracts.logstitch.chain import Chain
from logserver.contracts.logstitch.events import read_events
from logserver.contracts.logstitch.trail import Trail
from logserver.core import monitors
from logserver.core.alerting.alert_engine import Engine
from logserver.core.intake import Intake
from logserver.core.projects import Project
from logserver.core.redaction.engine import Policies
from logserver.core.times import read_time
from logserver.demo import fleet, staff
from logserver.demo.calendar import Calendar, Past
from logserver.demo.company import DAY_MS, ENVIRONMENT, HOUR_MS
from logserver.demo.rounds import Rounds
from logserver.demo.traffic import Fields, Traffic
from logserver.demo.trail import Deeds
from logserver.store import keys
from logserver.store.database import Database

_TOGETHER = 500
"""Events that are stored in one transaction."""

_TICK_MS = 10 * 60_000


class Story:
    """Fills a store that was opened with a clock of the past."""

    def __init__(self, database: Database, clock: Past, calendar: Calendar, seed: int) -> None:
        self._database = database
        self._clock = clock
        self._calendar = calendar
        dice = random.Random(seed)  # noqa: S311 - what is made up need not be hard to guess
        policies = Policies()
        self._policies = policies
        self._chain = Chain()
        self._intake = Intake(database, clock, policies)
        self._trail = Trail(database, self._intake, policies, self._chain, Engine())
        self._traffic = Traffic(calendar, dice)
        self._rounds = Rounds(calendar, dice)
        self._deeds = Deeds(calendar, dice)
        self._counting = fleet.Counting(calendar, dice)
        self._projects: dict[str, Project] = {}

    async def begin(self, password: str) -> None:
        """Make the people, who all sign in with this password (encoded), the projects and the agents."""
        self._policies.open(await self._database.write(keys.store_secret, "redaction"))
        self._chain.open(signing.existing_or_new(self._database.folder))
        now_ms = self._clock.now_ms()
        self._projects = await self._database.write(staff.make, now_ms, password)
        await self._database.write(fleet.make, now_ms)

    async def tell_hour(self, hour_ms: int) -> int:
        """What happens in the hour from a time; returns how many events were stored."""
        ends_ms = min(hour_ms + HOUR_MS, self._calendar.now_ms)
        for release in self._calendar.releases:
            if hour_ms <= release.at_ms < ends_ms or (hour_ms == self._calendar.begins_ms and release.at_ms < hour_ms):
                await self._database.write(staff.deploy, release)
        told = chain(self._traffic.of_hour(hour_ms), self._rounds.of_hour(hour_ms))
        stored = await self._store(told, hour_ms, ends_ms)
        stored += await self._store_deeds(list(self._deeds.of_hour(hour_ms)), ends_ms)
        self._clock.at_ms = ends_ms
        await self._database.write(self._counting.take_hour, hour_ms)
        if hour_ms < self._calendar.now_ms - 10 * DAY_MS <= hour_ms + HOUR_MS:
            await self._database.write(staff.resolve_too_early, ends_ms)
        return stored

    async def end(self) -> None:
        """What people have seen to by now."""
        await self._database.write(staff.see_to_errors, self._calendar)
        for project in self._projects.values():
            await self._database.write(staff.see_to_alerts, project, self._calendar)

    async def _store(self, told: Iterable[tuple[str, Fields]], hour_ms: int, ends_ms: int) -> int:
        """Store events as they happen, ten minutes at a time, and look for monitors that are missed in between."""
        by_tick: dict[int, dict[str, list[Fields]]] = {}
        for slug, fields in told:
            at_ms = _time_of(fields)
            by_tick.setdefault((at_ms - hour_ms) // _TICK_MS, {}).setdefault(slug, []).append(fields)
        stored = 0
        for tick, each in sorted(by_tick.items()):
            self._clock.at_ms = min(max(hour_ms + (tick + 1) * _TICK_MS, self._clock.at_ms), ends_ms)
            for slug, several in sorted(each.items()):
                several.sort(key=_time_of)
                for some in _parted(several):
                    stored += await self._accept(self._projects[slug], some)
            await self._database.write(monitors.miss_overdue, self._clock.at_ms)
        return stored

    async def _accept(self, project: Project, some: list[Fields]) -> int:
        receipt = Receipt(self._clock.now_ms(), ENVIRONMENT)
        readings = [read_body(msgspec.json.encode({"event": fields}), receipt=receipt) for fields in some]
        check_ins = {at: each.check_in for at, each in enumerate(readings) if each.check_in is not None}
        await self._intake.accept(project, [each.event for each in readings], check_ins, size=0)
        return len(readings)

    async def _store_deeds(self, deeds: list[dict[str, Any]], ends_ms: int) -> int:
        if deeds:
            raw = msgspec.json.encode(deeds)
            drafts = read_events(msgspec.json.decode(raw), raw, most=len(deeds))
            await self._database.write(self._trail.store, self._projects["storefront"], drafts, ends_ms)
        return len(deeds)


def _time_of(fields: Fields) -> int:
    """When an event happened, in Unix milliseconds."""
    at = read_time(fields.get("started_at") or fields.get("occurred_at"))
    return (at or 0) // 1000


def _parted(several: list[Fields]) -> Iterable[list[Fields]]:
    return (several[at : at + _TOGETHER] for at in range(0, len(several), _TOGETHER))


async def fill(
    folder: Path, *, now_ms: int, days: int, seed: int, password: str, told: Callable[[int, int, int], None]
) -> int:
    """Fill a fresh store with the days that end at a time (Unix milliseconds); returns how many events it has.

    ``password`` is that of all its people, encoded. ``told`` hears of each hour: which it was, of how many, and how
    many events there are so far. Raises StoreUnusable where the store cannot be opened.
    """
    calendar = Calendar(now_ms, days)
    clock = Past(calendar.begins_ms)
    database = Database(
        folder, now_ms=clock.now_ms, monotonic=clock.monotonic, durability="normal", queue_rows=1_000_000
    )
    await database.open()
    try:
        story = Story(database, clock, calendar, seed)
        await story.begin(password)
        hours = range(calendar.begins_ms, now_ms, HOUR_MS)
        stored = 0
        for number, hour_ms in enumerate(hours, 1):
            stored += await story.tell_hour(hour_ms)
            told(number, len(hours), stored)
        await story.end()
    finally:
        await database.close()
    return stored
