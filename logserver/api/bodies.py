"""What stands in the body of a request: unpacked, and read as JSON."""

from typing import Any

import msgspec

from logserver.api.request import Request, unpacked
from logserver.core.faults import Malformed, UnsupportedType

UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What decoding raises for bytes that are no JSON, or nested a thousand levels deep."""


def body_of(request: Request, limit: int) -> bytes:
    """The body without its content encoding, which is taken off; UnsupportedType where it is not gzip or none."""
    encoding = request.headers.get(b"content-encoding")
    if encoding is None or encoding.lower() == b"identity":
        return request.raw
    if encoding.lower() not in {b"gzip", b"x-gzip"}:
        raise UnsupportedType("a body is sent plain or with gzip", "unsupported_encoding")
    request.raw = unpacked(request.raw, limit=limit)
    return request.raw


def decode(raw: bytes) -> Any:
    """The JSON value of a body; Malformed (``invalid_json``) for what is none."""
    try:
        return msgspec.json.decode(raw)
    except RecursionError:
        raise Malformed("the body is not valid JSON: it is nested too deeply", "invalid_json") from None
    except UNREADABLE as error:
        raise Malformed(f"the body is not valid JSON: {error}", "invalid_json") from None
