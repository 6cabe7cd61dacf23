"""Limits of POST /v1/logs that a token has of its own, in place of the server's settings."""

from typing import NamedTuple

from logserver.core.faults import Invalid
from logserver.core.projects import changed
from logserver.store.tx import Tx

MOST = 10_000_000
"""Requests a minute, or at once, that a token may be allowed."""


class LogRate(NamedTuple):
    """Requests a minute, and how many of them may come at once; None: as the settings say."""

    per_minute: int | None = None
    burst: int | None = None


def every(tx: Tx) -> dict[str, LogRate]:
    """The limits of all tokens that have some of their own, by the token's id."""
    rows = tx.execute(
        "SELECT uuid, logs_per_minute, logs_burst FROM tokens"
        " WHERE logs_per_minute IS NOT NULL OR logs_burst IS NOT NULL"
    )
    return {token_id: LogRate(*rest) for token_id, *rest in rows}


def change(tx: Tx, token_id: str, rate: LogRate) -> LogRate:
    """Give a token, named by its id, limits; what is None stays as it is. Raises Invalid for a limit out of range."""
    _check(rate)
    tx.execute(
        "UPDATE tokens SET logs_per_minute = coalesce(?, logs_per_minute), logs_burst = coalesce(?, logs_burst)"
        " WHERE uuid = ?",
        (*rate, token_id),
    )
    changed(tx)
    return every(tx).get(token_id, LogRate())


def remove(tx: Tx, token_id: str) -> None:
    """Let a token, named by its id, go by the settings again."""
    tx.execute("UPDATE tokens SET logs_per_minute = NULL, logs_burst = NULL WHERE uuid = ?", (token_id,))
    changed(tx)


def _check(rate: LogRate) -> None:
    problems = [
        (field, f"must be 1 to {MOST:,}")
        for field, value in zip(("logs_per_minute", "logs_burst"), rate, strict=True)
        if value is not None and not 1 <= value <= MOST
    ]
    if problems:
        raise Invalid(problems)
