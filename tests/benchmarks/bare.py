"""The least a write to SQLite can do: the same rows into the same tables, and nothing else.

Rows and index entries are made beforehand. A transaction inserts 1,000 of them with executemany under the same
pragmas as the program; nothing is merged or checkpointed, no counts are kept and no identities looked up.
"""

import gc
import itertools
import time
from pathlib import Path

from logserver.contracts.logister.events import Receipt, read_body
from logserver.core.clock import SystemClock
from logserver.store import events, ids
from logserver.store.database import connect
from logserver.store.migrations import migrate
from tests.benchmarks.bodies import bodies
from tests.benchmarks.processes import MEASURED, on_cores

PER_TRANSACTION = 1_000

Rows = tuple[list[events.Row], list[tuple[int, str, str]]]


def rows(seed: int, count: int) -> Rows:
    """Rows of events and of the index, in the order of their ids, as the program would make them."""
    now = SystemClock().now_ms()
    receipt = Receipt(now, "production")
    made: Rows = ([], [])
    for number, body in enumerate(itertools.islice(bodies(seed, start_ms=now, step_ms=0.0625, uuids=True), count)):
        event = read_body(body, receipt=receipt).event
        event.id = ids.pack(1, event.time // 1000, number & ids.COUNTER_MASK)
        row, words = events.to_row(event)
        made[0].append(row)
        made[1].append(words)
    made[0].sort()
    made[1].sort()
    return made


def rows_a_second(folder: Path, made: Rows) -> float:
    """Insert the rows into a new store on the measured core; how many a second, commits included."""
    connection = connect(folder)
    try:
        migrate(connection)
        gc.collect()
        gc.disable()
        with on_cores(MEASURED):
            begun = time.perf_counter()
            for start in range(0, len(made[0]), PER_TRANSACTION):
                connection.execute("BEGIN IMMEDIATE")
                connection.executemany(events.INSERT, made[0][start : start + PER_TRANSACTION])
                connection.executemany(events.INSERT_WORDS, made[1][start : start + PER_TRANSACTION])
                connection.execute("COMMIT")
            return len(made[0]) / (time.perf_counter() - begun)
    finally:
        gc.enable()
        connection.close()
