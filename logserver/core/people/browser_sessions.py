"""Sessions of people in a browser: a secret in a cookie, kept as its SHA-256, ended one by one or all at once."""

import hmac
import secrets
import uuid
from typing import NamedTuple

import msgspec

from logserver.core.faults import NotFound
from logserver.core.people import accounts
from logserver.core.people.accounts import User
from logserver.core.tokens import SECRET_BYTES, digest
from logserver.store.tx import Tx

IDLE_MS = 14 * 86_400_000
"""A session that is not used for this long ends."""

LONGEST_MS = 90 * 86_400_000
"""So does one that is as old as this, used or not."""

SEEN_MS = 300_000
"""How exactly is known when a session was last used."""

_MOST_OF_USER = 50
_LONGEST_BROWSER = 200
_PASS_ROWS = 200
_COLUMNS = "uuid, user, version, created_at, seen_at, expires_at, address, browser"


class BrowserSession(msgspec.Struct, frozen=True):
    """A session; times are Unix milliseconds."""

    uuid: str
    user: int
    version: int
    created_at: int
    seen_at: int
    expires_at: int
    address: str
    browser: str


class Begun(NamedTuple):
    """A new session, and the secret for its cookie, which is not kept."""

    secret: str
    session: BrowserSession


def begin(tx: Tx, user: User, now_ms: int, *, address: str, browser: str) -> Begun:
    """A new session of a user; of more than 50 the oldest end."""
    secret = secrets.token_urlsafe(SECRET_BYTES)
    name, ends, browser = str(uuid.uuid4()), now_ms + IDLE_MS, browser[:_LONGEST_BROWSER]
    session = BrowserSession(name, user.number, user.session, now_ms, now_ms, ends, address, browser)
    tx.execute(
        f"INSERT INTO web_sessions (digest, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (digest(secret), *(getattr(session, name) for name in session.__struct_fields__)),
    )
    tx.execute(
        "DELETE FROM web_sessions WHERE digest IN"
        " (SELECT digest FROM web_sessions WHERE user = ? ORDER BY created_at DESC LIMIT -1 OFFSET ?)",
        (user.number, _MOST_OF_USER),
    )
    return Begun(secret, session)


def find(tx: Tx, secret: str, now_ms: int) -> tuple[BrowserSession, User] | None:
    """The session of a cookie's secret and its user, as stored; None where it has ended, however it did."""
    row = tx.execute(
        f"SELECT {_COLUMNS} FROM web_sessions WHERE digest = ? AND expires_at > ?", (digest(secret), now_ms)
    ).fetchone()
    if row is None:
        return None
    session = BrowserSession(*row)
    user = accounts.by_number(tx, session.user)
    if user.disabled_at is not None or user.session != session.version:
        return None
    return session, user


def touch(tx: Tx, session: BrowserSession, now_ms: int) -> None:
    """Note that a session is in use, which lets it go on."""
    tx.execute(
        "UPDATE web_sessions SET seen_at = ?, expires_at = ? WHERE uuid = ?",
        (now_ms, min(now_ms + IDLE_MS, session.created_at + LONGEST_MS), session.uuid),
    )


def every(tx: Tx, user: User, now_ms: int) -> list[BrowserSession]:
    """The sessions of a user that have not ended, those last used first."""
    rows = tx.execute(
        f"SELECT {_COLUMNS} FROM web_sessions WHERE user = ? AND version = ? AND expires_at > ? ORDER BY seen_at DESC",
        (user.number, user.session, now_ms),
    )
    return [BrowserSession(*row) for row in rows]


def end(tx: Tx, user: User, session_id: str) -> None:
    """End a session of a user; raises NotFound."""
    gone = tx.execute("DELETE FROM web_sessions WHERE uuid = ? AND user = ?", (session_id, user.number)).rowcount
    if not gone:
        raise NotFound("there is no such session")


def forget(tx: Tx, session: BrowserSession) -> None:
    """End a session that another one takes the place of; nothing is wrong where it has ended already."""
    tx.execute("DELETE FROM web_sessions WHERE uuid = ?", (session.uuid,))


def carry_over(tx: Tx, session: BrowserSession, user: User) -> None:
    """Let a session outlive the end of all sessions of its user that came by what was done in it."""
    tx.execute("UPDATE web_sessions SET version = ? WHERE uuid = ?", (user.session, session.uuid))


def tidy(tx: Tx, now_ms: int) -> bool:
    """One pass over sessions past their time; True while there are more."""
    gone = tx.execute(
        "DELETE FROM web_sessions WHERE digest IN"
        " (SELECT digest FROM web_sessions WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)",
        (now_ms, _PASS_ROWS),
    ).rowcount
    return gone == _PASS_ROWS


def form_token(secret: str) -> str:
    """What every form of a session carries, so that no other site can send one (CSRF)."""
    return hmac.digest(secret.encode(), b"form", "sha256").hex()
