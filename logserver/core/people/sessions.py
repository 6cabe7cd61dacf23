"""Sessions of people as JWTs: signed, a day long, and ended all at once by a new session version of their user."""

import uuid
from collections.abc import Collection

import jwt
import msgspec

from logserver.core.faults import NotFound
from logserver.core.people import accounts
from logserver.core.people.accounts import User
from logserver.core.projects import generation
from logserver.core.tokens import Credential
from logserver.store.keys import kept_secret, store_secret
from logserver.store.tx import Tx

SECONDS = 86_400
"""How long a session lasts; it is not renewed."""

_KEY = "session"
_ALGORITHM = "HS256"
_AHEAD_MS = 60_000
"""How far a clock may have been set back since a token was made."""

_UNREADABLE = (jwt.PyJWTError, msgspec.ValidationError, ValueError, RecursionError)


class Claims(msgspec.Struct, frozen=True):
    """What a session's token says; times are Unix seconds."""

    sub: str
    """The UUID of the user."""
    ver: int
    """The user's session version."""
    iat: int
    exp: int
    jti: str


def issue(tx: Tx, user: User, now_ms: int) -> str:
    """The token of a new session."""
    now = now_ms // 1000
    claims = Claims(user.uuid, user.session, now, now + SECONDS, str(uuid.uuid4()))
    return jwt.encode(msgspec.to_builtins(claims), store_secret(tx, _KEY), _ALGORITHM)


def is_one(secret: bytes) -> bool:
    """Whether a secret is spelled like a session's token."""
    return secret.startswith(b"eyJ")


def find(tx: Tx, secret: bytes, now_ms: int, admins: Collection[str] = frozenset()) -> tuple[Credential | None, int]:
    """The credential of a session's token, and the generation read, as tokens.find does.

    None where this store did not sign it, or its user is gone, disabled, or has ended it. ``bound`` has the
    user's ``user`` (UUID) and ``role``, admin for those whose address is among ``admins``; whether it has expired
    is for the one who knows the time.
    """
    return _credential(tx, secret, now_ms, admins), generation(tx)


def _credential(tx: Tx, secret: bytes, now_ms: int, admins: Collection[str]) -> Credential | None:
    claims = _claims(secret, kept_secret(tx, _KEY))
    if claims is None or claims.iat * 1000 > now_ms + _AHEAD_MS:
        return None
    try:
        user = accounts.acting(accounts.by_uuid(tx, claims.sub), admins)
    except NotFound:
        return None
    if user.disabled_at is not None or user.session != claims.ver:
        return None
    bound = {"user": user.uuid, "role": user.role}
    return Credential(-user.number, "user", user.name, None, (), bound, claims.exp * 1000)


def _claims(secret: bytes, signing_key: bytes | None) -> Claims | None:
    if signing_key is None:
        return None
    try:
        said = jwt.decode(
            secret,
            signing_key,
            algorithms=[_ALGORITHM],
            # Its times are for the one who knows the time.
            options={"verify_exp": False, "verify_iat": False, "verify_nbf": False},
        )
        return msgspec.convert(said, Claims)
    except _UNREADABLE:
        return None
