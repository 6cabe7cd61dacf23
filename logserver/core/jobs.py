"""What happens by the clock: each job runs one pass at a time for as long as there is more to do, then rests."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

import msgspec

from logserver.core.clock import Clock
from logserver.store.database import Database
from logserver.store.spread import Spread
from logserver.store.throughput import SECONDS
from logserver.store.traces import kind_of, trace
from logserver.store.writer import WriteTx

logger = logging.getLogger("logserver.jobs")


class Job(msgspec.Struct, frozen=True):
    """``run(now_ms)`` does one bounded pass, every so many seconds, and returns whether there is more."""

    name: str
    every: float
    run: Callable[[int], Awaitable[bool]]


class Record(msgspec.Struct):
    """How a job has been doing; seconds, and Unix milliseconds for ``last_ms``."""

    passes: int = 0
    failures: int = 0
    last_ms: int | None = None
    lateness: float = 0.0
    worst_lateness: float = 0.0
    seconds: float = 0.0
    last_error: str | None = None


def in_transaction(database: Database, run: Callable[[WriteTx, int], bool]) -> Callable[[int], Awaitable[bool]]:
    """A pass that is a function of the writer's transaction and the time."""

    async def one_pass(now_ms: int) -> bool:
        return await database.write(run, now_ms)

    return one_pass


class Jobs:
    """Runs jobs side by side on the event loop until it is stopped. A pass that fails is logged and tried again."""

    def __init__(self, jobs: list[Job], clock: Clock) -> None:
        self._jobs = jobs
        self._clock = clock
        self._stopping = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self.records = {job.name: Record() for job in jobs}
        self.lateness = Spread(SECONDS)
        """How late passes began, of all jobs; mostly how long the event loop was busy with something else."""

    def start(self) -> None:
        """Begin; every job runs its first pass at once."""
        self._tasks = [asyncio.create_task(self._loop(job), name=job.name) for job in self._jobs]

    async def stop(self) -> None:
        """Let the passes under way end, and begin no other."""
        self._stopping.set()
        await asyncio.gather(*self._tasks)

    async def _loop(self, job: Job) -> None:
        due = self._clock.monotonic()
        while not self._stopping.is_set():
            more = await self.one_pass(job, due)
            now = self._clock.monotonic()
            due = now if more else max(due + job.every, now)
            try:
                await asyncio.wait_for(self._stopping.wait(), max(due - now, 0))
            except TimeoutError:
                continue

    async def one_pass(self, job: Job, due: float) -> bool:
        """Run a job once, measured against when it was due on the monotonic clock; whether there is more."""
        record = self.records[job.name]
        begun = self._clock.monotonic()
        record.lateness = max(0.0, begun - due)
        self.lateness.add(record.lateness)
        record.worst_lateness = max(record.worst_lateness, record.lateness)
        record.last_ms = self._clock.now_ms()
        try:
            more = await job.run(record.last_ms)
        except Exception as error:  # noqa: BLE001 - logged, without its words, and tried again
            record.failures += 1
            known, record.last_error = record.last_error, kind_of(error)
            if known != record.last_error:  # one that fails each time has said so
                logger.error("the job %s failed; it is tried again in %g s\n%s", job.name, job.every, trace(error))  # noqa: TRY400 - its words stay out
            more = False
        else:
            record.last_error = None
        record.passes += 1
        record.seconds = self._clock.monotonic() - begun
        return more
