"""What the process takes: memory, and time until it answers. The yardstick's own process stands beside it."""

import http.client
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from tests.benchmarks import ingest, yardstick
from tests.benchmarks.plan import Plan, Result, measured
from tests.benchmarks.processes import Started, server, started, with_token

_YARDSTICK = "Starlette route"
_IDLE_SECONDS = 1.0


def _answered(running: Started) -> float:
    """Seconds from the start of the process to the end of its first answer."""
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=10)
    try:
        connection.request("GET", "/healthz")
        response = connection.getresponse()
        response.read()
        if response.status != 200:
            raise RuntimeError(f"the first answer is {response.status}")
        return time.perf_counter() - running.begun
    finally:
        connection.close()


def start(plan: Plan) -> list[Result]:
    """Time from starting the process to its first answer."""
    ours, theirs = [], []
    for _ in range(plan.rounds):
        with started(yardstick.ARGUMENTS) as running:
            theirs.append(_answered(running))
        with plan.scratch() as folder:
            with_token(folder)
            with started(server(folder)) as running:
                ours.append(_answered(running))
    return [measured("start to first answer", "s", ours, target=1.5, stretch=0.7, yardstick=_YARDSTICK, beside=theirs)]


def memory(plan: Plan) -> list[Result]:
    """Resident memory of the process: once it has answered, and at its most under load.

    The load is single events on 32 connections, then batches of 100 on 16 (the yardstick has only the former).
    """
    ours, theirs = [], []
    for seed in range(plan.rounds):
        with started(yardstick.ARGUMENTS) as running:
            theirs.append(_megabytes(plan, running, [(partial(ingest.singles, "none", seed), 32, 9_000)]))
        with plan.scratch() as folder:
            token = with_token(folder)
            with started(server(folder)) as running:
                ours.append(
                    _megabytes(
                        plan,
                        running,
                        [
                            (partial(ingest.singles, token, seed), 32, 9_000),
                            (partial(ingest.batches, token, seed), 16, 150),
                        ],
                    )
                )
    return [
        measured(
            name,
            "MB",
            [one[column] for one in ours],
            target=target,
            stretch=stretch,
            yardstick=_YARDSTICK,
            beside=[one[column] for one in theirs],
        )
        for column, (name, target, stretch) in enumerate([("memory, idle", 80, 50), ("memory, under load", 160, 110)])
    ]


def _megabytes(
    plan: Plan, running: Started, loads: Sequence[tuple[Callable[[], Iterator[bytes]], int, int]]
) -> tuple[float, float]:
    _answered(running)
    time.sleep(_IDLE_SECONDS)
    idle = running.memory_mb("VmRSS")
    for requests, connections, expected in loads:
        side = ingest.Side(plan, running, requests(), connections)
        for _ in range(plan.turns):
            side.turn(expected)
        if errors := side.outcome.errors():
            raise RuntimeError(f"answers under load, by status: {errors}")
    return idle, running.memory_mb("VmHWM")
