"""Links that work once: to set a password, or to make the first admin of a store that has no users yet.

What stands in a link is a secret like any token: random, shown once, kept as its SHA-256.
"""

import secrets
from typing import NamedTuple
from urllib.parse import quote

from logserver.core.tokens import SECRET_BYTES, digest
from logserver.store.tx import Tx

RESET_MS = 3_600_000
"""How long a link lasts that sets a new password: an hour."""

INVITE_MS = 3 * 86_400_000
"""The same of the first link of a new user, who may not be at the desk: three days."""

_SETUP_MS = 365 * 86_400_000
_PASS_ROWS = 200


class Link(NamedTuple):
    """What stands in a new link, and until when it works (Unix milliseconds)."""

    token: str
    expires_at: int


def issue(tx: Tx, user: int, now_ms: int, lasts_ms: int = RESET_MS) -> Link:
    """A link for a user (by row) to set a password with."""
    return _issue(tx, user, now_ms, lasts_ms)


def issue_setup(tx: Tx, now_ms: int) -> Link:
    """A link to make the first admin with, in place of any that there was."""
    delete_setup(tx)
    return _issue(tx, None, now_ms, _SETUP_MS)


def owner(tx: Tx, token: str, now_ms: int) -> int | None:
    """The user (by row) whose link holds a token; None for a token that is unknown, used or past its time."""
    row = tx.execute(
        "SELECT user FROM user_links WHERE digest = ? AND expires_at > ? AND user IS NOT NULL", (digest(token), now_ms)
    ).fetchone()
    return int(row[0]) if row else None


def is_setup(tx: Tx, token: str, now_ms: int) -> bool:
    """Whether a token may make the first admin."""
    row = tx.execute(
        "SELECT 1 FROM user_links WHERE digest = ? AND expires_at > ? AND user IS NULL", (digest(token), now_ms)
    ).fetchone()
    return row is not None


def delete_of(tx: Tx, user: int) -> None:
    """End every link of a user (by row)."""
    tx.execute("DELETE FROM user_links WHERE user = ?", (user,))


def delete_setup(tx: Tx) -> None:
    """End the link for the first admin."""
    tx.execute("DELETE FROM user_links WHERE user IS NULL")


def reset_url(address: str, token: str) -> str:
    """Where a person sets a password with the token of a link."""
    return f"{address.rstrip('/')}/reset-password?token={quote(token, safe='')}"


def setup_url(address: str, token: str) -> str:
    """Where the first admin is made with the token of a setup link."""
    return f"{address.rstrip('/')}/welcome?token={quote(token, safe='')}"


def tidy(tx: Tx, now_ms: int) -> bool:
    """One pass over links past their time; True while there are more."""
    gone = tx.execute(
        "DELETE FROM user_links WHERE digest IN"
        " (SELECT digest FROM user_links WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)",
        (now_ms, _PASS_ROWS),
    ).rowcount
    return gone == _PASS_ROWS


def _issue(tx: Tx, user: int | None, now_ms: int, lasts_ms: int) -> Link:
    link = Link(secrets.token_urlsafe(SECRET_BYTES), now_ms + lasts_ms)
    tx.execute(
        "INSERT INTO user_links (digest, user, created_at, expires_at) VALUES (?, ?, ?, ?)",
        (digest(link.token), user, now_ms, link.expires_at),
    )
    return link
