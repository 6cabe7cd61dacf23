"""How fast LuminaLog's batches are taken in, and what one costs that is refused and sent again.

As in ingest.py, program and yardstick take turns, and every line that was answered with success is looked for. The
yardstick inserts rows that were made of the same lines into the same schema, with as much care for the disk.
"""

import gzip
import itertools
import logging
import statistics
import time
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import closing
from typing import Any

import msgspec
from starlette.testclient import TestClient

from logserver.app import Application
from logserver.contracts.luminalog import reading
from logserver.contracts.luminalog.bounds import MESSAGE_BYTES
from logserver.core.clock import SystemClock
from logserver.settings import Settings
from tests.benchmarks import bare
from tests.benchmarks.bodies import bodies
from tests.benchmarks.ingest import Side, stored
from tests.benchmarks.load import request
from tests.benchmarks.plan import Plan, Result, compared, measured
from tests.benchmarks.processes import MEASURED, on_cores, server, started, with_token

PATH = "/v1/logs"
PER_BATCH = 1_000
SENDERS = 8
MOST_MEMORY_MB = 200

_LINES_A_SECOND = 20_000
_STEP_MS = 0.0625
_AGAIN = 5
_GZIP = {b"content-encoding": b"gzip"}

Line = dict[str, object]


def entries(seed: int) -> Iterator[Line]:
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


def batch(lines: list[Line], key: str | None = None) -> bytes:
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


def refused_batches(plan: Plan) -> list[Result]:
    """The processor time of a refused batch of 1,000 lines that is sent again, to that of the first time."""
    return [
        _refused(plan, "its key in a header", lambda key, lines: (batch(lines), {b"x-api-key": key.encode()})),
        _refused(plan, "its key in front of the lines", lambda key, lines: (batch(lines, key), {})),
        _refused(plan, "its key behind them", lambda key, lines: (_behind(key, lines), {})),
        _refused(plan, "and with gzip", lambda key, lines: (gzip.compress(_behind(key, lines), 6), _GZIP)),
    ]


def _behind(key: str, lines: list[Line]) -> bytes:
    return msgspec.json.encode({"logs": lines, "api_key": key})


def _refused(plan: Plan, way: str, made: Callable[[str, list[Line]], tuple[bytes, dict[bytes, bytes]]]) -> Result:
    """What one of a way costs once its body is read: bodies are handed to the application whole, by no connection."""
    told = _Told()
    logger = logging.getLogger("logserver")
    logger.addHandler(told)
    logger.propagate = False
    try:
        with plan.scratch() as folder:
            key, lines = with_token(folder), entries(1)
            bodies = []
            for _ in range(4 * plan.rounds):
                sent = list(itertools.islice(lines, PER_BATCH))
                sent[-1]["message"] = "x" * (MESSAGE_BYTES + 1)
                bodies.append(made(key, sent))
            app = Application(Settings(data=folder, access_log="off"))
            with on_cores(MEASURED), TestClient(app) as client:
                assert client.portal is not None
                costs = client.portal.call(_costs, app, bodies)
    finally:
        logger.removeHandler(told)
        logger.propagate = True
    firsts, agains = zip(*costs, strict=True)
    return measured(
        f"a refused batch sent again, {way}",
        "of the first time",
        [again / first for first, again in costs],
        target=0.2,
        stretch=0.1,
        note=f"processor: {statistics.median(firsts) * 1e6:,.0f} µs the first time,"
        f" {statistics.median(agains) * 1e6:,.0f} µs then; {told.lines} log lines of {len(bodies)} bodies",
        wrong="" if told.lines == len(bodies) else f"{told.lines} log lines of {len(bodies)} bodies",
    )


class _Told(logging.Handler):
    """Counts what the log says of refused batches."""

    def __init__(self) -> None:
        super().__init__()
        self.lines = 0

    def emit(self, record: logging.LogRecord) -> None:
        self.lines += "was refused" in record.getMessage()


async def _costs(app: Application, bodies: list[tuple[bytes, dict[bytes, bytes]]]) -> list[tuple[float, float]]:
    """Seconds of processor time for each body: the first time, and on average the next ones."""
    await _answered(app, b"{}", {b"x-api-key": b"unknown"}, 401)
    await _answered(app, *bodies[0], 400)
    costs = []
    for body, headers in bodies[1:]:
        first = await _answered(app, body, headers, 400)
        costs.append((first, statistics.mean([await _answered(app, body, headers, 400) for _ in range(_AGAIN)])))
    return costs


async def _answered(app: Application, body: bytes, headers: dict[bytes, bytes], status: int) -> float:
    """Seconds of this thread's processor time for one request."""
    answers: list[int] = []

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        answers.append(message.get("status", 0))

    scope = {"type": "http", "method": "POST", "path": PATH, "headers": list(headers.items()), "client": None}
    begun = time.thread_time()
    await app(scope, receive, send)
    taken = time.thread_time() - begun
    if answers[0] != status:
        raise RuntimeError(f"a request was answered with {answers[0]}")
    return taken
