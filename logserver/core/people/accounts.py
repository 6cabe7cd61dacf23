"""People: the one organization of a store, and who belongs to it. They sign in to the pages and to LogFleet's API.

Whoever changes what a user may do calls projects.changed(), so that no remembered session outlives it.
"""

import re
import sqlite3
import uuid
from collections.abc import Collection
from typing import Any, Literal

import msgspec

from logserver.core.faults import Conflict, Invalid, NotFound
from logserver.core.people import links
from logserver.core.projects import changed
from logserver.store.tx import Tx

Role = Literal["admin", "member"]
ROLES: tuple[Role, ...] = ("admin", "member")
"""An admin changes things; a member reads and streams."""

MOST_USERS = 10_000
"""Users of a store, so that open registration does not fill the disk."""

MAX_NAME = 200
MAX_EMAIL = 254
_CONTROL = r"\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069"
"""Characters that break a line, or turn what stands behind them around."""
_UNFIT_FOR_NAMES = re.compile(f"[{_CONTROL}]")
_MAILBOX = rf"[^@\s{_CONTROL}\u00ad\u200b-\u200f\u2060-\u206f\ufeff<>\"(),:;\\]"
# Mail programs unpack =?…?= wherever they find it, and would send to another address than the one that was given.
_EMAIL = re.compile(rf"(?!.*=\?){_MAILBOX}{{1,64}}@{_MAILBOX}{{1,253}}")
_UNFIT = re.compile("[^a-z0-9]+")
_COLUMNS = "id, uuid, email, name, role, session, created_at, disabled_at, last_login_at, password IS NOT NULL"


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
    has_password: bool
    """Whether a password is set; a new user may not have come by yet."""


def organization(tx: Tx) -> Organization | None:
    """The organization of the store, once there is one."""
    row = tx.execute("SELECT uuid, slug, name, project, created_at FROM organizations").fetchone()
    return Organization(*row) if row else None


def ensure_organization(tx: Tx, name: str, now_ms: int) -> Organization:
    """The organization of the store, made under this name if there is none.

    Raises Invalid for a name that is blank, longer than 200 characters, or has control characters.
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
    """Make a user; ``password`` is an encoded hash (core/people/passwords.py), None until the person sets one.

    Raises Invalid for what is no e-mail address or name, Conflict for an address that is taken or when there are
    10,000 users.
    """
    address = normal_email(email)
    _require_name("name", name)
    if tx.execute("SELECT count(*) FROM users").fetchone()[0] >= MOST_USERS:
        raise Conflict(f"there are {MOST_USERS:,} users already")
    try:
        tx.execute(
            "INSERT INTO users (uuid, email, name, role, password, created_at) VALUES (?, ?, ?, ?, ?, ?)",
            (str(uuid.uuid4()), address, name.strip(), role, password, now_ms),
        )
    except sqlite3.IntegrityError as error:
        raise Conflict("there is a user with this e-mail address already") from error
    links.delete_setup(tx)
    return by_email(tx, address)


def has_admin(tx: Tx) -> bool:
    """Whether there is an admin who is let in."""
    return _other_admin(tx, 0)


def anybody(tx: Tx) -> bool:
    """Whether the store has a user at all."""
    return tx.execute("SELECT 1 FROM users LIMIT 1").fetchone() is not None


def by_email(tx: Tx, email: str) -> User:
    """The user of an e-mail address, however it is spelled in capitals; raises NotFound."""
    return _user(tx, "email", email.strip().lower())


def by_uuid(tx: Tx, user_id: str) -> User:
    """The user of a UUID; raises NotFound."""
    return _user(tx, "uuid", user_id)


def by_number(tx: Tx, number: int) -> User:
    """The user of a row; raises NotFound."""
    return _user(tx, "id", number)


def every(tx: Tx) -> list[User]:
    """All users by e-mail address, those that are disabled too."""
    return [_read(row) for row in tx.execute(f"SELECT {_COLUMNS} FROM users ORDER BY email")]


def password_of(tx: Tx, user: User) -> str | None:
    """The encoded hash of a user's password, where one is set."""
    encoded: str | None = tx.execute("SELECT password FROM users WHERE id = ?", (user.number,)).fetchone()[0]
    return encoded


