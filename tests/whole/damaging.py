"""Damage done to a page of a store that nobody has open, as a bad sector or a stray write would do it."""

import os
import sqlite3
import struct
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from logserver.store.connections import FILE

_INTERIOR = (2, 5)
"""Kinds of pages that have others below them."""

_INTERIOR_HEADER = 12


def damage(folder: Path, table: str, *, at: float = 0.0) -> int:
    """Make a leaf of a table's tree unreadable, the first one or one further on; returns the number of its page."""
    path = folder / FILE
    with closing(sqlite3.connect(path)) as connection:
        (root,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)).fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    with path.open("r+b") as file:
        leaves = list(_leaves(file.fileno(), root, size))
        page = leaves[int(len(leaves) * at)]
        os.pwrite(file.fileno(), b"\xff" * 512, (page - 1) * size)
    return page


def _leaves(descriptor: int, number: int, size: int) -> Iterator[int]:
    """The leaves of a tree in the order of their keys, as SQLite's file format lays them out."""
    page = os.pread(descriptor, size, (number - 1) * size)
    if page[0] not in _INTERIOR:
        yield number
        return
    (cells,) = struct.unpack_from(">H", page, 3)
    (last,) = struct.unpack_from(">I", page, 8)
    for (cell,) in struct.iter_unpack(">H", page[_INTERIOR_HEADER : _INTERIOR_HEADER + 2 * cells]):
        yield from _leaves(descriptor, struct.unpack_from(">I", page, cell)[0], size)
    yield from _leaves(descriptor, last, size)
