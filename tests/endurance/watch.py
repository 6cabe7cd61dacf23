"""Looks at the server's process while it is loaded: memory and processor, once a second."""

import asyncio
import math
import statistics
import time

import msgspec

from tests.benchmarks.processes import Started

_EVERY_SECONDS = 1.0


class Watched(msgspec.Struct):
    """Memory in MB by seconds since the beginning, and the share of a core that was used."""

    memory: list[tuple[float, float]] = []
    cpu: float = 0.0

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
    begun, used = time.perf_counter(), process.cpu_seconds()
    while True:
        elapsed = time.perf_counter() - begun
        watched.memory.append((elapsed, process.memory_mb("VmRSS")))
        watched.cpu = (process.cpu_seconds() - used) / max(elapsed, _EVERY_SECONDS)
        await asyncio.sleep(_EVERY_SECONDS)
