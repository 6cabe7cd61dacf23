"""A copy of a store in one file, taken beside its server.

SQLite's online backup reads the pages of one moment: the snapshot is held from the first page to the last, so that
nothing that is committed meanwhile makes it begin again. It goes in small steps with a rest after each, and what it
has written is given to the disk bit by bit: a server beside it keeps both. Until it ends, the log of writes grows.
"""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Event as Flag

from logserver.store import filing, lockfile
from logserver.store.connections import FILE, connect_blank, connect_copy, connect_readonly
from logserver.store.errors import StoreError, StoreUnusable
from logserver.store.migrations import require_ours

CARRIED = ("audit.heads", "audit.key")
"""The files beside the database that are part of a store: what signs the audit trail, and what it has signed."""

_TABLE = "carried_files"
_MAKE = f"CREATE TABLE {_TABLE} (name TEXT PRIMARY KEY, content BLOB NOT NULL) WITHOUT ROWID"
_STEP_PAGES = 128
_SYNC_STEPS = 32
_REST_SECONDS = 0.002
_SPARE_BYTES = 1_000_000


def back_up(
    folder: Path,
    target: Path,
    progress: Callable[[int, int], None] | None = None,
    verify: Callable[[Path], None] | None = None,
) -> None:
    """Copy the store of a folder, as it is at this moment, into a new file that only its owner can read.

    Works beside a running server, and on a store of any schema. ``progress(done, total)`` is told how many pages
    are copied; ``verify`` is given the copy before it has its name, and raises where it is not to get one. Once this
    returns the file is whole and on the disk; whatever it raises, there is none. Raises
    FileExistsError where there is a file, StoreUnusable where there is no store, and StoreError where the copy has
    no room.
    """
    if not (folder / FILE).exists():
        raise StoreUnusable(f"there is no store in {folder}")
    with filing.new_file(target) as (path, descriptor), _no_room(target):
        heads = beside(folder, CARRIED[:1])  # before the snapshot, which must contain every head that is kept
        with closing(connect_readonly(folder)) as source:
            source.execute("BEGIN")
            if not require_ours(source):
                raise StoreUnusable(f"the store in {folder} was not made to its end; start the server once")
            _require_room(source, target)
            _copy(source, path, descriptor, progress, rest=lockfile.locked(folder))
        # After it: a key is made once, before anything is signed with it.
        carry(path, heads | beside(folder, CARRIED[1:]))
        if verify is not None:
            verify(path)


def carry(path: Path, files: dict[str, bytes]) -> None:
    """Put the files of a store's folder into a copy of its database."""
    with closing(connect_copy(path)) as copy:
        copy.execute("BEGIN")
        copy.execute(f"DROP TABLE IF EXISTS {_TABLE}")
        copy.execute(_MAKE)
        copy.executemany(f"INSERT INTO {_TABLE} VALUES (?, ?)", sorted(files.items()))
        copy.execute("COMMIT")


def carried(copy: sqlite3.Connection) -> dict[str, bytes]:
    """The files that a copy carries, by name; none where it is a plain database file."""
    if not copy.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (_TABLE,)).fetchone():
        return {}
    return {name: bytes(content) for name, content in copy.execute(f"SELECT name, content FROM {_TABLE}")}


def take_out(path: Path) -> dict[str, bytes]:
    """Take the files out of a copy, leaving no trace of them, and return them by name."""
    with closing(connect_copy(path)) as copy:
        found = carried(copy)
        copy.execute(f"DROP TABLE IF EXISTS {_TABLE}")
        return found


def beside(folder: Path, names: tuple[str, ...] = CARRIED) -> dict[str, bytes]:
    """Those files of a store's folder, by name, as far as they are there."""
    return {name: (folder / name).read_bytes() for name in names if (folder / name).exists()}


def _copy(
    source: sqlite3.Connection,
    path: Path,
    descriptor: int,
    progress: Callable[[int, int], None] | None,
    *,
    rest: bool,
) -> None:
    steps, pause = 0, Flag()

    def stepped(_status: int, left: int, total: int) -> None:
        nonlocal steps
        steps += 1
        if progress is not None:
            progress(total - left, total)
        if steps % _SYNC_STEPS == 0:
            os.fdatasync(descriptor)  # a great heap at the end would make the server's own commits wait for it
        if rest and left:
            pause.wait(_REST_SECONDS)

    with closing(connect_blank(path)) as copy:
        source.backup(copy, pages=_STEP_PAGES, progress=stepped)


def _require_room(source: sqlite3.Connection, target: Path) -> None:
    [pages], [size] = (source.execute(f"PRAGMA {name}").fetchone() for name in ("page_count", "page_size"))
    needed, free = pages * size + _SPARE_BYTES, filing.free_bytes(target.parent)
    if free < needed:
        raise StoreError(f"the copy needs {needed:,} bytes, and {target.absolute().parent} has {free:,} free")


@contextmanager
def _no_room(target: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF != sqlite3.SQLITE_FULL:
            raise
        raise StoreError(f"the disk of {target.absolute().parent} is full; the copy was removed") from error
