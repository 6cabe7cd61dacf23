"""Whether inserting becomes dearer as the store grows, and how much room an event takes."""

import asyncio
from pathlib import Path

from logserver.core.clock import SystemClock
from tests.benchmarks import bigstore
from tests.benchmarks.insertion import ensure_projects, portions, timed
from tests.benchmarks.plan import Plan, Result, compared
from tests.benchmarks.processes import MEASURED, on_cores

_PER_REQUEST = 100
_EVENTS_A_SECOND = 5_000
_WARM_UP_EVENTS = 2_000
_SPREAD_MS = 60_000


def _microseconds(folder: Path, seed: int, events: int, *, uuids: bool) -> float:
    """What an event costs now: requests of 100, 16 at a time, loop and writer on the measured core."""
    owners = ensure_projects(folder)
    now = SystemClock().now_ms()
    given = list(
        portions(
            owners,
            seed=seed,
            events=events + _WARM_UP_EVENTS,
            each=_PER_REQUEST,
            start_ms=now,
            end_ms=now + _SPREAD_MS,
            uuids=uuids,
        )
    )
    first = _WARM_UP_EVENTS // _PER_REQUEST
    with on_cores(MEASURED):
        return asyncio.run(timed(folder, given[:first], given[first:]))


def insert_cost(plan: Plan, *, uuids: bool) -> list[Result]:
    """Microseconds an inserted event takes in the large store, to those in an empty one."""
    events = max(int(_EVENTS_A_SECOND * plan.seconds), _PER_REQUEST)
    large = bigstore.copied(plan)
    pairs = []
    for number in range(plan.rounds):
        seed = 1_000 + number + 500 * uuids
        with plan.scratch() as empty:
            theirs = _microseconds(empty, seed, events, uuids=uuids)
        pairs.append((_microseconds(large, seed, events, uuids=uuids), theirs))
    return [
        compared(
            f"insert at {plan.rows:,} rows, {'with' if uuids else 'without'} client uuids",
            "µs/event",
            pairs,
            yardstick="the same, empty store",
            at_least=False,
            target=1.3,
            stretch=1.1,
        )
    ]


def disk(plan: Plan) -> list[Result]:
    """Bytes of the store's file to the bytes of JSON that were sent, with and without client uuids."""
    with_uuids = bigstore.large(plan)
    results = [_room("with", bigstore.made(with_uuids), bigstore.size(with_uuids))]
    with plan.scratch() as folder:
        results.append(
            _room("without", bigstore.fill(folder, max(plan.rows // 5, 20), uuids=False), bigstore.size(folder))
        )
    return results


def _room(which: str, made: bigstore.Made, size: int) -> Result:
    return compared(
        f"disk, {made.rows:,} events {which} client uuids",
        "bytes/event",
        [(size / made.rows, made.json_bytes / made.rows)],
        yardstick="its JSON",
        at_least=False,
        target=1.5,
        stretch=1.0,
    )
