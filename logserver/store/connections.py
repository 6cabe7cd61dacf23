"""Opens SQLite connections: the only module that does.

Nothing else in a process may open the file or its log: closing any descriptor of them drops SQLite's locks.
"""

import os
import sqlite3
from pathlib import Path
from typing import Literal, TypeVar

from logserver.store import lockfile
from logserver.store.errors import StoreUnusable
from logserver.store.migrations import require_ours
from logserver.store.slow_reads import Timed

C = TypeVar("C", bound=sqlite3.Connection)

Durability = Literal["full", "normal"]
FILE = "logserver.db"
_BUSY_SECONDS = 5.0
_LOG_KEPT_BYTES = 32_000_000
"""What the log keeps of its length when it is begun again: one that a long read made grow is cut."""

_WRITER_CACHE_KIB = 24_000
_READER_CACHE_KIB = 2_000


def connect(folder: Path, durability: Durability = "full") -> sqlite3.Connection:
    """A writing connection to the store of a folder; the file is made when it is missing.

    Raises StoreUnusable, with the file untouched, where it is another application's.
    """
    lockfile.prepare(folder)
    path = folder / FILE
    if not path.exists():
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    connection = sqlite3.connect(
        path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False, cached_statements=256
    )
    try:
        if not require_ours(connection):
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA synchronous = {durability}")
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        connection.execute(f"PRAGMA journal_size_limit = {_LOG_KEPT_BYTES}")
        connection.execute(f"PRAGMA cache_size = -{_WRITER_CACHE_KIB}")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA temp_store = MEMORY")
    except BaseException:
        connection.close()
        raise
    return connection


def connect_readonly(folder: Path) -> sqlite3.Connection:
    """A reading connection to the store of a folder.

    Raises StoreUnusable where there is no store.
    """
    return _readonly(folder, sqlite3.Connection)


def connect_timed(folder: Path) -> Timed:
    """As connect_readonly, one that knows which of its statements took long."""
    return _readonly(folder, Timed)


def _readonly(folder: Path, kind: type[C]) -> C:
    path = folder / FILE
    if not path.exists():
        raise StoreUnusable(f"there is no store in {folder}")
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro{'&immutable=1' if _is_fixed(path) else ''}",
        uri=True,
        timeout=_BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
        factory=kind,
    )
    try:
        connection.execute("PRAGMA query_only = ON")
        connection.execute(f"PRAGMA cache_size = -{_READER_CACHE_KIB}")
        connection.execute("PRAGMA temp_store = MEMORY")
    except BaseException:
        connection.close()
        raise
    return connection


def _is_fixed(path: Path) -> bool:
    """Whether a store lies closed on a disk that cannot be written, where SQLite could not make the files it shares."""
    return bool(os.statvfs(path.parent).f_flag & os.ST_RDONLY) and not path.with_name(f"{FILE}-wal").exists()


def memory() -> sqlite3.Connection:
    """An empty private database, for what SQLite knows and the file need not hold; to be closed by its thread."""
    return sqlite3.connect(":memory:", isolation_level=None)


def connect_blank(path: Path) -> sqlite3.Connection:
    """A connection that fills an empty file nobody else looks at; whoever does it sees to the disk himself."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    connection.execute("PRAGMA journal_mode = OFF")
    connection.execute("PRAGMA synchronous = OFF")
    return connection


def connect_copy(path: Path) -> sqlite3.Connection:
    """A connection that changes a copy of a store nobody else looks at: one file, and no log beside it."""
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("PRAGMA journal_mode = MEMORY")
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute("PRAGMA temp_store = MEMORY")
    except BaseException:
        connection.close()
        raise
    return connection


def connect_file(path: Path) -> sqlite3.Connection:
    """A reading connection to a copy of a store at rest: nothing is made beside it, wherever it lies.

    Raises StoreUnusable where there is no file.
    """
    if not path.is_file():
        raise StoreUnusable(f"there is no file {path}")
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True, isolation_level=None)
    connection.execute("PRAGMA query_only = ON")
    connection.execute("PRAGMA temp_store = MEMORY")
    return connection
