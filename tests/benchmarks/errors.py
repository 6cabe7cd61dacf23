"""``python -m tests.benchmarks.errors``: microseconds of processor time that storing an error costs the writer.

From numbering to the commit, beside what a log entry of the same context costs, by how many errors are alike and how
many users they have. That nearly every user is new to its group is the worst case: each is a row.
"""

import gc
import random
import tempfile
import time
from pathlib import Path

from logserver.core import projects
from logserver.core.errors import groups
from logserver.store import events
from logserver.store.batch import Batch
from logserver.store.connections import connect
from logserver.store.database import transaction
from logserver.store.events import Event
from logserver.store.writer import WriteTx

ROUNDS = 3
"""The best of them is shown: what else the machine does is no cost of ours."""

CASES = [
    ("log entries", "log", 50, 500),
    ("50 groups, 5 users", "error", 50, 5),
    ("50 groups, 500 users", "error", 50, 500),
    ("5,000 groups, 20,000 users", "error", 5_000, 20_000),
]
_START_MS = 1_790_000_000_000
_APART_MS = 20
_FRAMES = [{"filename": f"/app/part{n}.py", "lineno": n + 1, "name": "call", "line": "x = y"} for n in range(12)]


def _made(kind: str, alike: int, users: int, count: int) -> list[Event]:
    chance = random.Random(1)  # noqa: S311 - a load, no secret
    made = []
    for n in range(count):
        ms = _START_MS + n * _APART_MS
        context = {
            "environment": "production",
            "release": f"1.{n // 5_000}",
            "user_id": f"u{int(chance.random() ** 2 * users)}",
            "request_id": f"r{n}",
            "exception": {"class": "ValueError", "message": f"bad {n}", "frames": _FRAMES},
        }
        message = f"bad thing {int(chance.random() ** 2 * alike)}"
        made.append(Event(type=kind, level="error", message=message, context=context, time=ms * 1000, received=ms))
    return made


def _measure(kind: str, alike: int, users: int, each: int) -> float:
    """Microseconds an event in transactions of ``each``."""
    made = _made(kind, alike, users, 6_000 if each == 1 else 20_000)
    with tempfile.TemporaryDirectory() as name:
        with transaction(Path(name)) as tx:
            project = projects.create(tx, slug="load", now_ms=0).number
        connection, batch = connect(Path(name), "normal"), Batch()
        begun = time.process_time()
        for at in range(0, len(made), each):
            connection.execute("BEGIN IMMEDIATE")
            writing = WriteTx(connection, batch)
            writing.execute("SELECT 1")
            for event in made[at : at + each]:
                event.id = batch.numbering.next_id(writing, project, event.time // 1000)
                if kind == "error":
                    event.error_group, _ = groups.record(writing, project, event)
                batch.append(writing, project, event, events.to_row(event))
            batch.write(connection)
            connection.execute("COMMIT")
            batch.clear(committed=True)
        taken = time.process_time() - begun
        connection.close()
    return taken * 1e6 / len(made)


def main() -> None:
    """Measure every case one by one and by the hundred."""
    gc.set_threshold(20_000, 10, 10)  # as the server has it
    for title, kind, alike, users in CASES:
        singles, batched = (min(_measure(kind, alike, users, each) for _ in range(ROUNDS)) for each in (1, 100))
        print(f"{title:28} {singles:7.1f} us one by one {batched:7.1f} us by the hundred")


if __name__ == "__main__":
    main()
