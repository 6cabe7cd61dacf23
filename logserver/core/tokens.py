"""Tokens: random secrets, shown once, kept as their SHA-256, found by it, revocable at once."""

import hashlib
import secrets
import uuid
from typing import Any

import msgspec

from logserver.core.faults import Invalid, NotFound
from logserver.core.projects import Project, by_number, changed, generation
from logserver.store.tx import Tx

SECRET_BYTES = 24
"""192 bits of randomness in every secret."""

PREFIXES = {"project": "logister_", "master": "mk_", "edge": "lf_prod_", "read": "logister_cli_"}
"""How the secrets of each kind that the shell makes are spelled."""

MOBILE_PREFIX = "logister_mobile_"
LOG_PREFIX = "ll_"
"""How project tokens made for LuminaLog's clients are spelled."""

KEY_PREFIXES = {"live": "pk_", "test": "pk_test_"}
"""How project tokens made as keys are spelled, by their mode; a token without a mode is live."""

VIEWER_KEY = "viewer"
"""The name of the store's secret that viewer tokens are signed with (core/viewers.py)."""

EDGE_SCOPES = ("edge:register", "edge:heartbeat", "edge:metrics", "edge:stream")
READ_SCOPES = ("projects:read", "events:read", "errors:read", "traces:read", "monitors:read", "metrics:read")
SCOPES = {"edge": EDGE_SCOPES, "read": READ_SCOPES}
OF_SERVER = frozenset({"master", "read"})  # kinds that need no project; a read token without one reads them all
_LISTED = (
    "SELECT t.uuid, t.kind, t.name, p.slug, t.prefix, t.scopes, t.created_at, t.expires_at, t.revoked_at,"
    " t.last_used_at FROM tokens t LEFT JOIN projects p ON p.number = t.project"
)


class Credential(msgspec.Struct, frozen=True):
    """What a valid token may do, as of the generation it was read in; times are Unix milliseconds."""

    id: int
    """The token's number; of a person the user's, negative."""
    kind: str
    """project, master, edge, read, mobile, viewer or user."""
    name: str
    project: Project | None
    """The one project it belongs to; None for a key of the whole server, and for a person."""
    scopes: tuple[str, ...]
    bound: dict[str, Any]
    """What a mobile or a viewer token is bound to; the mode of a key; a person's user id (UUID) and role."""
    expires_at: int | None
    logs_per_minute: int | None = None
    """An override of the requests a minute that POST /v1/logs takes from it."""
    logs_burst: int | None = None
    """An override of how many of them may come at once."""


class Token(msgspec.Struct, frozen=True):
    """A token as it is listed: everything but its secret."""

    id: str
    kind: str
    name: str
    project: str | None
    prefix: str
    scopes: tuple[str, ...]
    created_at: int
    expires_at: int | None
    revoked_at: int | None
    last_used_at: int | None


class Issued(msgspec.Struct, frozen=True):
    """A new token with its secret, which is kept nowhere else."""

    id: str
    secret: str
    expires_at: int | None
    prefix: str
    """How it begins, as it is listed."""


def digest(secret: str | bytes) -> bytes:
    """What a secret is stored and found as."""
    return hashlib.sha256(secret.encode() if isinstance(secret, str) else secret).digest()


def issue(
    tx: Tx,
    *,
    kind: str,
    name: str,
    project: Project | None,
    now_ms: int,
    expires_at: int | None = None,
    bound: dict[str, Any] | None = None,
    prefix: str | None = None,
    scopes: tuple[str, ...] | None = None,
    created_by: int | None = None,
) -> Issued:
    """Make a token, spelled as its kind is, or with another ``prefix``.

    Without ``scopes`` it has all that its kind may have; ``created_by`` is the row of the user who makes it.
    Raises Invalid without a project where the kind needs one, and for a project that is archived.
    """
    if kind not in OF_SERVER and project is None:
        raise Invalid([("project", f"is needed: {kind} tokens belong to a project")])
    if project is not None and project.archived_at is not None:
        raise Invalid([("project", f"{project.slug!r} is archived; restore it first")])
    prefix = prefix or PREFIXES.get(kind, MOBILE_PREFIX)
    secret = prefix + secrets.token_urlsafe(SECRET_BYTES)
    listed = secret[: len(prefix) + 4]
    token_id = str(uuid.uuid4())
    tx.execute(
        "INSERT INTO tokens"
        " (uuid, kind, name, project, digest, prefix, scopes, bound, created_at, expires_at, created_by)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            token_id,
            kind,
            name,
            project.number if project is not None and kind != "master" else None,
            digest(secret),
            listed,
            msgspec.json.encode(SCOPES.get(kind, ()) if scopes is None else scopes).decode(),
            msgspec.json.encode(bound or {}).decode(),
            now_ms,
            expires_at,
            created_by,
        ),
    )
    return Issued(token_id, secret, expires_at, listed)


