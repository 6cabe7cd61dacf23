"""What a crowd that signs in costs everybody else: how long others wait meanwhile, and what the process takes."""

import asyncio
import itertools
import statistics
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec

from logserver.core.clock import SystemClock
from logserver.core.people import accounts, passwords
from logserver.core.people.passwords import Argon2
from logserver.store.database import transaction
from tests.benchmarks import ingest
from tests.benchmarks.plan import Plan, Result, compared, measured
from tests.benchmarks.processes import Started, server, started, with_token

CROWD = 100
_EMAIL, _PASSWORD = "ada@example.com", "nine lives, nine looms"
_RATE, _CONNECTIONS = 200, 8
_TURN_SECONDS = 0.5


def logins(plan: Plan) -> list[Result]:
    """100 logins at once, each from an address of its own, while 200 events a second come in on 8 connections."""
    pairs, before, most, wrong = [], [], [], Counter[str]()
    seconds: list[float] = []
    for seed in range(plan.rounds):
        with plan.scratch() as folder:
            token = with_token(folder)
            _user(folder)
            with started(server(folder, "--trusted-proxies", "127.0.0.1")) as running:
                requests = ingest.singles(token, seed)
                asyncio.run(_paced(running, requests, plan.warm_up))
                before.append(running.memory_mb("VmRSS"))
                alone: list[float] = []
                crowded: list[float] = []
                for turn in range(plan.turns):
                    alone += asyncio.run(_paced(running, requests, plan.seconds / plan.turns))
                    waits, statuses, took = asyncio.run(_beside(running, requests, turn))
                    crowded += waits
                    seconds.append(took)
                    wrong.update(f"a login was answered {status}" for status in statuses if status != 200)
                most.append(running.memory_mb("VmHWM"))
        pairs.append((_p99(crowded), _p99(alone)))
    complaint = "; ".join(f"{n} times {what}" for what, n in wrong.items())
    note = f"{CROWD} logins in {statistics.median(seconds):.1f} s, {passwords.AT_ONCE} at a time"
    return [
        compared(
            "one event, p99, while 100 sign in",
            "ms",
            pairs,
            yardstick="while nobody does",
            at_least=False,
            target=2,
            stretch=1.5,
            note=note,
            wrong=complaint,
        ),
        measured(
            "memory at its most, 100 sign in at once",
            "MB",
            most,
            target=160,
            stretch=110,
            yardstick="before, with events coming in",
            beside=before,
        ),
    ]


def _user(folder: Path) -> None:
    with transaction(folder) as tx:
        now = SystemClock().now_ms()
        accounts.ensure_organization(tx, "Benchmark", now)
        encoded = Argon2().hash(_PASSWORD)
        accounts.create(tx, email=_EMAIL, name="Ada", role="admin", now_ms=now, password=encoded)


async def _paced(running: Started, requests: Iterator[bytes], seconds: float) -> list[float]:
    """How long each of so many events a second waited for its answer."""
    waits: list[float] = []
    begun = time.perf_counter()

    async def send(number: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
        for due in itertools.count(begun + number / _RATE, _CONNECTIONS / _RATE):
            if due > begun + seconds:
                break
            await asyncio.sleep(max(due - time.perf_counter(), 0))
            sent = time.perf_counter()
            writer.write(next(requests))
            await _answer(reader)
            waits.append(time.perf_counter() - sent)
        writer.close()

    await asyncio.gather(*map(send, range(_CONNECTIONS)))
    return waits


async def _beside(running: Started, requests: Iterator[bytes], turn: int) -> tuple[list[float], list[int], float]:
    """The same while a crowd signs in: waits, the statuses of the logins, and how many seconds they took."""
    begun = time.perf_counter()
    crowd = asyncio.gather(*(_login(running, turn, number) for number in range(CROWD)))
    crowd.add_done_callback(lambda _: took.append(time.perf_counter() - begun))
    took: list[float] = []
    waits: list[float] = []
    while not crowd.done():
        waits += await _paced(running, requests, _TURN_SECONDS)
    statuses = await crowd
    return waits, statuses, took[0]


async def _login(running: Started, turn: int, number: int) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
    body = msgspec.json.encode({"email": _EMAIL, "password": _PASSWORD})
    head = f"POST /api/v1/auth/login HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Forwarded-For: 10.{turn}.0.{number}\r\n"
    writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    status = await _answer(reader)
    writer.close()
    return status


async def _answer(reader: asyncio.StreamReader) -> int:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    at = head.index(b"content-length:") + 15
    await reader.readexactly(int(head[at : head.index(b"\r", at)]))
    return int(head[9:12])


def _p99(waits: list[float]) -> float:
    return sorted(waits)[int(len(waits) * 0.99)] * 1_000
