"""Check-ins: the short form of a check-in event, for cron jobs."""

from typing import Any

from msgspec.structs import astuple

from logserver.contracts.logister import bounds
from logserver.contracts.logister.events import Reading, Receipt, check_in_of, name_environment
from logserver.contracts.logister.fields import enveloped, is_blank, read_fields, read_uuid
from logserver.contracts.logister.refusals import Unprocessable
from logserver.contracts.logister.wire import CheckInFields
from logserver.core.times import read_time
from logserver.store.events import Event

_COPIED = ("duration_ms", "release", "trace_id", "request_id", "expected_interval_seconds")


def read(payload: Any, *, size: int, receipt: Receipt) -> Reading:
    """The event of a check-in envelope; raises Malformed, TooLarge, and Unprocessable with everything wrong."""
    sent = enveloped(payload, "check_in")
    bounds.check_size(size)
    fields, rest, errors = read_fields(sent, CheckInFields)
    bounds.measure({**(fields.context or {}), **rest})
    bounds.check_strings(astuple(fields))
    context = {**rest, **(fields.context or {})}
    context |= {name: value for name in _COPIED if (value := getattr(fields, name)) is not None}
    if not is_blank(fields.environment):
        context["environment"] = fields.environment
    if receipt.binding is not None:
        receipt.binding.check_type("check_in")
        errors.extend(receipt.binding.impose(context, discreet=receipt.discreet))
    name_environment(context, receipt.environment)
    slug = (fields.slug or "").strip()
    if not slug:
        errors.append("Slug can't be blank")
    if not is_blank(fields.status):
        context["check_in_status"] = fields.status
    uuid = fields.uuid if not is_blank(fields.uuid) else fields.event_id
    identity = read_uuid(uuid) if uuid is not None and not is_blank(uuid) else None
    if identity is None and not is_blank(uuid):
        errors.append("Uuid is invalid")
    occurred = read_time(fields.occurred_at)
    if occurred is None:
        occurred = read_time(fields.checked_at)
    timed_by_receipt = occurred is None
    if occurred is None:
        occurred = receipt.received_ms * 1000
    said = check_in_of(context, slug, min(occurred // 1000, receipt.received_ms), errors)
    if errors or said is None:
        raise Unprocessable(errors)
    return Reading(
        Event(
            type="check_in",
            level="error" if said.status == "error" else "info",
            message=slug,
            context=context,
            time=occurred,
            received=receipt.received_ms,
            timed_by_receipt=timed_by_receipt,
            uuid=identity,
        ),
        said,
    )
