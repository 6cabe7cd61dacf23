import asyncio
import logging

import pytest

from logserver.core.jobs import Job, Jobs
from tests.fakes import START_MS, FakeClock


class Work:
    """A job that counts its passes, fails in some, and tells when it has made enough."""

    def __init__(self, *, enough: int, fails: tuple[int, ...] = (), more: bool = False) -> None:
        self.passes: list[int] = []
        self.done = asyncio.Event()
        self._enough = enough
        self._fails = fails
        self._more = more

    async def __call__(self, now_ms: int) -> bool:
        self.passes.append(now_ms)
        if len(self.passes) == self._enough:
            self.done.set()
        if len(self.passes) in self._fails:
            raise RuntimeError(f"pass {len(self.passes)}")
        return self._more and len(self.passes) < self._enough


def test_a_pass_that_fails_never_stops_the_loop(clock: FakeClock, caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> Jobs:
        work = Work(enough=4, fails=(1, 3))
        jobs = Jobs([Job("flaky", 0, work)], clock)
        jobs.start()
        await work.done.wait()
        await jobs.stop()
        return jobs

    with caplog.at_level(logging.ERROR, "logserver.jobs"):
        record = asyncio.run(run()).records["flaky"]
    assert record.passes >= 4
    assert (record.failures, record.last_error) == (2, None)
    assert [entry.levelname for entry in caplog.records] == ["ERROR", "ERROR"]


def test_one_that_always_fails_leaves_the_others_alone(clock: FakeClock) -> None:
    async def run() -> Jobs:
        bad, good = Work(enough=1, fails=(1,)), Work(enough=3)
        jobs = Jobs([Job("bad", 3_600, bad), Job("good", 0, good)], clock)
        jobs.start()
        await asyncio.gather(bad.done.wait(), good.done.wait())
        await jobs.stop()
        return jobs

    records = asyncio.run(run()).records
    assert records["bad"].last_error == "RuntimeError"
    assert (records["good"].failures, records["good"].last_ms) == (0, START_MS)


def test_while_there_is_more_it_does_not_rest(clock: FakeClock) -> None:
    async def run() -> list[int]:
        work = Work(enough=5, more=True)
        jobs = Jobs([Job("busy", 3_600, work)], clock)
        jobs.start()
        await work.done.wait()
        await jobs.stop()
        return work.passes

    assert asyncio.run(run()) == [START_MS] * 5


def test_stopping_lets_a_pass_end_and_begins_no_other(clock: FakeClock) -> None:
    async def run() -> tuple[list[str], bool]:
        begun, finish = asyncio.Event(), asyncio.Event()
        said: list[str] = []

        async def slow(_now_ms: int) -> bool:
            said.append("begun")
            begun.set()
            await finish.wait()
            said.append("ended")
            return True

        jobs = Jobs([Job("slow", 0, slow)], clock)
        jobs.start()
        await begun.wait()
        stopping = asyncio.create_task(jobs.stop())
        await asyncio.wait([stopping], timeout=0)
        waited = not stopping.done()
        finish.set()
        await stopping
        return said, waited

    assert asyncio.run(run()) == (["begun", "ended"], True)


def test_a_rest_ends_at_once_when_it_is_to_stop(clock: FakeClock) -> None:
    async def run() -> None:
        work = Work(enough=1)
        jobs = Jobs([Job("rare", 3_600, work)], clock)
        jobs.start()
        await work.done.wait()
        async with asyncio.timeout(60):
            await jobs.stop()

    asyncio.run(run())


def test_lateness_is_measured_on_the_monotonic_clock(clock: FakeClock) -> None:
    async def run() -> Jobs:
        async def lasting(_now_ms: int) -> bool:
            clock.turn(5)
            return False

        jobs = Jobs([job := Job("late", 60, lasting)], clock)
        record = jobs.records["late"]
        due = clock.monotonic()
        clock.turn(7.5)
        clock.set_back(3_600)
        await jobs.one_pass(job, due)
        assert (record.lateness, record.worst_lateness, record.seconds) == (7.5, 7.5, 5)
        await jobs.one_pass(job, clock.monotonic() + 1)
        assert (record.lateness, record.worst_lateness) == (0, 7.5)
        return jobs

    record = asyncio.run(run()).records["late"]
    assert (record.passes, record.failures) == (2, 0)
    assert record.last_ms == START_MS + 7_500 - 3_600_000 + 5_000
