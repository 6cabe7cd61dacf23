"""Metrics made of lines: how many lines a second ten rules read on one core, and what a plain read of them takes.

``python -m tests.benchmarks.lines FILE`` reads a file in both ways and prints what it took.
"""

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import BinaryIO

import msgspec

from logserver.core.metrics.extraction import RuleSet
from logserver.core.metrics.rules import MetricConfig, MetricRule
from logserver.core.metrics.tallies import Tally
from tests.benchmarks.plan import Plan, Result, seeded
from tests.benchmarks.processes import MEASURED, Started, on_cores

_BLOCK = 256 * 1024
_MOST_LINES = 500_000

RULES = [
    MetricRule(name="errors_total", type="counter", pattern=r"level=(?P<level>error|fatal)\b", labels=["level"]),
    MetricRule(name="statuses_total", type="counter", pattern=r"status=(?P<status>5\d\d)", labels=["status"]),
    MetricRule(name="logins_total", type="counter", pattern=r"user (?P<user>\w+) logged in"),
    MetricRule(name="panics_total", type="counter", pattern=r"^\S+ panic: .*$"),
    MetricRule(name="queue_depth", type="gauge", pattern=r"queue_depth=(\d+)", value_capture="$1"),
    MetricRule(name="cache_ratio", type="gauge", pattern=r"cache ratio=([0-9.]+)", value_capture="$1"),
    MetricRule(
        name="slow_seconds",
        type="histogram",
        pattern=r"duration_ms=(\d+(?:\.\d+)?) .*slow",
        value_capture="$1",
        value_transform=0.001,
    ),
    MetricRule(
        name="api_bytes",
        type="histogram",
        pattern=r'"(?P<method>GET|POST) (?P<path>/api/\w*)\S* HTTP/1\.[01]" \d{3} (\d+)',
        labels=["method", "path"],
        value_capture="$3",
        buckets=[100, 1_000, 10_000, 100_000],
    ),
    MetricRule(name="timeouts_ms", type="histogram", pattern=r"(?i)timeout after (\d+)ms", value_capture="$1"),
    MetricRule(name="gc_seconds", type="histogram", pattern=r"gc pause (\d+\.\d+)s", value_capture="$1"),
]


class Measured(msgspec.Struct):
    """What reading a file once in each way took."""

    lines: int
    matched: int
    plain_seconds: float
    seconds: float
    peak_mb: float


def write(path: Path, count: int) -> None:
    """Write so many lines of about 150 bytes, a tenth of which match a rule."""
    chance = seeded(7)
    with path.open("wb") as file:
        for number in range(count):
            began = f"2026-01-15T10:{number // 60 % 60:02}:{number % 60:02}.{number % 1000:03}Z"
            if number % 10:
                said = (
                    f"info http request handled method=GET path=/v1/items/{chance.getrandbits(20)} status=200"
                    f" bytes={chance.getrandbits(16)} host=web-{number % 9} trace={chance.getrandbits(128):032x}"
                )
            else:
                said = (
                    "level=error connection refused by upstream",
                    "level=warn upstream answered status=503",
                    f"user bob{number % 50} logged in",
                    "panic: index out of range",
                    f"queue_depth={chance.getrandbits(10)}",
                    f"cache ratio={chance.random():.3f}",
                    f"duration_ms={chance.random() * 900:.1f} was slow",
                    f'"GET /api/orders/{chance.getrandbits(16)} HTTP/1.1" 200 {chance.getrandbits(16)}',
                    f"Timeout after {chance.getrandbits(12)}ms",
                    f"gc pause {chance.random():.4f}s",
                )[number // 10 % 10]
            file.write(f"{began} {said}\n".encode())


def measure(path: Path) -> Measured:
    """Read a file plainly, line by line, and then through the rules."""
    begun = time.perf_counter()
    with path.open("rb") as file:
        lines = sum(1 for _ in file)
    between = time.perf_counter()
    tally = Tally()
    with path.open("rb") as file:
        _extract(file, tally)
    seconds = time.perf_counter() - between
    matched = sum(point.count or round(point.value or 0) for point in tally.points(0) if point.type != "gauge")
    return Measured(lines, matched, between - begun, seconds, Started(os.getpid(), 0, begun).memory_mb("VmHWM"))


def _extract(file: BinaryIO, tally: Tally) -> None:
    extractor = RuleSet([MetricConfig(metrics=RULES)]).of("/var/log/any.log")
    if extractor is None:
        raise RuntimeError("the rules are about every source")
    rest = b""
    while block := file.read(_BLOCK):
        *lines, rest = (rest + block).split(b"\n")
        extractor.count(lines, tally)


def agent_lines(plan: Plan) -> list[Result]:
    """Lines a second through ten rules on one core, beside a plain read of the same file."""
    taken = []
    with plan.scratch() as folder, on_cores(MEASURED):
        path = folder / "lines.log"
        write(path, min(plan.rows, _MOST_LINES))
        for _ in range(plan.rounds):
            answer = subprocess.run(
                [sys.executable, "-m", "tests.benchmarks.lines", path], check=True, capture_output=True
            ).stdout
            taken.append(msgspec.json.decode(answer, type=Measured))
    speeds = [each.lines / each.seconds for each in taken]
    plain = [each.lines / each.plain_seconds for each in taken]
    return [
        Result(
            figure="lines through 10 metric rules",
            unit="lines/s",
            value=statistics.median(speeds),
            yardstick="plain read",
            beside=statistics.median(plain),
            ratio=statistics.median(ours / theirs for ours, theirs in zip(speeds, plain, strict=True)),
            low=min(speeds),
            high=max(speeds),
            judged="value",
            target=100_000,
            note=f"one core, a tenth of the lines match; at most {max(each.peak_mb for each in taken):.0f} MB",
            wrong="" if all(each.matched == each.lines * 8 // 100 for each in taken) else "matches are missing",
        )
    ]


if __name__ == "__main__":
    sys.stdout.buffer.write(msgspec.json.encode(measure(Path(sys.argv[1]))))
