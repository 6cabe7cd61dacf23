"""What a copy of the large store, made by the real command meanwhile, costs those who send."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

from logserver.core.clock import SystemClock
from tests.benchmarks import bigstore
from tests.benchmarks.ingest import singles
from tests.benchmarks.load import Outcome, drive
from tests.benchmarks.plan import Plan, Result, compared
from tests.benchmarks.processes import EVERY, Started, on_cores, server, started, with_token

_CONNECTIONS = 32
_SINGLES_A_SECOND = 8_000


def backup(plan: Plan) -> list[Result]:
    """The p99 of single events while copies are made one after the other, to that without, by turns; and the rates."""
    folder = bigstore.copied(plan)
    token = with_token(folder, f"backup-{SystemClock().now_ms()}")
    late, rates, wrong, copies = [], [], [], []
    with started(server(folder)) as running:
        requests = singles(token, 11)
        for _ in range(plan.rounds):
            alone, beside = Outcome.empty(), Outcome.empty()
            for _ in range(plan.turns):
                alone.add(_sending(plan, running, requests))
                with plan.scratch() as scratch, _copying(folder, scratch) as made:
                    beside.add(_sending(plan, running, requests))
                copies += made
            late.append((beside.wait_ms(0.99), alone.wait_ms(0.99)))
            rates.append((beside.rate, alone.rate))
            wrong += [
                f"{n} answers {status or 'broken off'}" for status, n in (alone.errors() | beside.errors()).items()
            ]
    wrong += [f"a copy ended with {code}" for code in copies if code]
    size = (folder / "logserver.db").stat().st_size / 1_000_000
    note = f"{len(copies)} copies of {size:.0f} MB; 32 connections that send as fast as they are answered"
    return [
        compared(
            "answers' p99 during a backup",
            "ms",
            late,
            yardstick="the same without",
            at_least=False,
            target=2,
            stretch=1.5,
            note=note,
            wrong=", ".join(wrong),
        ),
        compared(
            "single events during a backup",
            "events/s",
            rates,
            yardstick="the same without",
            at_least=True,
            target=None,
            stretch=None,
        ),
    ]


@contextmanager
def _copying(folder: Path, scratch: Path) -> Iterator[list[int]]:
    """Copies one after the other for as long as the block; gives the exit codes of those that came to their end."""
    codes: list[int] = []
    over = Event()

    def copy() -> None:
        while not over.is_set():
            target = scratch / f"copy-{len(codes)}.db"
            command = [sys.executable, "-m", "logserver", "backup", str(target), "--data", str(folder)]
            with on_cores(EVERY):
                codes.append(subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode)
            target.unlink(missing_ok=True)

    thread = Thread(target=copy)
    thread.start()
    try:
        _until(lambda: any(scratch.iterdir()) or not thread.is_alive())
        yield codes
    finally:
        over.set()
        thread.join()


def _until(there: Callable[[], bool]) -> None:
    while not there():
        os.sched_yield()


def _sending(plan: Plan, running: Started, requests: Iterator[bytes]) -> Outcome:
    seconds = plan.seconds / plan.turns
    return drive(
        running.port,
        requests,
        connections=_CONNECTIONS,
        seconds=seconds,
        warm_up=plan.warm_up,
        prebuilt=int(_SINGLES_A_SECOND * (seconds + plan.warm_up)),
    )
