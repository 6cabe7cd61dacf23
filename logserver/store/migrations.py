"""Schema versions: forward only, applied at start, each in one transaction with its own record."""

import sqlite3
from importlib.resources import files

from logserver.store.errors import StoreUnusable
from logserver.store.tx import Tx

APPLICATION_ID = 0x6C6F6773
"""Marks the file as this program's in its header ("logs")."""


def scripts() -> list[tuple[int, str, str]]:
    """Every migration of this version as (number, name, SQL), in order."""
    found = []
    for entry in files("logserver.store").joinpath("schema").iterdir():
        if entry.name.endswith(".sql"):
            number, _, name = entry.name.removesuffix(".sql").partition("_")
            found.append((int(number), name, entry.read_text(encoding="utf-8")))
    return sorted(found)


def newest() -> int:
    """The schema that this version knows."""
    return scripts()[-1][0]


def migrate(connection: sqlite3.Connection, *, only_new: bool = False, through: int | None = None) -> int:
    """Bring a store to the newest schema and return its version; an empty file becomes a store, all of it at once.

    Raises StoreUnusable for a file of another application or a newer version of this one; with ``only_new`` also
    for a store of an older version, which is its server's to change. ``through`` is an older schema to stop at.
    """
    if not require_ours(connection):
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(
        "CREATE TABLE IF NOT EXISTS migrations"
        " (version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at TEXT NOT NULL)"
    )
    current, known = version(connection), newest() if through is None else through
    if current > known:
        raise _newer(current, known)
    if only_new and 0 < current < known:
        raise _older(current, known)
    missing = [each for each in scripts() if current < each[0] <= known]
    for steps in [missing] if current == 0 and missing else [[each] for each in missing]:
        script = "\n".join(
            f"{sql}\nINSERT INTO migrations VALUES ({number}, '{name}', datetime('now'));"
            for number, name, sql in steps
        )
        try:
            # executescript commits whatever is open, so the transaction is part of the script.
            connection.executescript(f"BEGIN IMMEDIATE;\n{script}\nCOMMIT;")
        except sqlite3.Error:
            if connection.in_transaction:
                connection.rollback()
            # A server and the shell may both find a store that needs this; the second comes too late.
            if version(connection) < steps[-1][0]:
                raise
    return known


def require_ours(connection: sqlite3.Connection) -> bool:
    """Whether the file is marked as a store; False for an empty one, StoreUnusable for anything else."""
    try:
        # In this order: one who is making the store at this moment marks it before it is empty no more.
        empty = not connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()
        marked: bool = connection.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_NOTADB:
            raise
        raise StoreUnusable(
            "the database file is not a database, or its first page is damaged; `logserver doctor` tells more"
        ) from error
    if not marked and not empty:
        raise StoreUnusable("the database file belongs to another application")
    return marked


def require_current(tx: Tx) -> None:
    """Raise StoreUnusable where one who only reads would find other tables than those of this version."""
    if tx.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        if not tx.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone():
            raise StoreUnusable("the store was not made to its end; start the server once")
        raise StoreUnusable("the database file belongs to another application")
    current, known = version(tx), newest()
    if current > known:
        raise _newer(current, known)
    if current < known:
        raise _older(current, known)


def is_current(tx: Tx) -> bool:
    """Whether a store has the schema of this version; False for an older one, StoreUnusable for a newer one."""
    current, known = recorded(tx), newest()
    if not current:
        raise StoreUnusable("the store was not made to its end")
    if current > known:
        raise _newer(current, known)
    return current == known


def _newer(current: int, known: int) -> StoreUnusable:
    return StoreUnusable(f"the store has schema {current}, made by a newer logserver; this one knows up to {known}")


def _older(current: int, known: int) -> StoreUnusable:
    return StoreUnusable(
        f"the store has schema {current} of {known}; start the server of this version once to bring it up to date"
    )


def recorded(tx: Tx) -> int:
    """The schema version of a store; 0 of one that was not made to its end."""
    there = tx.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'migrations'").fetchone()
    return version(tx) if there else 0


def version(tx: Tx) -> int:
    """The schema version of a store that has a migrations table; 0 before the first."""
    row = tx.execute("SELECT max(version) FROM migrations").fetchone()
    return int(row[0] or 0)