def find(tx: Tx, secret_digest: bytes) -> tuple[Credential | None, int]:
    """The credential of a secret that is neither revoked nor of an archived project, and the generation read.

    Whether it has expired is for the one who knows the time.
    """
    return _valid(tx, "digest", secret_digest), generation(tx)


def find_by_id(tx: Tx, token_id: str) -> Credential | None:
    """The credential of a token's id, as find() would find it by its secret."""
    return _valid(tx, "uuid", token_id)


def _valid(tx: Tx, column: str, value: str | bytes) -> Credential | None:
    row = tx.execute(
        "SELECT id, kind, name, project, scopes, bound, expires_at, logs_per_minute, logs_burst FROM tokens"
        f" WHERE {column} = ? AND revoked_at IS NULL",
        (value,),
    ).fetchone()
    if row is None:
        return None
    token_id, kind, name, number, scopes, bound, *rest = row
    project = by_number(tx, number) if number is not None else None
    if project is not None and project.archived_at is not None:
        return None
    decode = msgspec.json.decode
    return Credential(token_id, kind, name, project, tuple(decode(scopes)), decode(bound), *rest)


def id_of(tx: Tx, number: int) -> str:
    """The id that a token is listed by, from its number (Credential.id)."""
    return str(tx.execute("SELECT uuid FROM tokens WHERE id = ?", (number,)).fetchone()[0])


def every(tx: Tx, project: Project | None = None, *, kind: str | None = None) -> list[Token]:
    """All tokens, newest first, or those of one project or one kind; short-lived mobile ones left out."""
    number = project.number if project else None
    rows = tx.execute(
        f"{_LISTED} WHERE t.kind != 'mobile' AND (:project IS NULL OR t.project = :project)"
        " AND (:kind IS NULL OR t.kind = :kind) ORDER BY t.id DESC",
        {"project": number, "kind": kind},
    )
    return [_token(row) for row in rows]


def active_by_kind(tx: Tx, now_ms: int) -> dict[str, int]:
    """How many tokens of each kind are neither revoked nor expired at a time."""
    return dict(
        tx.execute(
            "SELECT kind, count(*) FROM tokens WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?)"
            " GROUP BY kind ORDER BY kind",
            (now_ms,),
        )
    )


def _token(row: tuple[Any, ...]) -> Token:
    named = dict(zip(Token.__struct_fields__, row, strict=True))
    return msgspec.convert(named | {"scopes": msgspec.json.decode(named["scopes"])}, Token)


def number_of(tx: Tx, which: str) -> int:
    """The number of the token with this id, this listed prefix or this secret.

    Raises NotFound when nothing matches, Invalid when more than one does.
    """
    rows = tx.execute(
        "SELECT id FROM tokens WHERE uuid = ? OR digest = ? OR (prefix = ? AND revoked_at IS NULL)",
        (which, digest(which), which),
    ).fetchall()
    if not rows:
        raise NotFound("there is no such token")
    if len(rows) > 1:
        raise Invalid([("token", "several tokens begin like this; name one by its id")])
    return int(rows[0][0])


def revoke(tx: Tx, which: str, now_ms: int) -> Token:
    """Revoke the token of number_of(); once revoked it stays so."""
    return _revoked(tx, number_of(tx, which), now_ms)


def revoke_key(tx: Tx, token_id: str, project: Project | None, now_ms: int) -> Token:
    """Revoke the project token of an id, as revoke() does; with a project, only one of that project.

    Raises NotFound for any other.
    """
    number = project.number if project else None
    row = tx.execute(
        "SELECT id FROM tokens WHERE uuid = ? AND kind = 'project' AND (? IS NULL OR project = ?)",
        (token_id, number, number),
    ).fetchone()
    if row is None:
        raise NotFound("there is no such key")
    return _revoked(tx, row[0], now_ms)


def _revoked(tx: Tx, number: int, now_ms: int) -> Token:
    tx.execute("UPDATE tokens SET revoked_at = coalesce(revoked_at, ?) WHERE id = ?", (now_ms, number))
    changed(tx)
    return _token(tx.execute(f"{_LISTED} WHERE t.id = ?", (number,)).fetchone())


def record_uses(tx: Tx, uses: dict[int, int]) -> None:
    """Note when tokens were last used: Unix milliseconds by token number."""
    tx.executemany("UPDATE tokens SET last_used_at = ? WHERE id = ?", [(at, token_id) for token_id, at in uses.items()])


def delete_expired_mobile(tx: Tx, now_ms: int, limit: int) -> int:
    """Delete up to ``limit`` mobile tokens that expired more than a day ago; returns how many."""
    return tx.execute(
        "DELETE FROM tokens WHERE id IN (SELECT id FROM tokens WHERE expires_at < ? AND kind = 'mobile' LIMIT ?)",
        (now_ms - 86_400_000, limit),
    ).rowcount
