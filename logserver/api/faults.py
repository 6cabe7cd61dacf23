"""The one table from faults to HTTP: status codes and the headers every dialect shares. Bodies are the contracts'."""

import re

from logserver.core.faults import (
    Conflict,
    Fault,
    Forbidden,
    Gone,
    Invalid,
    Malformed,
    NotFound,
    TooLarge,
    TooMany,
    TooSlow,
    Unauthorized,
    UnsupportedType,
)
from logserver.store.errors import CursorError, QuerySyntaxError, ReadTimeout, StoreBusy, StoreDamaged, StoreError

_CAPITAL = re.compile(r"(?<=[a-z])(?=[A-Z])")


class MethodNotAllowed(Fault):
    """A path that is there, asked with a method that it does not have."""


STATUS: dict[type[Exception], int] = {
    Malformed: 400,
    QuerySyntaxError: 400,
    CursorError: 400,
    Unauthorized: 401,
    Forbidden: 403,
    NotFound: 404,
    MethodNotAllowed: 405,
    TooSlow: 408,
    Conflict: 409,
    Gone: 410,
    TooLarge: 413,
    UnsupportedType: 415,
    Invalid: 422,
    TooMany: 429,
    StoreBusy: 503,
    StoreDamaged: 503,
    ReadTimeout: 503,
}
"""A contract may speak another status where its product does."""

REFUSALS = (Fault, StoreError)
"""Everything that is the sender's to mend or to wait for; any other exception is a 500."""


def status_of(fault: Exception) -> int:
    """The HTTP status of a fault, or of the kind it is made of; 500 for what is none."""
    return next((STATUS[kind] for kind in type(fault).__mro__ if kind in STATUS), 500)


def reason_of(fault: Exception) -> str:
    """What a fault is counted as: its kind in one word, which nobody who sends can choose."""
    if isinstance(fault, StoreBusy):
        return fault.reason
    return _CAPITAL.sub("_", type(fault).__name__).lower()


def headers_of(fault: Exception) -> list[tuple[bytes, bytes]]:
    """The headers that go with a fault: when to come back, and the state of the window."""
    if isinstance(fault, TooMany):
        return [
            (b"retry-after", b"%d" % fault.retry_after),
            (b"x-ratelimit-limit", b"%d" % fault.limit),
            (b"x-ratelimit-remaining", b"%d" % fault.remaining),
            (b"x-ratelimit-reset", b"%d" % fault.reset_at),
        ]
    if isinstance(fault, StoreBusy | StoreDamaged):
        return [(b"retry-after", b"%d" % fault.retry_after)]
    if isinstance(fault, ReadTimeout):
        return [(b"retry-after", b"5")]
    if isinstance(fault, Unauthorized):
        return [(b"www-authenticate", b"Bearer")]
    if isinstance(fault, TooLarge | TooSlow):
        # What is left of the body is not read.
        return [(b"connection", b"close")]
    return []
