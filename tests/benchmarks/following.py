"""Following files: lines a second from the file to whoever takes them, and what a look at idle files costs."""

import statistics
import time
from pathlib import Path

from logserver.agent.following import Follower
from logserver.core.clock import SystemClock
from tests.benchmarks import lines
from tests.benchmarks.plan import Plan, Result, compared, measured
from tests.benchmarks.processes import MEASURED, on_cores

_MOST_LINES = 1_000_000
_IDLE_FILES = 100
_PASSES = 100
_LIMIT = 256 * 1024


def agent_reading(plan: Plan) -> list[Result]:
    """Reading alone, beside a plain read of the same file line by line; and a pass over a hundred idle files."""
    count = min(plan.rows, _MOST_LINES)
    with plan.scratch() as folder, on_cores(MEASURED):
        path = folder / "lines.log"
        lines.write(path, count)
        pairs, wrong = [], ""
        for _ in range(plan.rounds):
            theirs, _ = _plain(path)
            ours, read = _followed(path)
            pairs.append((read / ours, count / theirs))
            wrong = wrong or ("" if read == count else f"{read:,} of {count:,} lines were read")
        looks = [_idle(folder) for _ in range(plan.rounds)]
    reading = compared(
        "following a file",
        "lines/s",
        pairs,
        yardstick="plain read",
        at_least=True,
        target=None,
        stretch=None,
        note="seconds of processor time; with the offset of every line",
        wrong=wrong,
    )
    reading.judged, reading.target, reading.stretch = "value", 500_000, 2_000_000
    reading.low, reading.high = min(ours for ours, _ in pairs), max(ours for ours, _ in pairs)
    note = f"processor time; at its median {statistics.median(looks) / _IDLE_FILES * 1000:.1f} us a file"
    return [reading, measured("a look at 100 idle files", "ms", looks, target=1.0, stretch=0.5, note=note)]


def _plain(path: Path) -> tuple[float, int]:
    begun = time.process_time()
    with path.open("rb") as file:
        count = sum(1 for _ in file)
    return time.process_time() - begun, count


def _followed(path: Path) -> tuple[float, int]:
    begun = time.process_time()
    follower = Follower([str(path)], from_start=True, clock=SystemClock())
    count = 0
    while blocks := follower.read(_LIMIT):
        count += sum(len(block.lines) for block in blocks)
    follower.close()
    return time.process_time() - begun, count


def _idle(folder: Path) -> float:
    """Milliseconds of one pass."""
    idle = folder / "idle"
    idle.mkdir(exist_ok=True)
    for number in range(_IDLE_FILES):
        (idle / f"{number}.log").write_bytes(b"one line\n")
    follower = Follower([str(idle / "*.log")], clock=SystemClock())
    follower.read(_LIMIT)
    begun = time.process_time()
    for _ in range(_PASSES):
        follower.read(_LIMIT)
    taken = time.process_time() - begun
    follower.close()
    return taken / _PASSES * 1000
