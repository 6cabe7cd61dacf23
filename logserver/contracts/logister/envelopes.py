"""Opens event envelopes: the usual ones in one typed decoding, all others key by key."""

from typing import Any, NamedTuple

import msgspec
from msgspec.structs import astuple

from logserver.api.bodies import UNREADABLE, decode
from logserver.contracts.logister import bounds
from logserver.contracts.logister.fields import enveloped, read_fields
from logserver.contracts.logister.wire import EventEnvelope, EventFields

_CERTAINLY_SMALL = 2_000
"""No JSON this short can hold too many keys, elements or characters; its depth is checked by counting."""

_NO_FIELDS = EventFields()
_decode_envelope = msgspec.json.Decoder(EventEnvelope).decode


class Draft(NamedTuple):
    """An event's fields as they were spelled, before its rules are looked at."""

    fields: EventFields
    rest: dict[str, Any]
    """What else the event had."""
    problems: list[str]
    identity: bytes | None = None
    """Its uuid, where that was read already."""


def open_envelope(raw: bytes) -> Draft:
    """The fields of an envelope; raises Malformed for its shape, TooLarge for its sizes."""
    try:
        fields = _decode_envelope(raw).event
    except UNREADABLE:
        # Another spelling, an unknown field, a wrong type, or no JSON at all: told apart without hurry.
        return _open_any(raw)
    if len(raw) > _CERTAINLY_SMALL or not bounds.check_nesting(raw):
        bounds.check_size(len(raw))
        bounds.measure(fields.context or {})
        bounds.check_strings(astuple(fields))
    if fields.event_type is None and fields == _NO_FIELDS:
        return _open_any(raw)
    return Draft(fields, {}, [])


def _open_any(raw: bytes) -> Draft:
    sent = enveloped(decode(raw), "event")
    bounds.check_size(len(raw))
    fields, rest, problems = read_fields(sent, EventFields)
    bounds.measure({**rest, **(fields.context or {})})
    bounds.check_strings(astuple(fields))
    return Draft(fields, rest, problems)
