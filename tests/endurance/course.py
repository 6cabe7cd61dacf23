"""The course of a run: how much the server takes, a long time at 70 % of it, a flood of 3 times as much, and after."""

import asyncio
import math
import statistics
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager, suppress
from multiprocessing import get_context
from pathlib import Path

import msgspec
import uvloop

from logserver.core.clock import SystemClock
from tests.endurance import people
from tests.endurance.book import Book, Count
from tests.endurance.driving import Driver, Outcome
from tests.endurance.place import Place, loaded
from tests.endurance.traffic import Traffic
from tests.endurance.watch import Watched, watch

STEADY_CONNECTIONS = 256
_CALM_SECONDS = 3
"""How many seconds in succession must be as before, for the server to count as recovered."""


class Course(msgspec.Struct, frozen=True):
    """How long each part takes, in seconds, and how much is sent."""

    folder: Path
    capacity_seconds: float = 10.0
    """Of each of the rounds that measure how much the server takes."""
    capacity_rounds: int = 3
    steady_seconds: float = 1_800.0
    steady_share: float = 0.7
    flood_seconds: float = 30.0
    flood_share: float = 3.0
    after_seconds: float = 20.0
    connections: int = 64
    """How many are kept busy to measure how much the server takes."""
    flood_connections: int = 4_000
    agents: int = 64
    old: int = 100_000
    """Records that are past their retention as the server starts."""
    page_every: float = 0.25
    seed: int = 1


class Run(msgspec.Struct):
    """What came of a run."""

    course: Course
    capacities: list[float]
    capacity: float
    """Requests a second."""
    records_per_request: float
    steady: Outcome
    readings: people.Readings
    watched: Watched
    flood: Outcome
    flood_watched: Watched
    after: Outcome
    recovered: float
    """Seconds from the end of the flood until all was as before; infinite where it never was."""
    count: Count
    log_errors: list[str]
    """Lines of the server's log that tell of failures."""
    log_lines: int
    store_mb: float

    def wrong(self) -> list[str]:
        """What must not have happened, whatever the figures are; nothing where all is well."""
        found = [f"counted back: {self.count.wrong()}"] if self.count.wrong() else []
        for name, outcome in (("in the long run", self.steady), ("in the flood", self.flood), ("after it", self.after)):
            found += [f"{name}: {n} answers {status or 'broken off'}" for status, n in outcome.wrong.items()]
            found += [f"{name}: {outcome.hurried} refusals without Retry-After"] if outcome.hurried else []
        found += [f"in the long run: {self.steady.refused} refused"] if self.steady.refused else []
        found += [
            f"pages: {n} answers {status or 'broken off'}"
            for status, n in self.readings.statuses.items()
            if status != 200
        ]
        found += [f"{self.readings.broken} live tails broken off"] if self.readings.broken else []
        return [*found, *(f"log: {line}" for line in self.log_errors)]


def percentile(values: Sequence[float], share: float) -> float:
    """The value in milliseconds within which this share of them lies."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)] * 1_000 if ordered else 0.0


def run(course: Course) -> Run:
    """Load a new server and count back what it answered."""
    with loaded(course.folder, agents=course.agents, old=course.old) as place:
        book = Book()
        traffic = Traffic(place, book, course.seed)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            made = runner.run(_run(course, place, traffic, book))
        log = place.server.log().splitlines()
    made.count = book.count_back(course.folder, SystemClock().now_ms())
    made.log_lines = len(log)
    made.log_errors = [line for line in log if any(word in line for word in ("ERROR", "CRITICAL", "Traceback"))][:10]
    made.store_mb = sum(file.stat().st_size for file in course.folder.iterdir()) / 1e6
    return made


async def _run(course: Course, place: Place, traffic: Traffic, book: Book) -> Run:
    driver = Driver(place.server.port, traffic.next, book)
    capacities, requests = [], 0
    for _ in range(course.capacity_rounds):
        outcome = await driver.as_fast_as_answered(connections=course.connections, seconds=course.capacity_seconds)
        capacities.append(outcome.rate)
        requests += outcome.statuses.total()
    capacity, records = statistics.median(capacities), len(book.states)
    rate = capacity * course.steady_share
    readers = ProcessPoolExecutor(1, get_context("spawn"))
    with readers:
        reading = asyncio.get_running_loop().run_in_executor(
            readers, people.read, place.server.port, place.session, course.steady_seconds, course.page_every
        )
        async with _watching(place) as watched:
            steady = await driver.at_rate(
                rate, seconds=course.steady_seconds, connections=STEADY_CONNECTIONS, patient=True
            )
        readings = await reading
    async with _watching(place) as flood_watched:
        flood = await driver.at_rate(
            capacity * course.flood_share, seconds=course.flood_seconds, connections=course.flood_connections
        )
    after = await driver.at_rate(rate, seconds=course.after_seconds, connections=STEADY_CONNECTIONS, patient=True)
    return Run(
        course,
        capacities,
        capacity,
        records / max(requests, 1),
        steady,
        readings,
        watched,
        flood,
        flood_watched,
        after,
        recovery(after, percentile(steady.waits, 0.99)),
        Count(0, 0, 0, 0, 0, 0, 0, 0, 0),
        [],
        0,
        0.0,
    )


def recovery(after: Outcome, usual_p99: float) -> float:
    """Seconds until nothing is refused any more, and what is sent within a second has a p99 below twice the usual."""
    calm = 0
    for second in range(int(after.seconds)):
        waits = [wait for wait, at in zip(after.waits, after.ended, strict=True) if second <= at - wait < second + 1]
        refused = any(second <= at < second + 1 for at in after.refused_at)
        calm = calm + 1 if not refused and waits and percentile(waits, 0.99) <= max(2 * usual_p99, 50) else 0
        if calm == _CALM_SECONDS:
            return second + 1 - _CALM_SECONDS
    return math.inf


@asynccontextmanager
async def _watching(place: Place) -> AsyncIterator[Watched]:
    watched = Watched()
    task = asyncio.create_task(watch(place.server.pid, watched))
    try:
        yield watched
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
