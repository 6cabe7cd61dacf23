"""Damage done to a page of a store that nobody has open, as a bad sector or a stray write would do it."""

import os
import sqlite3
import struct
from contextlib import closing
from pathlib import Path

from logserver.store.connections import FILE

_INDEX = 2
_INTERIOR = (_INDEX, 5)
"""Kinds of pages that have others below them."""

_INTERIOR_HEADER = 12


def damage(folder: Path, table: str, *, row: int = 0) -> int:
    """Make a leaf of a table's tree unreadable, the one in which a row is or would be; returns the number of its page.

    Where the key is no integer it is the first one.
    """
    path = folder / FILE
    with closing(sqlite3.connect(path)) as connection:
        (root,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)).fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    with path.open("r+b") as file:
        page = _leaf(file.fileno(), root, size, row)
        os.pwrite(file.fileno(), b"\xff" * 512, (page - 1) * size)
    return page


def _leaf(descriptor: int, number: int, size: int, row: int) -> int:
    """The leaf for a row of a tree, as SQLite's file format lays them out."""
    page = os.pread(descriptor, size, (number - 1) * size)
    if page[0] not in _INTERIOR:
        return number
    (cells,) = struct.unpack_from(">H", page, 3)
    (below,) = struct.unpack_from(">I", page, 8)
    for (cell,) in struct.iter_unpack(">H", page[_INTERIOR_HEADER : _INTERIOR_HEADER + 2 * cells]):
        if page[0] == _INDEX or row <= _integer(page[cell + 4 :]):
            (below,) = struct.unpack_from(">I", page, cell)
            break
    return _leaf(descriptor, below, size, row)


def _integer(data: bytes) -> int:
    """The integer of variable length with which this begins; none that are negative."""
    value = 0
    for byte in data[:8]:
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value
    return value << 8 | data[8]
