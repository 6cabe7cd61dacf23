"""How LuminaLog says no, and where the server takes note of it: a refused body once, however often it is resent."""

import logging
from collections.abc import Sequence

from logserver.api.faults import status_of
from logserver.api.handler import Reply
from logserver.api.request import Request
from logserver.contracts.luminalog.wire import Error, Problem, Refused
from logserver.core.faults import Fault, Malformed, TooLarge, Unauthorized, UnsupportedType
from logserver.core.observer import Observer, Refusal
from logserver.core.quotas import QuotaExceeded

logger = logging.getLogger("logserver.luminalog")

MOST_ENTRIES_NAMED = 50
"""Of how many entries a refusal says what is wrong with them."""

_CODES = {
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    408: "request_timeout",
    429: "rate_limit_exceeded",
    503: "unavailable",
}


class Rejected(Fault):
    """A body that breaks a rule, whoever sends it and whenever; ``details`` says where, entry by entry."""

    def __init__(self, message: str, details: Sequence[Problem] = (), *, again: bool = False) -> None:
        super().__init__(message)
        self.details = details
        self.again = again
        """Whether this very body was refused before."""


def refuse(fault: Exception, _request_id: str = "") -> Reply:
    """The status and body of a fault; of anything else, a 500 that shows nothing."""
    if isinstance(fault, Rejected):
        return Reply(400, Refused("validation_error", str(fault), list(fault.details)))
    if isinstance(fault, Malformed | TooLarge | UnsupportedType):
        return Reply(400, Refused("validation_error", str(fault), []))
    status = status_of(fault)
    if status == 500:
        return Reply(500, Error("internal_error", "Internal server error"))
    if isinstance(fault, Unauthorized):
        return Reply(401, Error("unauthorized", "Invalid or missing API key"))
    code = "quota_exceeded" if isinstance(fault, QuotaExceeded) else _CODES.get(status, "bad_request")
    return Reply(status, Error(code, str(fault)))


class Notes:
    """Tells the server's log and its own project of refused batches: which rule of which field, never a value."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer

    def refused(self, request: Request, fault: Exception, status: int) -> None:
        """Take note of a refusal, unless it is one of a body that was refused before."""
        credential = request.credential
        project = credential.project if credential is not None else None
        reason = type(fault).__name__.lower()
        if isinstance(fault, Rejected):
            if fault.again:
                return
            logger.warning("a batch of project %s was refused: %s", project.slug if project else "(none)", fault)
            reason = f"invalid: {fault.details[0].field}" if fault.details else "invalid"
        if not self._observer.wants():
            return
        self._observer.note(
            Refusal(
                reason=reason,
                status=status,
                endpoint=f"POST {request.place()}",
                project=project.slug if project is not None else None,
            )
        )
