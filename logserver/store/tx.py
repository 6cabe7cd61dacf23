"""The one thing every function on tables takes first: something that executes SQL inside a transaction."""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol


class Tx(Protocol):
    """An open transaction: a reader's snapshot, the shell's short write, or the writer's part of a group."""

    def execute(self, sql: str, parameters: Sequence[Any] | Mapping[str, Any] = (), /) -> sqlite3.Cursor:
        """Execute one statement with bound parameters."""
        ...

    def executemany(self, sql: str, rows: Iterable[Sequence[Any]], /) -> sqlite3.Cursor:
        """Execute one statement for each row of parameters."""
        ...
