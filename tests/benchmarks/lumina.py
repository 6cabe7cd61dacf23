"""How fast LuminaLog's batches are taken in, and what one costs that is refused and sent again.

As in ingest.py, program and yardstick take turns, and every line that was answered with success is looked for. The
yardstick inserts rows that were made of the same lines into the same schema, with as much care for the disk.
"""

import itertools
import statistics
from collections.abc import Iterator
from contextlib import closing

import msgspec

from logserver.contracts.luminalog import reading
from logserver.core.clock import SystemClock
from tests.benchmarks import bare
from tests.benchmarks.bodies import bodies
from tests.benchmarks.ingest import Side, stored
from tests.benchmarks.load import request
from tests.benchmarks.plan import Plan, Result, compared
from tests.benchmarks.processes import server, started, with_token

PATH = "/v1/logs"
PER_BATCH = 1_000
SENDERS = 8
MOST_MEMORY_MB = 200

_LINES_A_SECOND = 20_000
_STEP_MS = 0.0625


def entries(seed: int) -> Iterator[dict[str, object]]:
    """Endless lines of half a kilobyte with 14 attributes."""
    for body in bodies(seed, start_ms=SystemClock().now_ms(), step_ms=_STEP_MS):
        event = msgspec.json.decode(body)["event"]
        context = event["context"]
        yield {
            "timestamp": event["occurred_at"],
            "level": "warn" if event["level"] == "warning" else event["level"],
            "message": event["message"],
            "environment": context.pop("environment"),
            "privacy_mode": False,
            "metadata": context,
        }


def batch(lines: list[dict[str, object]], key: str | None = None) -> bytes:
    """A body as the clients write it, its key in front where it is to have one."""
    return msgspec.json.encode(({"api_key": key} if key is not None else {}) | {"logs": lines})


def batches(token: str, seed: int) -> Iterator[bytes]:
    """Requests of 1,000 lines each, the key in the body, as most clients have it."""
    lines = entries(seed)
    while True:
        yield request(PATH, batch(list(itertools.islice(lines, PER_BATCH)), token), token=None)


def _rows(seed: int, count: int) -> bare.Rows:
    lines, now = entries(seed), SystemClock().now_ms()
    made = (batch(list(itertools.islice(lines, PER_BATCH))) for _ in range(count // PER_BATCH))
    read = (reading.read(body, received_ms=now, environment="production") for body in made)
    return bare.rows_of(itertools.chain.from_iterable(read))


def batched_lines(plan: Plan) -> list[Result]:
    """Lines a second in batches of 1,000, to rows a second of a bare executemany; and the most memory it took."""
    rounds: list[tuple[Side, bare.Bare]] = []
    complaints: list[str] = []
    memory: list[float] = []
    a_turn = max(int(_LINES_A_SECOND * plan.seconds / plan.turns) // bare.PER_TRANSACTION, 1) * bare.PER_TRANSACTION
    for seed in range(plan.rounds):
        made = _rows(seed, a_turn * plan.turns)
        with plan.scratch() as folder, plan.scratch() as beside, closing(bare.Bare(beside, made)) as theirs:
            token = with_token(folder)
            with started(server(folder)) as running:
                ours = Side(plan, running, batches(token, seed), SENDERS)
                for _ in range(plan.turns):
                    with running.at_rest():
                        theirs.insert(a_turn)
                    ours.turn(2 * _LINES_A_SECOND // PER_BATCH)
                memory.append(running.memory_mb("VmHWM"))
            complaints.append(ours.complaint(stored(folder), PER_BATCH))
        rounds.append((ours, theirs))
    cpu = statistics.median(ours.cpu_us / PER_BATCH for ours, _ in rounds)
    return [
        compared(
            f"lines in batches of 1,000, {SENDERS} senders",
            "lines/s",
            [(ours.outcome.rate * PER_BATCH, theirs.rate) for ours, theirs in rounds],
            yardstick="executemany, rows/s",
            at_least=True,
            target=0.6,
            stretch=0.75,
            note=f"processor: {cpu:.0f} µs a line; memory: at most {max(memory):.0f} MB",
            wrong="; ".join(filter(None, [*complaints, _fat(max(memory))])),
        )
    ]


def _fat(megabytes: float) -> str:
    return f"{megabytes:.0f} MB of memory" if megabytes > MOST_MEMORY_MB else ""
