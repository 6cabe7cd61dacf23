"""The keys of edge agents as people manage them: which there are, who made them, what they may do."""

from typing import Any

import msgspec

from logserver.core import tokens
from logserver.core.faults import Conflict, NotFound
from logserver.core.people.accounts import User
from logserver.core.projects import Project
from logserver.core.tokens import Issued
from logserver.store.tx import Tx

MOST = 10_000
"""How many keys of agents may be valid at once."""

_SELECT = (
    "SELECT t.uuid, t.name, t.prefix, t.scopes, t.last_used_at, t.expires_at, t.revoked_at, u.uuid, t.created_at"
    " FROM tokens t LEFT JOIN users u ON u.id = t.created_by WHERE t.kind = 'edge'"
)
_scopes = msgspec.json.Decoder(tuple[str, ...]).decode


class EdgeKey(msgspec.Struct, frozen=True):
    """A key of agents as it is listed; times are Unix milliseconds."""

    id: str
    name: str
    prefix: str
    """How its secret begins."""
    permissions: tuple[str, ...]
    """Some of tokens.EDGE_SCOPES."""
    last_used_at: int | None
    expires_at: int | None
    revoked_at: int | None
    created_by: str | None
    """The UUID of the user who made it; None: the shell."""
    created_at: int


def create(
    tx: Tx,
    *,
    name: str,
    project: Project,
    permissions: tuple[str, ...],
    user: User,
    now_ms: int,
    expires_at: int | None = None,
) -> tuple[EdgeKey, Issued]:
    """Make a key; its secret stands in the second value and nowhere else.

    Raises Conflict while there are 10,000 valid ones.
    """
    (n,) = tx.execute(
        "SELECT count(*) FROM tokens WHERE kind = 'edge' AND revoked_at IS NULL"
        " AND (expires_at IS NULL OR expires_at > ?)",
        (now_ms,),
    ).fetchone()
    if n >= MOST:
        raise Conflict(f"there are {MOST} valid API keys; delete some of them")
    issued = tokens.issue(
        tx,
        kind="edge",
        name=name,
        project=project,
        now_ms=now_ms,
        expires_at=expires_at,
        scopes=permissions,
        created_by=user.number,
    )
    return read(tx, issued.id), issued


def read(tx: Tx, key_id: str) -> EdgeKey:
    """A key by its id, one that is revoked too; raises NotFound."""
    row = tx.execute(f"{_SELECT} AND t.uuid = ?", (key_id.lower(),)).fetchone()
    if row is None:
        raise NotFound("there is no such API key")
    return _key(row)


def page(tx: Tx, *, offset: int, limit: int) -> tuple[list[EdgeKey], int]:
    """A part of the keys, newest first and revoked ones among them, and how many there are in all."""
    rows = tx.execute(f"{_SELECT} ORDER BY t.id DESC LIMIT ? OFFSET ?", (limit, offset)).fetchall()
    (total,) = tx.execute("SELECT count(*) FROM tokens WHERE kind = 'edge'").fetchone()
    return [_key(row) for row in rows], int(total)


def revoke(tx: Tx, key_id: str, now_ms: int) -> None:
    """Refuse a key from now on, for good; raises NotFound."""
    tokens.revoke(tx, read(tx, key_id).id, now_ms)


def _key(row: tuple[Any, ...]) -> EdgeKey:
    values = dict(zip(EdgeKey.__struct_fields__, row, strict=True))
    return EdgeKey(**{**values, "permissions": _scopes(values["permissions"])})
