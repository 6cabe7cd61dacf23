"""How the Logister contract says no: each fault's status and body, and what the server notes of it for itself."""

from typing import Any

import msgspec

from logserver.api.bodies import UNREADABLE
from logserver.api.faults import status_of
from logserver.api.handler import Reply
from logserver.api.request import Request
from logserver.contracts.logister.fields import plain, plain_names
from logserver.contracts.logister.wire import (
    BatchAnswer,
    CodedError,
    Error,
    Errors,
    EventFields,
    RateLimited,
    SizeError,
)
from logserver.core.faults import Conflict, Invalid, Malformed, TooLarge, TooMany, UnsupportedType
from logserver.core.observer import Observer, Refusal

_MOST_KEYS = 50
_KEYS_READ_UP_TO = 65_536
_LONGEST_KEY = 64


class Unprocessable(Invalid):
    """Every rule of the contract that a record breaks, in the contract's words."""

    def __init__(self, errors: list[str]) -> None:
        super().__init__([("", error) for error in errors])
        self.errors = errors


class BatchMalformed(Malformed):
    """A batch that cannot be read; programs are told why by its code."""


class BatchRejected(Unprocessable):
    """A batch with an envelope that breaks a rule; nothing of it was stored."""

    def __init__(self, answer: BatchAnswer) -> None:
        super().__init__([error for result in answer.results for error in result.errors or ()])
        self.answer = answer


def refuse(fault: Exception, _request_id: str = "") -> Reply:
    """The status and body of a fault; of anything else, a 500 that shows nothing."""
    match fault:
        case BatchRejected():
            return Reply(422, fault.answer)
        case Unprocessable():
            return Reply(422, Errors(fault.errors))
        case Invalid():
            return Reply(422, Errors([f"{field} {message}" for field, message in fault.problems]))
        case Conflict():
            return Reply(422, Errors([str(fault)]))
        case TooMany():
            return Reply(429, RateLimited(str(fault), fault.limit, fault.window_seconds, fault.retry_after))
        case TooLarge():
            return Reply(413, SizeError(str(fault), fault.code, fault.limit, fault.actual))
        case Malformed() if not isinstance(fault, BatchMalformed):
            return Reply(400, Error(str(fault)))
        case BatchMalformed() | UnsupportedType():
            return Reply(status_of(fault), CodedError(str(fault), fault.code))
    status = status_of(fault)
    return Reply(status, Error("Internal server error" if status == 500 else str(fault)))


class Notes:
    """Tells the server's own project of refused submissions: which rule and which keys, never a value."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer

    def refused(self, request: Request, fault: Exception, status: int) -> None:
        """Take note of a refusal, as far as more notes are wanted."""
        if not self._observer.wants():
            return
        credential = request.credential
        project = credential.project if credential is not None else None
        # Where the project's rules of redaction run on this dialect, they would run on the keys, too.
        covered = project is not None and "logister" in project.redact_dialects
        roots, keys = _keys(request.raw) if not covered else ((), ())
        self._observer.note(
            Refusal(
                reason=_reason(fault),
                status=status,
                endpoint=f"POST {request.path}",
                envelope_keys=roots,
                normalized_keys=keys,
                project=project.slug if project is not None else None,
            )
        )


def _reason(fault: Exception) -> str:
    """What was wrong, in words that hold no value: a message may quote one after a bracket or a colon."""
    name = getattr(fault, "code", "invalid" if isinstance(fault, Invalid) else type(fault).__name__.lower())
    if isinstance(fault, Unprocessable):
        rules = dict.fromkeys(error.partition(" (")[0].partition(":")[0] for error in fault.errors)
        return f"{name}: {', '.join(list(rules)[:10])}"
    return str(name)


def _keys(raw: bytes) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if len(raw) > _KEYS_READ_UP_TO:
        return (), ()
    try:
        payload = msgspec.json.decode(raw)
    except UNREADABLE:
        return (), ()
    if not isinstance(payload, dict):
        return (), ()
    names = plain_names(EventFields)
    inner: dict[str, Any] = next((value for value in payload.values() if isinstance(value, dict)), {})
    normalized = sorted({names.get(plain(key), key)[:_LONGEST_KEY] for key in inner})
    return tuple(key[:_LONGEST_KEY] for key in list(payload)[:_MOST_KEYS]), tuple(normalized[:_MOST_KEYS])
