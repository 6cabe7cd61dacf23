"""The store's own secrets, made at first use and kept with it."""

import secrets

from logserver.store.tx import Tx


def store_secret(connection: Tx, name: str) -> bytes:
    """The store's 32-byte secret of a name, made at first use."""
    connection.execute("INSERT INTO secrets VALUES (?, ?) ON CONFLICT DO NOTHING", (name, secrets.token_bytes(32)))
    return bytes(connection.execute("SELECT value FROM secrets WHERE name = ?", (name,)).fetchone()[0])


def renew_secret(tx: Tx, name: str) -> None:
    """Make the store's secret of a name anew; what was signed with the old one is signed no more."""
    tx.execute(
        "INSERT INTO secrets VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
        (name, secrets.token_bytes(32)),
    )


def kept_secret(tx: Tx, name: str) -> bytes | None:
    """The store's secret of a name for one who only reads; None before its first use."""
    row = tx.execute("SELECT value FROM secrets WHERE name = ?", (name,)).fetchone()
    return bytes(row[0]) if row else None
