"""From a batch of the product to the one record: its entries checked, dated and made into events."""

from typing import Any

import msgspec

from logserver.api.bodies import UNREADABLE
from logserver.contracts.luminalog import bounds, shapes
from logserver.contracts.luminalog.crowding import require_few_parts
from logserver.contracts.luminalog.refusals import Rejected
from logserver.contracts.luminalog.wire import Entry, ErrorPayload, Logs, Problem
from logserver.core.faults import Malformed
from logserver.core.times import iso_time
from logserver.store.events import Event

_LONGEST_TIMESTAMP = 64
_FEWEST_LONG = bounds.MESSAGE_BYTES // 4
"""A text of no more characters than this cannot be too long in bytes."""

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Logs).decode


def read(raw: bytes, *, received_ms: int, environment: str) -> list[Event]:
    """The events of a body, which was received at a Unix millisecond; ``environment`` where an entry names none.

    Raises Malformed for what is no JSON, Rejected for a batch that breaks a rule.
    """
    require_few_parts(raw)
    try:
        entries = _decode(raw).logs
    except msgspec.ValidationError:
        raise _misshapen(raw, _Reader(received_ms, environment)) from None
    except RecursionError:
        raise Malformed("the body is not valid JSON: it is nested too deeply", "invalid_json") from None
    except UNREADABLE as error:
        raise Malformed(f"the body is not valid JSON: {error}", "invalid_json") from None
    count = len(entries)
    shapes.check_count(count)
    objects = 1 + count + sum([entry.metadata is not None for entry in entries])
    reader = _Reader(received_ms, environment, flat=bounds.is_flat(raw, objects))
    read_entry = reader.event
    events = [read_entry(index, entry) for index, entry in enumerate(entries)]
    if reader.problems:
        raise shapes.rejected(reader.problems)
    return events


def _misshapen(raw: bytes, reader: "_Reader") -> Rejected:
    """The refusal of a body that has an entry of another shape; everything that is wrong with any of them."""
    for index, sent in enumerate(shapes.entries_of(raw)):
        found = list(shapes.problems_of(index, sent))
        if not found:
            reader.event(index, msgspec.convert(sent, Entry))
        reader.problems += found
    if not reader.problems:
        # Of a name that an object has twice the last counts here, and each of them where entries are decoded.
        return Rejected("the body: Must not hold a name twice in an object")
    return shapes.rejected(reader.problems)


class _Reader:
    """Makes the entries of one batch into events; ``problems`` is what is wrong with them so far."""

    __slots__ = ("_environment", "_flat", "_received_ms", "problems")

    def __init__(self, received_ms: int, environment: str, *, flat: bool = False) -> None:
        self._received_ms = received_ms
        self._environment = environment
        self._flat = flat
        self.problems: list[Problem] = []

    def event(self, index: int, entry: Entry) -> Event:
        """The event of an entry; what is wrong with it is noted under its index."""
        message, error, level = entry.message, entry.error, entry.level
        occurred = iso_time(entry.timestamp) if len(entry.timestamp) <= _LONGEST_TIMESTAMP else None
        if occurred is None:
            self._wrong(index, "timestamp", "Must be an ISO 8601 time")
            occurred = 0
        if len(message) > _FEWEST_LONG and len(message.encode()) > bounds.MESSAGE_BYTES:
            self._wrong(index, "message", f"Must be at most {bounds.MESSAGE_BYTES} bytes of UTF-8")
        metadata = entry.metadata
        context: dict[str, Any] = {} if metadata is None else metadata
        if not self._flat and context and bounds.too_deep(context, bounds.METADATA_DEPTH):
            self._wrong(index, "metadata", f"Must be nested at most {bounds.METADATA_DEPTH} levels deep")
            context = {}
        given = _given(entry, context, self._environment)
        if error is not None:
            given["exception"] = self._exception(index, error)
        if level == "panic":
            given["original_level"], level = level, "fatal"
        if not given.keys().isdisjoint(context):
            _make_room(context, given)
        context.update(given)
        encoded = _encode(context)
        if len(encoded) > bounds.METADATA_BYTES and _size_without(context, given) > bounds.METADATA_BYTES:
            self._wrong(index, "metadata", f"Must be at most {bounds.METADATA_BYTES} bytes of UTF-8")
        return Event(
            type="log" if error is None else "error",
            level=level,
            message=message,
            context=context,
            time=occurred,
            received=self._received_ms,
            fingerprint=(error.fingerprint or None) if error is not None else None,
            masked=error is not None,
            vouched=entry.privacy_mode is True,
            encoded=encoded,
        )

    def _exception(self, index: int, error: ErrorPayload) -> dict[str, Any]:
        """An error payload in the form that exceptions have in the record, without what it leaves out."""
        stack, context = error.stack_trace, error.context
        if context is not None and bounds.too_deep(context, bounds.ERROR_DEPTH):
            self._wrong(index, "error.context", f"Must be nested at most {bounds.ERROR_DEPTH} levels deep")
            context = None
        exception = {
            "class": error.type,
            "message": error.message,
            "backtrace": stack.splitlines() if isinstance(stack, str) else stack,
            "context": context,
        }
        exception = {name: value for name, value in exception.items() if value is not None}
        if len(_encode(exception)) > bounds.ERROR_BYTES:
            self._wrong(index, "error", f"Must be at most {bounds.ERROR_BYTES} bytes of UTF-8")
        return exception

    def _wrong(self, index: int, field: str, message: str) -> None:
        self.problems.append(Problem(index, field, message))


def _given(entry: Entry, metadata: dict[str, Any], usual_environment: str) -> dict[str, Any]:
    """What an entry says beside its metadata, by the names it has in the record."""
    given: dict[str, Any] = {}
    if entry.environment and not entry.environment.isspace():
        given["environment"] = entry.environment
    elif not (isinstance(own := metadata.get("environment"), str) and own and not own.isspace()):
        given["environment"] = usual_environment
    if entry.trace_id is not None:
        given["trace_id"] = entry.trace_id
    if entry.span_id is not None:
        given["span_id"] = entry.span_id
    if entry.parent_span_id is not None:
        given["parent_span_id"] = entry.parent_span_id
    if entry.project_id is not None:
        given["project_id"] = entry.project_id
    if entry.privacy_mode:
        given["privacy_mode"] = True
    return given


def _make_room(metadata: dict[str, Any], given: dict[str, Any]) -> None:
    """Keep what metadata says under a name that is given otherwise, as ``metadata.<name>``."""
    for name, value in given.items():
        if name in metadata and metadata[name] != value:
            kept = f"metadata.{name}"
            while kept in metadata:
                kept = f"metadata.{kept}"
            metadata[kept] = metadata[name]


def _size_without(context: dict[str, Any], given: dict[str, Any]) -> int:
    return len(_encode({name: value for name, value in context.items() if name not in given}))
