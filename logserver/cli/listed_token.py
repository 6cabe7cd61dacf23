"""A token as the shell lists it."""

from typing import Any

from logserver.cli.times import iso
from logserver.core.log_rates import LogRate
from logserver.core.tokens import Token


def state(token: Token, now_ms: int) -> str:
    """Whether a token is active, expired or revoked."""
    if token.revoked_at is not None:
        return "revoked"
    return "expired" if token.expires_at is not None and token.expires_at <= now_ms else "active"


def spelled(token: Token, now_ms: int) -> dict[str, Any]:
    """A token as JSON lists it."""
    return {
        "id": token.id,
        "kind": token.kind,
        "name": token.name,
        "project": token.project,
        "prefix": token.prefix,
        "scopes": token.scopes,
        "state": state(token, now_ms),
        "created_at": iso(token.created_at),
        "expires_at": iso(token.expires_at),
        "revoked_at": iso(token.revoked_at),
        "last_used_at": iso(token.last_used_at),
    }


def rate_spelled(rate: LogRate) -> dict[str, int | None]:
    """A token's own limits of POST /v1/logs as JSON lists them."""
    return {"logs_per_minute": rate.per_minute, "logs_burst": rate.burst}
