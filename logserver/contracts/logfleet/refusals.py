"""How LogFleet says no, and what the server's own project is told of it."""

from logserver.api.faults import status_of
from logserver.api.handler import Reply
from logserver.api.request import Request
from logserver.contracts.logfleet.wire import Error
from logserver.core.faults import Invalid, Malformed, Stale
from logserver.core.observer import Observer, Refusal

_CODES = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    408: "request_timeout",
    409: "conflict",
    410: "gone",
    413: "payload_too_large",
    415: "unsupported_media_type",
    429: "rate_limited",
    503: "unavailable",
}
_MOST_DETAILS = 100


def refuse(fault: Exception, _request_id: str = "") -> Reply:
    """The status and body of a fault; of anything else, a 500 that shows nothing."""
    status = status_of(fault)
    if status == 500:
        return Reply(500, Error("internal_error", "Internal server error"))
    if isinstance(fault, Invalid):
        details = {field or "body": message for field, message in fault.problems[:_MOST_DETAILS]}
        return Reply(400, Error("validation_error", "Invalid request parameters", details))
    if isinstance(fault, Stale):
        return Reply(409, Error("version_conflict", str(fault), {"current_version": fault.current}))
    code = _CODES[status]
    if isinstance(fault, Malformed) and fault.code == "invalid_json":
        code = "invalid_json"
    return Reply(status, Error(code, str(fault)))


class Notes:
    """Tells the server's own project of refused submissions of agents: the kind of fault, nothing of what was sent."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer

    def refused(self, request: Request, fault: Exception, status: int) -> None:
        """Take note of a refused submission, as far as more notes are wanted."""
        if request.method != "POST" or "/edge/" not in request.path or not self._observer.wants():
            return
        credential = request.credential
        project = credential.project if credential is not None else None
        self._observer.note(
            Refusal(
                reason=type(fault).__name__.lower(),
                status=status,
                endpoint=f"POST {request.place()}",
                project=project.slug if project is not None else None,
            )
        )
