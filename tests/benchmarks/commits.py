"""How long commits take while 32 connections send, and whether an open reader makes them longer.

The server says itself how long its last thousand transactions took, from their first statement to the end of
their commit. With its snapshot held, the log cannot be started over, so it grows for as long as the reader stays.
"""

import contextlib
import sqlite3
import time
from pathlib import Path

import msgspec

from logserver.core import status
from logserver.store import events
from logserver.store.database import connect, snapshot
from logserver.store.migrations import migrate
from tests.benchmarks import bare, ingest
from tests.benchmarks.plan import Plan, Result, compared, measured
from tests.benchmarks.processes import MEASURED, on_cores, server, started, with_token

_CONNECTIONS = 32
_BARE_ROWS = 16
_BARE_COMMITS = 1_000
_REPORT_SECONDS = 2.5
"""A little more than the time between two reports of the server."""


def _p99_ms(plan: Plan, seed: int, *, held: bool) -> float:
    lasting = msgspec.structs.replace(plan, seconds=plan.held_seconds, turns=1)
    with plan.scratch() as folder:
        token = with_token(folder)
        with started(server(folder)) as running, contextlib.ExitStack() as reading:
            if held:
                tx = reading.enter_context(snapshot(folder))
                tx.execute("SELECT count(*) FROM events").fetchone()  # a snapshot begins with its first read
            ingest.Side(lasting, running, ingest.singles(token, seed), _CONNECTIONS).turn(expected=1_000)
            time.sleep(_REPORT_SECONDS)
            report = status.read(folder)
    if report is None or report.commit_ms_p99 is None:
        raise RuntimeError("the server has not said how long its commits take")
    return report.commit_ms_p99


def _bare_p99_ms(folder: Path, seed: int) -> float:
    """The same for 1,000 transactions of 16 rows each and nothing else."""
    rows, words = bare.rows(seed, _BARE_ROWS * _BARE_COMMITS)
    connection = connect(folder)
    try:
        migrate(connection)
        with on_cores(MEASURED):
            return sorted(
                _commit(connection, rows[at : at + _BARE_ROWS], words[at : at + _BARE_ROWS])
                for at in range(0, len(rows), _BARE_ROWS)
            )[_BARE_COMMITS * 99 // 100]
    finally:
        connection.close()


def _commit(connection: sqlite3.Connection, rows: list[events.Row], words: list[tuple[int, str, str]]) -> float:
    begun = time.perf_counter()
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany(events.INSERT, rows)
    connection.executemany(events.INSERT_WORDS, words)
    connection.execute("COMMIT")
    return (time.perf_counter() - begun) * 1000


def commits(plan: Plan) -> list[Result]:
    """The 99th percentile of commits alone, beside a bare commit's, and with a reader, beside that without."""
    alone, plain, held = [], [], []
    for seed in range(plan.rounds):
        with plan.scratch() as folder:
            plain.append(_bare_p99_ms(folder, seed))
        alone.append(_p99_ms(plan, seed, held=False))
        held.append(_p99_ms(plan, seed, held=True))
    return [
        measured(
            f"commit p99, {_CONNECTIONS} connections",
            "ms",
            alone,
            target=None,
            stretch=None,
            yardstick=f"bare commit of {_BARE_ROWS} rows, p99",
            beside=plain,
        ),
        compared(
            f"commit p99, reader open for {plan.held_seconds:.0f} s",
            "ms",
            list(zip(held, alone, strict=True)),
            yardstick="no reader",
            at_least=False,
            target=3,
            stretch=1.2,
        ),
    ]
