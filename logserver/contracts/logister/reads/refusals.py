"""How the read API says no: each fault's status and code."""

from logserver.api.faults import MethodNotAllowed, status_of
from logserver.api.handler import Reply
from logserver.contracts.logister.reads.wire import Unanswered
from logserver.core.faults import Forbidden, Invalid, Malformed, NotFound, TooLarge, TooMany, TooSlow, Unauthorized
from logserver.store.errors import CursorError, QuerySyntaxError, ReadTimeout, StoreBusy, StoreDamaged

CODES: dict[type[Exception], str] = {
    Unauthorized: "unauthorized",
    Forbidden: "insufficient_scope",
    NotFound: "not_found",
    MethodNotAllowed: "method_not_allowed",
    Invalid: "invalid_parameter",
    Malformed: "invalid_parameter",
    QuerySyntaxError: "invalid_parameter",
    CursorError: "invalid_cursor",
    TooMany: "rate_limited",
    TooLarge: "too_large",
    TooSlow: "timeout",
    ReadTimeout: "query_timeout",
    StoreBusy: "unavailable",
    StoreDamaged: "unavailable",
}


def refuse(fault: Exception, _request_id: str = "") -> Reply:
    """The status and body of a fault; of anything else, a 500 that shows nothing."""
    status = 400 if isinstance(fault, Invalid) else status_of(fault)
    if status == 500:
        return Reply(500, Unanswered("Internal server error", "internal_error"))
    code = next(CODES[kind] for kind in type(fault).__mro__ if kind in CODES)
    text = f"q: {fault}" if isinstance(fault, QuerySyntaxError) else str(fault)
    return Reply(status, Unanswered(text, code))
