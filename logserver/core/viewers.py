"""Viewer tokens: signed and short-lived, kept nowhere; each reads one tenant's audit events and dies with its key."""

import uuid
from typing import Annotated

import jwt
import msgspec
from msgspec import Meta

from logserver.core import tiers, tokens
from logserver.core.faults import Invalid, NotFound
from logserver.core.projects import Project, changed, generation
from logserver.core.tokens import VIEWER_KEY, Credential
from logserver.store.keys import kept_secret, renew_secret, store_secret
from logserver.store.tx import Tx

PREFIX = "vt_"
SHORTEST, LONGEST, USUAL = 60, 86_400, 3_600
"""Seconds a viewer token may live."""

_ALGORITHM = "HS256"
_AHEAD_MS = 60_000
"""How far a clock may have been set back since a token was made; one from further ahead would outlive its time."""

_UNREADABLE = (jwt.PyJWTError, msgspec.ValidationError, ValueError, RecursionError)


class Claims(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a viewer token says; times are Unix seconds."""

    sub: str
    """The UUID of the project."""
    tenant_id: Annotated[str, Meta(min_length=1, max_length=255)]
    iat: int
    exp: int
    jti: str
    key: str
    """The id of the key that minted it."""
    tier: str | None = None


class Minted(msgspec.Struct, frozen=True):
    """A new viewer token and when it ends, in Unix milliseconds."""

    token: str
    expires_at: int


def mint(
    tx: Tx, key: Credential, project: Project, *, tenant_id: str, seconds: int, tier: str | None, now_ms: int
) -> Minted:
    """Make a viewer token with a project's key; it does not outlive the key.

    Raises Invalid for a tier that the project does not have.
    """
    if tier is not None:
        try:
            tiers.read(tx, project, tier)
        except NotFound:
            raise Invalid([("tier", "The project has no tier of this name")]) from None
    now = now_ms // 1000
    end = now + seconds
    if key.expires_at is not None:
        end = min(end, key.expires_at // 1000)
    claims = Claims(project.uuid, tenant_id, now, end, str(uuid.uuid4()), tokens.id_of(tx, key.id), tier)
    signed = jwt.encode(msgspec.to_builtins(claims), store_secret(tx, VIEWER_KEY), _ALGORITHM)
    return Minted(PREFIX + signed, end * 1000)


def is_one(secret: bytes) -> bool:
    """Whether a secret is spelled like a viewer token."""
    return secret.startswith(PREFIX.encode())


def find(tx: Tx, secret: bytes, now_ms: int) -> tuple[Credential | None, int]:
    """The credential of a viewer token, and the generation read, as tokens.find does.

    None where it was not signed by this store, its key may mint no more, or its tier is gone. Its ``id`` is its
    key's, so that the key is what was used; ``bound`` has tenant_id, jti, tier and the fields that it shows.
    """
    return _credential(tx, secret, now_ms), generation(tx)


def _credential(tx: Tx, secret: bytes, now_ms: int) -> Credential | None:
    claims = _claims(secret, kept_secret(tx, VIEWER_KEY))
    if claims is None or claims.iat * 1000 > now_ms + _AHEAD_MS:
        return None
    key = tokens.find_by_id(tx, claims.key)
    if key is None or key.kind != "project" or key.project is None or key.bound.get("mode") == "test":
        return None
    if key.project.uuid != claims.sub:
        return None
    bound: dict[str, object] = {"tenant_id": claims.tenant_id, "jti": claims.jti, "tier": claims.tier}
    if claims.tier is not None:
        try:
            bound["fields"] = tiers.read(tx, key.project, claims.tier).fields
        except NotFound:
            return None
    ends = claims.exp * 1000
    return msgspec.structs.replace(
        key, kind="viewer", bound=bound, expires_at=ends if key.expires_at is None else min(ends, key.expires_at)
    )


def _claims(secret: bytes, signing_key: bytes | None) -> Claims | None:
    """What a token says that was signed by this store."""
    if signing_key is None:
        return None
    try:
        said = jwt.decode(
            secret.removeprefix(PREFIX.encode()),
            signing_key,
            algorithms=[_ALGORITHM],
            # Its times are for the one who knows the time.
            options={"verify_exp": False, "verify_iat": False, "verify_nbf": False},
        )
        return msgspec.convert(said, Claims)
    except _UNREADABLE:
        return None


def renew_viewer_key(tx: Tx) -> None:
    """Make a new key to sign viewer tokens with: every one that there is ends at once."""
    renew_secret(tx, VIEWER_KEY)
    changed(tx)
