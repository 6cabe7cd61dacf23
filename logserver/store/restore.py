"""Puts a copy of a store back into a folder, whole or not at all."""

import contextlib
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from logserver.store import backup, filing, lockfile
from logserver.store.connections import FILE, connect_file
from logserver.store.errors import StoreError, StoreUnusable
from logserver.store.migrations import is_current, require_ours

_PIECE = 1 << 20
_SPARE_BYTES = 1_000_000


def restore(file: Path, folder: Path, verify: Callable[[Path], None], progress: Callable[[int, int], None]) -> None:
    """Make the store of a folder out of a copy in a file.

    ``verify`` is given the bytes as they were copied, under a name for the meantime, and raises where they are not
    to become a store; ``progress(done, total)`` is told how many bytes are copied. Raises StoreUnusable, with
    everything as it was, where the file is no copy of a store or the folder has one, and StoreError where there is
    no room.
    """
    require_copy(file)
    _require_vacant(folder)
    with _held(folder):
        _require_vacant(folder)
        size = file.stat().st_size
        if filing.free_bytes(folder) < size + _SPARE_BYTES:
            raise StoreError(f"{folder} has no room for {size:,} bytes")
        with contextlib.ExitStack() as undone:
            with filing.new_file(folder / FILE) as (path, descriptor):
                _copy(file, descriptor, size, progress)
                verify(path)
                for name, content in backup.take_out(path).items():
                    _put(folder, name, content, undone)
            undone.pop_all()


def require_copy(file: Path) -> None:
    """Raise StoreUnusable where a file is no copy of a store that this version can use."""
    _require_at_rest(file)
    with closing(connect_file(file)) as copy:
        try:
            marked = require_ours(copy)
            if marked:
                is_current(copy)
        except sqlite3.DatabaseError as error:
            raise StoreUnusable(f"the copy is not whole: {error}") from error
    if not marked:
        raise StoreUnusable(f"{file} is empty")


def _require_at_rest(file: Path) -> None:
    """Refuse the database of a store that is in use, or was not closed: without its log it is half of the store."""
    log = file.with_name(f"{file.name}-wal")
    served = file.name == FILE and lockfile.locked(file.parent)
    if served or (log.exists() and log.stat().st_size):
        why = "a server is running on it" if served else f"a part of what was stored is still in {log.name}"
        raise StoreUnusable(
            f"{file} is the database of a store, not a copy, and {why}: make a copy with"
            f" `logserver backup FILE --data {file.parent}`, and restore that"
        )


def _require_vacant(folder: Path) -> None:
    for name in (FILE, f"{FILE}-wal"):
        if (folder / name).exists():
            raise StoreUnusable(
                f"there is a store in {folder}, and it is not overwritten: name another folder, or move it away,"
                " with all files beside it"
            )


def _put(folder: Path, name: str, content: bytes, undone: contextlib.ExitStack) -> None:
    """Put a file beside the database, which is not there yet."""
    if name not in backup.CARRIED:
        raise StoreUnusable(f"the copy carries a file {name!r}, which no store has")
    path = folder / name
    if path.exists():
        if path.read_bytes() != content:
            raise StoreUnusable(f"{path} is there already, and belongs to another store; move it away")
        return
    undone.callback(path.unlink, missing_ok=True)
    with filing.new_file(path) as (_, descriptor):
        os.write(descriptor, content)


def _copy(file: Path, descriptor: int, size: int, progress: Callable[[int, int], None]) -> None:
    with file.open("rb") as source:
        done = 0
        while piece := source.read(_PIECE):
            view = memoryview(piece)
            while view:
                view = view[os.write(descriptor, view) :]
            done += len(piece)
            progress(done, size)


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Hold the folder against every server, made if it is missing, and removed again if nothing came of it."""
    fresh = not folder.exists()
    lock = lockfile.lock(folder)
    try:
        yield
    except BaseException:
        if fresh:
            (folder / lockfile.LOCK).unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                folder.rmdir()
        raise
    finally:
        os.close(lock)
