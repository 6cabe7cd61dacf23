"""Events stored as the writer stores them, and what was counted and summed of them."""

import sqlite3
from collections.abc import Iterable
from typing import Any

from logserver.store import sketch
from logserver.store.batch import Batch
from logserver.store.events import Event, to_row
from logserver.store.ids import unpack
from logserver.store.sketch import Sketch
from tests.store.stored import START, event

MINUTE = START // 60_000


def take(tx: sqlite3.Connection, batch: Batch, found: Iterable[Event]) -> None:
    """Store events as one transaction of the writer does."""
    for one in found:
        project, ms, _ = unpack(one.id)
        one.id = batch.numbering.next_id(tx, project, ms)
        batch.append(tx, project, one, to_row(one))
    batch.write(tx)
    batch.clear(committed=True)


def counts(tx: sqlite3.Connection) -> dict[tuple[Any, ...], int]:
    """The counts by project, minutes after START, type, level and environment."""
    rows = tx.execute(
        "SELECT counts.project, minute, type, level, environment, n FROM counts JOIN dimensions ON id = dimension"
    )
    return {(project, minute - MINUTE, *rest): n for project, minute, *rest, n in rows}


def samples(tx: sqlite3.Connection) -> dict[tuple[str, ...], Sketch]:
    """The sketches by name, environment and release, those of all minutes merged."""
    found: dict[tuple[str, ...], Sketch] = {}
    for name, environment, release, *row in tx.execute(
        "SELECT name, environment, release, n, errors, total, low, high, buckets"
        " FROM sketches JOIN series ON id = series ORDER BY minute"
    ):
        found.setdefault((name, environment, release), Sketch()).merge(sketch.unpack(tuple(row)))
    return found


def metric(**context: Any) -> Event:
    return event("m", kind="metric", **context)
