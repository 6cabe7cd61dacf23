"""The large store: a million events of the last seven days in 20 projects, each with a uuid of its sender.

A smaller one covers less time, so that a minute always has as many events.

It is filled through the program's own door, so that its counts, identities and index are what a server leaves
behind, and its index is then merged as far as an idle server merges it.
"""

import asyncio
import shutil
import sqlite3
import sys
from pathlib import Path

import msgspec

from logserver.core.clock import SystemClock
from tests.benchmarks.bare import FILE, connect
from tests.benchmarks.insertion import ensure_projects, insert, portions
from tests.benchmarks.plan import Plan

_MARK = "made-by-benchmarks.json"
_MS_AN_EVENT = 7 * 86_400_000 / 1_000_000
_PORTION = 250
_MERGE_PAGES = 64


class Made(msgspec.Struct, frozen=True):
    """What a store was filled with."""

    rows: int
    json_bytes: int
    start_ms: int
    """When the first event happened, in Unix milliseconds."""
    end_ms: int
    """When the last one did."""


def made(folder: Path) -> Made:
    """What the store of a folder was filled with."""
    return msgspec.json.decode((folder / _MARK).read_bytes(), type=Made)


def large(plan: Plan) -> Path:
    """The folder of the large store, filled at first use."""
    folder = plan.store or plan.folder / "large"
    if (folder / _MARK).exists() and made(folder).rows == plan.rows:
        return folder
    if folder.exists() and any(folder.iterdir()) and not (folder / _MARK).exists():
        raise SystemExit(f"{folder} holds something else than a store of the benchmarks")
    shutil.rmtree(folder, ignore_errors=True)
    sys.stderr.write(f"filling a store with {plan.rows:,} events ... ")
    sys.stderr.flush()
    fill(folder, plan.rows, uuids=True)
    return folder


def copied(plan: Plan) -> Path:
    """A copy of the large store to insert into, made at first use."""
    folder = plan.folder / "copy"
    if not folder.exists():
        shutil.copytree(large(plan), folder)
    return folder


def fill(folder: Path, rows: int, *, uuids: bool) -> Made:
    """Fill a new store with events up to now, merge its index and leave everything in the one file."""
    end_ms = SystemClock().now_ms()
    start_ms = end_ms - int(rows * _MS_AN_EVENT)
    given = portions(
        ensure_projects(folder),
        seed=1,
        events=rows,
        each=min(_PORTION, rows // 20),
        start_ms=start_ms,
        end_ms=end_ms,
        uuids=uuids,
    )
    size = asyncio.run(insert(folder, given, "normal"))
    settle(folder)
    result = Made(rows, size, start_ms, end_ms)
    (folder / _MARK).write_bytes(msgspec.json.encode(result))
    return result


def settle(folder: Path) -> None:
    """Merge the index until there is nothing left to merge, as the writer does while nobody sends."""
    connection = connect(folder)
    try:
        while _merged(connection):
            pass
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        connection.close()


def _merged(connection: sqlite3.Connection) -> bool:
    changes = connection.total_changes
    connection.execute("INSERT INTO event_words (event_words, rank) VALUES ('merge', ?)", (_MERGE_PAGES,))
    return connection.total_changes - changes >= 2


def size(folder: Path) -> int:
    """Bytes of the store's file, its log being empty."""
    return (folder / FILE).stat().st_size
