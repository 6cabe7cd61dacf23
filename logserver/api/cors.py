"""Lets pages of any origin use the API: a token in a header is no ambient authority."""

from starlette.types import Scope, Send

_ALLOWED = b"authorization, x-api-key, content-type, content-encoding, x-logister-batch-id, user-agent, traceparent"


def is_preflight(scope: Scope) -> bool:
    """Whether a browser asks what it may send."""
    return scope["method"] == "OPTIONS" and any(
        name == b"access-control-request-method" for name, _ in scope["headers"]
    )


async def allow(send: Send) -> None:
    """Answer a browser that it may ask, with every header that clients use, for the next day."""
    headers = [
        (b"access-control-allow-origin", b"*"),
        (b"access-control-allow-methods", b"GET, POST, PUT, PATCH, DELETE"),
        (b"access-control-allow-headers", _ALLOWED),
        (b"access-control-max-age", b"86400"),
    ]
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b""})
