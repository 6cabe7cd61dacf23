"""How fast events are taken in over HTTP.

Every round starts a fresh server on an empty store, sends, stops it, and then looks in the store whether every
event that was answered with success is there. The yardstick has the same requests on the same connections.
"""

import itertools
from collections.abc import Iterable, Iterator

import msgspec

from logserver.core.clock import SystemClock
from logserver.store.database import snapshot
from tests.benchmarks import bare, yardstick
from tests.benchmarks.bodies import bodies
from tests.benchmarks.load import Outcome, drive, request
from tests.benchmarks.plan import Plan, Result, compared
from tests.benchmarks.processes import server, started, with_token

SINGLE = "/api/v1/ingest_events"
BATCH = "/api/v1/ingest_events/batch"
PER_BATCH = 100

_SINGLES_A_SECOND = 12_000
_BATCHES_A_SECOND = 300
_STEP_MS = 0.25


class Round(msgspec.Struct):
    """One round of a server: what came back, and what is wrong with it."""

    outcome: Outcome
    missing: int
    """Events that were answered with success and are not in the store."""

    def complaint(self) -> str:
        """What went wrong, or nothing."""
        found = [f"{n} answers {status or 'broken off'}" for status, n in self.outcome.errors().items()]
        if self.missing:
            found.append(f"{self.missing} events missing")
        return ", ".join(found)


def singles(token: str, seed: int) -> Iterator[bytes]:
    """Requests of one event each."""
    start = SystemClock().now_ms()
    return (request(SINGLE, body, token=token) for body in bodies(seed, start_ms=start, step_ms=_STEP_MS))


def batches(token: str, seed: int) -> Iterator[bytes]:
    """Requests of 100 events each, every event with a uuid."""
    events = bodies(seed, start_ms=SystemClock().now_ms(), step_ms=_STEP_MS / 4, uuids=True)
    while True:
        body = b"\n".join(itertools.islice(events, PER_BATCH))
        yield request(BATCH, body, token=token, media_type="application/x-ndjson")


def send(plan: Plan, port: int, requests: Iterable[bytes], connections: int, expected: int) -> Outcome:
    """One round's load; about ``expected`` requests a second are built beforehand."""
    return drive(
        port,
        requests,
        connections=connections,
        seconds=plan.seconds,
        warm_up=plan.warm_up,
        prebuilt=int(expected * (plan.seconds + plan.warm_up)),
    )


def _ours(plan: Plan, seed: int, connections: int, options: tuple[str, ...], *, batched: bool) -> Round:
    with plan.scratch() as folder:
        token = with_token(folder)
        with started(server(folder, *options)) as running:
            requests = batches(token, seed) if batched else singles(token, seed)
            outcome = send(
                plan, running.port, requests, connections, _BATCHES_A_SECOND if batched else _SINGLES_A_SECOND
            )
        with snapshot(folder) as tx:
            held = tx.execute("SELECT count(*) FROM events").fetchone()[0]
    return Round(outcome, max(outcome.stored * (PER_BATCH if batched else 1) - held, 0))


def _theirs(plan: Plan, seed: int, connections: int) -> Outcome:
    with started(yardstick.ARGUMENTS) as running:
        return send(plan, running.port, singles("logister_" + "x" * 32, seed), connections, _SINGLES_A_SECOND)


def single_events(
    plan: Plan, connections: int, target: float, stretch: float, options: tuple[str, ...] = ()
) -> list[Result]:
    """Single events a second, to requests a second of the yardstick."""
    pairs, complaints, waits = [], [], []
    for seed in range(plan.rounds):
        theirs = _theirs(plan, seed, connections)
        ours = _ours(plan, seed, connections, options, batched=False)
        pairs.append((ours.outcome.rate, theirs.rate))
        waits.append((ours.outcome.wait_ms(0.5), ours.outcome.wait_ms(0.99)))
        if complaint := ours.complaint():
            complaints.append(complaint)
    middle, late = (sorted(column)[len(waits) // 2] for column in zip(*waits, strict=True))
    normal = ", durability normal" if options else ""
    return [
        compared(
            f"single events, {connections} connection{'s' * (connections > 1)}{normal}",
            "events/s",
            pairs,
            yardstick="Starlette route, requests/s",
            at_least=True,
            target=target,
            stretch=stretch,
            note="; ".join([f"answers: median {middle:.1f} ms, p99 {late:.1f} ms", *complaints]),
        )
    ]


def batched_events(plan: Plan) -> list[Result]:
    """Events a second in batches of 100, to rows a second of a bare executemany."""
    pairs, complaints = [], []
    for seed in range(plan.rounds):
        with plan.scratch() as folder:
            theirs = bare.rows_a_second(folder, bare.rows(seed, int(15_000 * plan.seconds)))
        ours = _ours(plan, seed, 16, (), batched=True)
        pairs.append((ours.outcome.rate * PER_BATCH, theirs))
        if complaint := ours.complaint():
            complaints.append(complaint)
    return [
        compared(
            "events in batches of 100, 16 connections",
            "events/s",
            pairs,
            yardstick="executemany, rows/s",
            at_least=True,
            target=0.5,
            stretch=0.7,
            note="; ".join(complaints),
        )
    ]
