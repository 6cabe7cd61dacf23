"""Whether the file of a store is sound: what SQLite finds wrong with its pages and its references.

Everything is read in one snapshot; nothing is changed.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

Progress = Callable[[str, int, int], None]
"""Told what is being looked at, how much of it is done, and how much there is (0: nobody knows)."""

MOST_TOLD = 20
"""Findings of one kind that are told; a damaged file has more of them than anybody reads."""

_TICK_INSTRUCTIONS = 1_000_000
_NOT_FOUND = "ok"


class Finding(NamedTuple):
    """Something that is not as it should be."""

    about: str
    """What it is about: pages, references, rows, index …; who looks at more than a file has words of his own."""
    message: str
    serious: bool = True
    """Whether something is wrong; else it is only worth knowing."""


def pages(connection: sqlite3.Connection, progress: Progress) -> list[Finding]:
    """What SQLite finds wrong with the pages of a file, and which tables they belong to."""
    with _ticking(connection, lambda: progress("pages", 0, 0)):
        found = _integrity(connection, f"PRAGMA integrity_check({MOST_TOLD})")
        if not found:
            return []
        hurt = damaged_tables(connection)
    which = f"what is damaged belongs to {', '.join(hurt)}" if hurt else "what is damaged belongs to no table by name"
    return [Finding("pages", which), *(Finding("pages", line) for line in found)]


def damaged_tables(connection: sqlite3.Connection) -> list[str]:
    """The names of the tables with pages that cannot be read as they should, in the order of the schema."""
    try:
        names = [
            name
            for (name,) in connection.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND rootpage > 0 ORDER BY rowid"
            )
        ]
    except sqlite3.DatabaseError:
        return []
    return [name for name in names if _integrity(connection, f'PRAGMA integrity_check("{name}")')]


def references(connection: sqlite3.Connection) -> list[Finding]:
    """Rows that refer to rows that are not there."""
    try:
        missing = connection.execute(
            'SELECT "table", parent, count(*) FROM pragma_foreign_key_check GROUP BY 1, 2 ORDER BY 1, 2'
        ).fetchall()
    except sqlite3.DatabaseError as error:
        return [Finding("references", f"they cannot be checked: {error}")]
    return [
        Finding("references", f"{n:,} rows of {table} refer to rows of {parent} that are not there")
        for table, parent, n in missing
    ]


def _integrity(connection: sqlite3.Connection, pragma: str) -> list[str]:
    """The lines of a check that found something."""
    try:
        lines = [
            line
            for (text,) in connection.execute(pragma)
            for line in str(text).splitlines()
            if not line.startswith("***")
        ]
    except sqlite3.DatabaseError as error:
        return [str(error)]
    return [] if lines == [_NOT_FOUND] else lines[:MOST_TOLD]


@contextmanager
def _ticking(connection: sqlite3.Connection, tick: Callable[[], None]) -> Iterator[None]:
    """Let a tick be heard now and then from inside a statement that takes long; what it raises ends the statement."""
    raised: list[BaseException] = []

    def ticked() -> bool:
        try:
            tick()
        except BaseException as error:  # noqa: BLE001 - it is raised again where the statement was begun
            raised.append(error)
            return True
        return False

    connection.set_progress_handler(ticked, _TICK_INSTRUCTIONS)
    try:
        yield
    finally:
        connection.set_progress_handler(None, 0)
        if raised:
            raise raised[0]
