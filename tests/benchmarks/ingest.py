"""How fast events are taken in over HTTP.

Every round starts a fresh server on an empty store and the yardstick beside it. They are sent requests of the same
kind by turns, and the server is stopped in its tracks while the yardstick has its turn. At the end of a round the
store is searched for every event that was answered with success. The processor time says what an event costs
whoever else is busy on the machine.
"""

import itertools
import statistics
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from logserver.core.clock import SystemClock
from logserver.store.database import snapshot
from tests.benchmarks import bare, yardstick
from tests.benchmarks.bodies import bodies
from tests.benchmarks.load import Outcome, drive, request
from tests.benchmarks.plan import Plan, Result, compared
from tests.benchmarks.processes import Started, server, started, with_token

SINGLE = "/api/v1/ingest_events"
BATCH = "/api/v1/ingest_events/batch"
PER_BATCH = 100

_SINGLES_A_SECOND = 12_000
_BATCHES_A_SECOND = 300
_ROWS_A_SECOND = 15_000
_STEP_MS = 0.25


class Side:
    """A process that is sent requests in turns, and what became of them."""

    def __init__(self, plan: Plan, running: Started, requests: Iterator[bytes], connections: int) -> None:
        self.running = running
        self.outcome = Outcome.empty()
        self._plan = plan
        self._requests = requests
        self._connections = connections
        self._cpu = 0.0

    def turn(self, expected: int) -> None:
        """Send for one turn; about ``expected`` requests a second are built beforehand."""
        plan = self._plan
        before = self.running.cpu_seconds()
        self.outcome.add(
            drive(
                self.running.port,
                self._requests,
                connections=self._connections,
                seconds=plan.seconds / plan.turns,
                warm_up=plan.warm_up,
                prebuilt=int(expected * (plan.seconds / plan.turns + plan.warm_up)),
            )
        )
        self._cpu += self.running.cpu_seconds() - before

    @property
    def cpu_us(self) -> float:
        """Processor time an answer took, in microseconds."""
        return self._cpu * 1e6 / max(self.outcome.statuses.total(), 1)

    def complaint(self, held: int, per_request: int = 1) -> str:
        """What went wrong, or nothing; ``held`` is how many events the store has in the end."""
        found = [f"{n} answers {status or 'broken off'}" for status, n in self.outcome.errors().items()]
        missing = self.outcome.stored * per_request - held
        if missing > 0:
            found.append(f"{missing} events missing")
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


def stored(folder: Path) -> int:
    """How many events a store holds."""
    with snapshot(folder) as tx:
        return int(tx.execute("SELECT count(*) FROM events").fetchone()[0])


def single_events(
    plan: Plan, connections: int, target: float, stretch: float, options: tuple[str, ...] = ()
) -> list[Result]:
    """Single events a second, to requests a second of the yardstick."""
    rounds: list[tuple[Side, Side]] = []
    complaints: list[str] = []
    for seed in range(plan.rounds):
        with plan.scratch() as folder:
            token = with_token(folder)
            with started(yardstick.ARGUMENTS) as least, started(server(folder, *options)) as running:
                theirs = Side(plan, least, singles(token, seed), connections)
                ours = Side(plan, running, singles(token, seed), connections)
                for _ in range(plan.turns):
                    with running.at_rest():
                        theirs.turn(_SINGLES_A_SECOND)
                    ours.turn(_SINGLES_A_SECOND)
            complaints.append(ours.complaint(stored(folder)))
        rounds.append((ours, theirs))
    normal = ", durability normal" if options else ""
    waits, late, cpu, least_cpu = (
        statistics.median(column)
        for column in zip(
            *(
                (ours.outcome.wait_ms(0.5), ours.outcome.wait_ms(0.99), ours.cpu_us, theirs.cpu_us)
                for ours, theirs in rounds
            ),
            strict=True,
        )
    )
    return [
        compared(
            f"single events, {connections} connection{'s' * (connections > 1)}{normal}",
            "events/s",
            [(ours.outcome.rate, theirs.outcome.rate) for ours, theirs in rounds],
            yardstick="Starlette route, requests/s",
            at_least=True,
            target=target,
            stretch=stretch,
            note=f"answers: median {waits:.1f} ms, p99 {late:.1f} ms;"
            f" processor: {cpu:.0f} µs an event, yardstick {least_cpu:.0f} µs",
            wrong="; ".join(filter(None, complaints)),
        )
    ]


def batched_events(plan: Plan) -> list[Result]:
    """Events a second in batches of 100, to rows a second of a bare executemany."""
    rounds: list[tuple[Side, bare.Bare]] = []
    complaints: list[str] = []
    a_turn = max(int(_ROWS_A_SECOND * plan.seconds / plan.turns) // bare.PER_TRANSACTION, 1) * bare.PER_TRANSACTION
    for seed in range(plan.rounds):
        made = bare.rows(seed, a_turn * plan.turns)
        with plan.scratch() as folder, plan.scratch() as beside, closing(bare.Bare(beside, made)) as theirs:
            token = with_token(folder)
            with started(server(folder)) as running:
                ours = Side(plan, running, batches(token, seed), 16)
                for _ in range(plan.turns):
                    with running.at_rest():
                        theirs.insert(a_turn)
                    ours.turn(_BATCHES_A_SECOND)
            complaints.append(ours.complaint(stored(folder), PER_BATCH))
        rounds.append((ours, theirs))
    cpu = statistics.median(ours.cpu_us / PER_BATCH for ours, _ in rounds)
    return [
        compared(
            "events in batches of 100, 16 connections",
            "events/s",
            [(ours.outcome.rate * PER_BATCH, theirs.rate) for ours, theirs in rounds],
            yardstick="executemany, rows/s",
            at_least=True,
            target=0.5,
            stretch=0.7,
            note=f"processor: {cpu:.0f} µs an event",
            wrong="; ".join(filter(None, complaints)),
        )
    ]
