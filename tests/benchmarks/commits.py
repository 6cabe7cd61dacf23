"""How long commits take while 32 connections send, and whether an open reader makes them longer.

The server says itself how long its last thousand transactions took, from their first statement to the end of
their commit. With its snapshot held, the log cannot be started over, so it grows for as long as the reader stays.
"""

import contextlib
import sqlite3
import statistics
import time
from pathlib import Path

import msgspec

from logserver.core import status
from logserver.store import events
from logserver.store.database import snapshot
from tests.benchmarks import bare, ingest
from tests.benchmarks.plan import Plan, Result, compared, measured
from tests.benchmarks.processes import MEASURED, on_cores, server, started, with_token

_CONNECTIONS = 32
_BARE_ROWS = 16
_BARE_COMMITS = 1_000
_REPORT_SECONDS = 2.5
"""A little more than the time between two reports of the server."""


class Commits(msgspec.Struct):
    """What a server says of its last thousand commits after a round."""

    p99_ms: float
    median_ms: float
    log_pages: int
    """Pages in the log at the last checkpoint."""
    complaint: str


def _sending(plan: Plan, seed: int, *, held: bool) -> Commits:
    lasting = msgspec.structs.replace(plan, seconds=plan.held_seconds, turns=1)
    with plan.scratch() as folder:
        token = with_token(folder)
        with started(server(folder)) as running:
            side = ingest.Side(lasting, running, ingest.singles(token, seed), _CONNECTIONS)
            with contextlib.ExitStack() as reading:
                if held:
                    tx = reading.enter_context(snapshot(folder))
                    tx.execute("SELECT count(*) FROM events").fetchone()  # a snapshot begins with its first read
                side.turn(expected=1_000)
                time.sleep(_REPORT_SECONDS)
                report = status.read(folder)
        complaint = side.complaint(ingest.stored(folder))
    if report is None or report.commit_ms_p99 is None:
        raise RuntimeError("the server has not said how long its commits take")
    return Commits(report.commit_ms_p99, report.commit_ms_median or 0.0, report.log_pages or 0, complaint)


def _bare_p99_ms(folder: Path, seed: int) -> float:
    """The same for 1,000 transactions of 16 rows each and nothing else."""
    rows, words = bare.rows(seed, _BARE_ROWS * _BARE_COMMITS)
    connection = bare.connect(folder)
    try:
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
    bare_ms: list[float] = []
    alone: list[Commits] = []
    held: list[Commits] = []
    for seed in range(plan.rounds):
        with plan.scratch() as folder:
            bare_ms.append(_bare_p99_ms(folder, seed))
        alone.append(_sending(plan, seed, held=False))
        held.append(_sending(plan, seed, held=True))
    return [
        measured(
            f"commit p99, {_CONNECTIONS} connections",
            "ms",
            [one.p99_ms for one in alone],
            target=None,
            stretch=None,
            yardstick=f"bare commit of {_BARE_ROWS} rows, p99",
            beside=bare_ms,
            note=_described(alone),
            wrong="; ".join(one.complaint for one in alone if one.complaint),
        ),
        compared(
            f"commit p99, reader open for {plan.held_seconds:.0f} s",
            "ms",
            [(with_reader.p99_ms, without.p99_ms) for with_reader, without in zip(held, alone, strict=True)],
            yardstick="no reader",
            at_least=False,
            target=3,
            stretch=1.2,
            note=_described(held),
            wrong="; ".join(one.complaint for one in held if one.complaint),
        ),
    ]


def _described(found: list[Commits]) -> str:
    median = statistics.median(one.median_ms for one in found)
    return f"median commit {median:.2f} ms; up to {max(one.log_pages for one in found):,} pages in the log"
