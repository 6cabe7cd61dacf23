"""Looks at the server's process while it is loaded: memory and processor, once a second."""

import asyncio
import math
import statistics
import time
from contextlib import suppress
from pathlib import Path

import msgspec

from tests.benchmarks.processes import Started

_EVERY_SECONDS = 1.0


class Watched(msgspec.Struct):
    """Memory in MB by seconds since the beginning, and the share of a core that was used."""

    memory: list[tuple[float, float]] = []
    cpu: float = 0.0
    starved: float = 0.0
    """The share of the time in which one of its threads was ready to run and had to wait for a processor."""

    def median(self, begin: float, end: float) -> float:
        """The median of memory between two parts of the time, 0 being its beginning and 1 its end."""
        last = self.memory[-1][0]
        return statistics.median([mb for at, mb in self.memory if begin * last <= at <= end * last] or [math.nan])

    def growth(self) -> float:
        """By how many MB the memory grew from the middle of the time to its end, medians of a sixth each."""
        return self.median(5 / 6, 1) - self.median(1 / 2, 4 / 6)


async def watch(pid: int, watched: Watched) -> None:
    """Write down what a process takes, until it is cancelled."""
    process = Started(pid, 0, 0.0)
    begun, used, waited = time.perf_counter(), process.cpu_seconds(), _waited_seconds(pid)
    while True:
        elapsed = time.perf_counter() - begun
        watched.memory.append((elapsed, process.memory_mb("VmRSS")))
        watched.cpu = (process.cpu_seconds() - used) / max(elapsed, _EVERY_SECONDS)
        watched.starved = (_waited_seconds(pid) - waited) / max(elapsed, _EVERY_SECONDS)
        await asyncio.sleep(_EVERY_SECONDS)


def _waited_seconds(pid: int) -> float:
    """How long the threads that a process has now were ready to run without running."""
    waited = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        with suppress(OSError, IndexError):  # a thread that ended meanwhile; a system that does not count it
            waited += int((task / "schedstat").read_text(encoding="ascii").split()[1])
    return waited / 1e9
