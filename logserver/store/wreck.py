"""Reads what can be read of a store with damaged pages.

A page that SQLite cannot make sense of ends every statement that comes to it. What lies beyond it is found by asking
for the next row from further and further on, and then, halving, for the first that answers.
"""

import sqlite3
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from typing import Any

_LOWEST, _HIGHEST = -(1 << 63), (1 << 63) - 1

Row = tuple[Any, ...]


def opened(connection: sqlite3.Connection) -> sqlite3.Connection:
    """A reading connection, told to expect damage."""
    connection.execute("PRAGMA cell_size_check = ON")
    connection.text_factory = lambda raw: raw.decode(errors="replace")
    return connection


def tables(connection: sqlite3.Connection) -> list[str]:
    """The tables of the schema, in its order, without those that SQLite keeps for itself."""
    return [
        str(name)
        for name, sql in connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table' ORDER BY rowid")
        if sql and not str(sql).upper().startswith("CREATE VIRTUAL") and not str(name).startswith("sqlite_")
    ]


def columns(connection: sqlite3.Connection, table: str) -> list[str]:
    """The names of a table's columns."""
    return [str(name) for (name,) in connection.execute("SELECT name FROM pragma_table_info(?)", (table,))]


def rows(
    connection: sqlite3.Connection,
    table: str,
    names: Sequence[str],
    lost: Callable[[], None],
    marks: Sequence[int] = (),
) -> Iterator[Row]:
    """Every row of a table that can be read, in no order that may be relied on, some perhaps twice.

    ``lost()`` is called for each stretch that cannot be. ``marks`` are rowids in rising order near which there may be
    rows: where damage stands at both ends of a table, nothing else tells where to look between them.
    """
    listed = ", ".join(f'"{name}"' for name in names)
    key = [
        f'"{name}"'
        for (name,) in connection.execute("SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk", (table,))
    ]
    sql = connection.execute("SELECT sql FROM sqlite_master WHERE name = ?", (table,)).fetchone()[0]
    if str(sql).upper().rstrip(" ;\n").endswith("WITHOUT ROWID"):
        yield from _from_both_ends(connection, f'SELECT {listed} FROM "{table}" ORDER BY', key, lost)
    else:
        select = f'SELECT rowid, {listed} FROM "{table}" WHERE rowid BETWEEN ? AND ? ORDER BY rowid'
        up, down = _Walk(connection, select, 1), _Walk(connection, f"{select} DESC", -1)
        holes: list[tuple[int, int]] = []
        yield from up.rows(_LOWEST, _HIGHEST, holes)
        while holes:
            first, last = holes.pop()
            # The step over it may have been too long; from its other end on all is nearer.
            left: list[tuple[int, int]] = []
            yield from down.rows(last, first, left)
            for hole in left:
                row = next(filter(None, (up.one(mark, hole[1]) for mark in _within(marks, *hole))), None)
                if row is None:
                    lost()
                    continue
                yield from down.rows(row[0], hole[0], holes)
                yield from up.rows(row[0] + 1, hole[1], holes)


def _within(marks: Sequence[int], first: int, last: int) -> Iterator[int]:
    for at in range(bisect_left(marks, first), len(marks)):
        if marks[at] > last:
            return
        yield marks[at]


def _from_both_ends(
    connection: sqlite3.Connection, select: str, key: list[str], lost: Callable[[], None]
) -> Iterator[Row]:
    try:
        yield from connection.execute(f"{select} {', '.join(key)}")
    except sqlite3.DatabaseError:
        lost()
    else:
        return
    try:
        yield from connection.execute(f"{select} {', '.join(f'{name} DESC' for name in key)}")
    except sqlite3.DatabaseError:
        return


class _Walk:
    """Goes along the rows of a table, up or down, over what is damaged."""

    def __init__(self, connection: sqlite3.Connection, select: str, sign: int) -> None:
        self._connection = connection
        self._select = select
        self._sign = sign

    def rows(self, at: int, end: int, holes: list[tuple[int, int]]) -> Iterator[Row]:
        """The rows from a rowid to another, without them; each stretch that cannot be read goes into ``holes``."""
        while True:
            try:
                for row in self._in_order(at, end):
                    yield row[1:]
                    at = row[0] + self._sign
            except sqlite3.DatabaseError:
                # A row is handed out only once the next was looked for; the last before the damage is asked for alone.
                last = self.one(at, end)
                if last:
                    yield last[1:]
                    at = last[0] + self._sign
                beyond = self._beyond(at, end)
                until = end if beyond is None else beyond - self._sign
                holes.append((min(at, until), max(at, until)))
                if beyond is None:
                    return
                at = beyond
            else:
                return

    def _ask(self, at: int, end: int, limit: str = "") -> Iterator[Row]:
        return self._connection.execute(self._select + limit, (min(at, end), max(at, end)))

    def _in_order(self, at: int, end: int) -> Iterator[Row]:
        """Rows; one that goes back is damage, too, or they would never come to an end."""
        for row in self._ask(at, end):
            if (row[0] - at) * self._sign < 0:
                raise sqlite3.DatabaseError("rows stand in no order")
            yield row
            at = row[0] + self._sign

    def one(self, at: int, end: int) -> Row | None:
        """The next row alone; () where there is none, None where that cannot be read."""
        try:
            found = list(self._ask(at, end, " LIMIT 1"))
        except sqlite3.DatabaseError:
            return None
        return found[0] if found else ()

    def _beyond(self, damaged: int, end: int) -> int | None:
        """The next rowid from which on a row, or the end, can be read; None where there is none before the end."""
        most = abs(end - damaged)
        low, step = 0, 1
        while step < most and self.one(damaged + self._sign * step, end) is None:
            low, step = step, step * 2
        if step >= most:
            return None
        while step - low > 1:
            middle = (low + step) // 2
            if self.one(damaged + self._sign * middle, end) is None:
                low = middle
            else:
                step = middle
        return damaged + self._sign * step
