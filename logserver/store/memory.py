"""A database of its own in memory, for what SQLite knows and the file need not hold."""

import sqlite3


def memory() -> sqlite3.Connection:
    """An empty private database; the caller closes it, on the thread that opened it."""
    return sqlite3.connect(":memory:", isolation_level=None)
