"""Figures of the room that a store takes: its files, its disk, the size it may have, and what had to go."""

import shutil
from collections.abc import Iterator

from prometheus_client.metrics_core import Metric

from logserver.api.inside.families import counter, gauge
from logserver.core import retention, status
from logserver.core.trimming import Standing
from logserver.store import connections
from logserver.store.database import Database

_FILES = {"database": connections.FILE, "log": f"{connections.FILE}-wal"}


def of_room(database: Database, standing: Standing, unused: float | None) -> Iterator[Metric]:
    """The families; ``unused`` are the bytes of free pages, None where they are not known."""
    deleted = database.throughput.deleted
    sizes = status.sizes(database.folder, tuple(_FILES.values()))
    yield gauge(
        "logserver_store_bytes",
        "Size of the store's files: the database, and its write-ahead log.",
        {(part,): sizes.get(name, 0) for part, name in _FILES.items()},
        ("file",),
    )
    yield gauge("logserver_store_unused_bytes", "Of the database: free pages, used again.", unused)
    yield gauge(
        "logserver_store_limit_bytes",
        "What the database may use before its oldest events are deleted, if that has a limit.",
        standing.limit or None,
    )
    yield gauge(
        "logserver_store_stuck", "1 while more is used than may be, and nothing is left to delete.", standing.stuck
    )
    yield counter(
        "logserver_events_deleted",
        "Events that were deleted: for their age, or for the size of the store.",
        {(why,): deleted.get(why, 0) for why in (retention.AGE, retention.SIZE)},
        ("reason",),
    )
    yield gauge("logserver_disk_free_bytes", "Free on the disk of the store.", _free(database))


def _free(database: Database) -> float | None:
    try:
        return shutil.disk_usage(database.folder).free
    except OSError:
        return None
