"""People: the one organization of a store, and who belongs to it. They sign in to the pages and to LogFleet's API."""

import re
import sqlite3
import uuid
from typing import Literal

import msgspec

from logserver.core.faults import Conflict, Invalid, NotFound
from logserver.core.projects import changed
from logserver.store.tx import Tx

Role = Literal["admin", "member"]
ROLES: tuple[Role, ...] = ("admin", "member")
"""An admin changes things; a member reads and streams."""

MAX_NAME = 200
MAX_EMAIL = 254
_EMAIL = re.compile(r"[^@\s\x00-\x1f<>\"(),:;\\]{1,64}@[^@\s\x00-\x1f<>\"(),:;\\]{1,253}")
_UNFIT = re.compile("[^a-z0-9]+")
_COLUMNS = "id, uuid, email, name, role, session, created_at, disabled_at, last_login_at"


class Organization(msgspec.Struct, frozen=True):
    """The organization of a store; times are Unix milliseconds."""

    uuid: str
    slug: str
    name: str
    project: int | None
    """The number of the project in which edge data lands when nothing else says."""
    created_at: int


class User(msgspec.Struct, frozen=True):
    """A person as it was when it was read; times are Unix milliseconds."""

    number: int
    """The row's, used within the store only."""
    uuid: str
    email: str
    name: str
    role: Role
    session: int
    """The version of its sessions: those of another one have ended."""
    created_at: int
    disabled_at: int | None
    last_login_at: int | None


def organization(tx: Tx) -> Organization | None:
    """The organization of the store, once there is one."""
    row = tx.execute("SELECT uuid, slug, name, project, created_at FROM organizations").fetchone()
    return Organization(*row) if row else None


def ensure_organization(tx: Tx, name: str, now_ms: int) -> Organization:
    """The organization of the store, made under this name if there is none.

    Raises Invalid for a name that is blank or longer than 200 characters.
    """
    if (held := organization(tx)) is not None:
        return held
    _require_name("organization_name", name)
    slug = _UNFIT.sub("-", name.lower()).strip("-")[:63].strip("-") or "organization"
    tx.execute(
        "INSERT INTO organizations (one, uuid, slug, name, created_at) VALUES (1, ?, ?, ?, ?)",
        (str(uuid.uuid4()), slug, name.strip(), now_ms),
    )
    return Organization(*tx.execute("SELECT uuid, slug, name, project, created_at FROM organizations").fetchone())


def create(tx: Tx, *, email: str, name: str, role: Role, now_ms: int, password: str | None = None) -> User:
    """Make a user; ``password`` is an encoded hash (core/passwords.py), None until the person sets one.

    Raises Invalid for what is no e-mail address or name, Conflict for an address that is taken.
    """
    address = normal_email(email)
    _require_name("name", name)
    try:
        tx.execute(
            "INSERT INTO users (uuid, email, name, role, password, created_at) VALUES (?, ?, ?, ?, ?, ?)",
            (str(uuid.uuid4()), address, name.strip(), role, password, now_ms),
        )
    except sqlite3.IntegrityError as error:
        raise Conflict("there is a user with this e-mail address already") from error
    return by_email(tx, address)


def by_email(tx: Tx, email: str) -> User:
    """The user of an e-mail address, however it is spelled in capitals; raises NotFound."""
    return _user(tx, "email", email.strip().lower())


def by_uuid(tx: Tx, user_id: str) -> User:
    """The user of a UUID; raises NotFound."""
    return _user(tx, "uuid", user_id)


def every(tx: Tx) -> list[User]:
    """All users by e-mail address, those that are disabled too."""
    return [User(*row) for row in tx.execute(f"SELECT {_COLUMNS} FROM users ORDER BY email")]


def end_sessions(tx: Tx, user: User) -> User:
    """End every session of a user that there is, also one made in this second."""
    tx.execute("UPDATE users SET session = session + 1 WHERE id = ?", (user.number,))
    changed(tx)
    return _user(tx, "id", user.number)


def normal_email(email: str) -> str:
    """An e-mail address in the spelling it is kept in; raises Invalid for what is none."""
    address = email.strip().lower()
    if len(address) > MAX_EMAIL or not _EMAIL.fullmatch(address):
        raise Invalid([("email", "must be a valid email address")])
    return address


def _require_name(field: str, name: str) -> None:
    if not name.strip():
        raise Invalid([(field, "must not be empty")])
    if len(name) > MAX_NAME:
        raise Invalid([(field, f"must be at most {MAX_NAME} characters")])


def _user(tx: Tx, column: str, value: str | int) -> User:
    row = tx.execute(f"SELECT {_COLUMNS} FROM users WHERE {column} = ?", (value,)).fetchone()
    if row is None:
        raise NotFound("there is no such user")
    return User(*row)