def set_password(tx: Tx, user: User, encoded: str) -> User:
    """Give a user a new password (its encoded hash); every session and every link of the user ends."""
    tx.execute("UPDATE users SET password = ? WHERE id = ?", (encoded, user.number))
    links.delete_of(tx, user.number)
    return end_sessions(tx, user)


def record_login(tx: Tx, user: User, now_ms: int, encoded: str | None = None) -> None:
    """Note that a user has signed in; ``encoded`` is the same password hashed anew, where that was due."""
    tx.execute(
        "UPDATE users SET last_login_at = ?, password = coalesce(?, password) WHERE id = ?",
        (now_ms, encoded, user.number),
    )


def rename(tx: Tx, user: User, name: str) -> None:
    """Give a user another name; raises Invalid as create() does."""
    _require_name("name", name)
    tx.execute("UPDATE users SET name = ? WHERE id = ?", (name.strip(), user.number))
    changed(tx)


def set_role(tx: Tx, user: User, role: Role) -> User:
    """Give a user a role; raises Conflict where that would leave no active admin."""
    if role != "admin":
        _require_other_admin(tx, user)
    tx.execute("UPDATE users SET role = ? WHERE id = ?", (role, user.number))
    changed(tx)
    return by_number(tx, user.number)


def disable(tx: Tx, user: User, now_ms: int) -> User:
    """Keep a user out: every session and every link ends. Raises Conflict where that would leave no active admin."""
    _require_other_admin(tx, user)
    tx.execute("UPDATE users SET disabled_at = coalesce(disabled_at, ?) WHERE id = ?", (now_ms, user.number))
    links.delete_of(tx, user.number)
    return end_sessions(tx, user)


def enable(tx: Tx, user: User) -> User:
    """Let a user in again, with the password of before; old sessions stay ended."""
    tx.execute("UPDATE users SET disabled_at = NULL WHERE id = ?", (user.number,))
    changed(tx)
    return by_number(tx, user.number)


def end_sessions(tx: Tx, user: User) -> User:
    """End every session of a user that there is, also one made in this second."""
    tx.execute("UPDATE users SET session = session + 1 WHERE id = ?", (user.number,))
    changed(tx)
    return by_number(tx, user.number)


def acting(user: User, admins: Collection[str]) -> User:
    """A user with the role that counts: whose address is among ``admins`` is one, whatever is stored."""
    return msgspec.structs.replace(user, role="admin") if user.email in admins else user


def normal_email(email: str) -> str:
    """An e-mail address in the spelling it is kept in; raises Invalid for what is none."""
    address = email.strip().lower()
    if not is_email(address):
        raise Invalid([("email", "must be a valid email address")])
    return address


def is_email(text: str) -> bool:
    """Whether a text is an e-mail address, as far as can be seen."""
    return len(text.strip()) <= MAX_EMAIL and _EMAIL.fullmatch(text.strip()) is not None


def _require_other_admin(tx: Tx, user: User) -> None:
    if user.role == "admin" and user.disabled_at is None and not _other_admin(tx, user.number):
        raise Conflict("this is the last active admin; make another one first")


def _other_admin(tx: Tx, number: int) -> bool:
    found = tx.execute(
        "SELECT 1 FROM users WHERE role = 'admin' AND disabled_at IS NULL AND id != ? LIMIT 1", (number,)
    ).fetchone()
    return found is not None


def _require_name(field: str, name: str) -> None:
    if not name.strip():
        raise Invalid([(field, "must not be empty")])
    if len(name) > MAX_NAME:
        raise Invalid([(field, f"must be at most {MAX_NAME} characters")])
    if _UNFIT_FOR_NAMES.search(name.strip()):
        raise Invalid([(field, "must not have control characters")])


def _user(tx: Tx, column: str, value: str | int) -> User:
    row = tx.execute(f"SELECT {_COLUMNS} FROM users WHERE {column} = ?", (value,)).fetchone()
    if row is None:
        raise NotFound("there is no such user")
    return _read(row)


def _read(row: tuple[Any, ...]) -> User:
    return msgspec.convert(dict(zip(User.__struct_fields__, row, strict=True)), User, strict=False)
