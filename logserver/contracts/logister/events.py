"""From a Logister event to the one record: normalising, checking, copying into context, dating."""

from typing import Any, Literal, NamedTuple, get_args

from msgspec.structs import astuple

from logserver.contracts.logister import bounds, spans
from logserver.contracts.logister.envelopes import Draft, open_envelope
from logserver.contracts.logister.fields import is_blank, plain, read_number, read_uuid
from logserver.contracts.logister.mobile import Binding
from logserver.contracts.logister.refusals import Unprocessable
from logserver.contracts.logister.wire import COPIED, EVENT_TYPES, EventFields
from logserver.core.monitors import DEFAULT_INTERVAL_SECONDS, MAX_INTERVAL_SECONDS, CheckIn
from logserver.core.times import read_time
from logserver.store.events import Event

CHECK_IN_STATUSES: dict[str, Literal["ok", "error", "in_progress"]] = {
    status: status for status in get_args(Literal["ok", "error", "in_progress"])
}
_ABSENT = (None, "")
_FIRST_COPIED = EventFields.__struct_fields__.index(COPIED[0])
_LAST_COPIED = _FIRST_COPIED + len(COPIED)
_NOTHING_BESIDE = (None,) * len(COPIED)
MAX_LEVEL = 64
MAX_SLUG = 255

_READ_FROM_CONTEXT = frozenset(
    {*COPIED, "service", "value", "unit", "status_code", "transaction_status", "route", "name", "status", "exception"}
)
_PLAIN = {plain(name): name for name in _READ_FROM_CONTEXT}
_COMPACT = frozenset(_PLAIN) - _READ_FROM_CONTEXT
_STATUS_NAMES = {"transaction": "transaction_status", "check_in": "check_in_status"}
_NESTED = (
    ("trace_id", "trace", ("traceid", "id")),
    ("request_id", "trace", ("requestid",)),
    ("user_id", "user", ("id",)),
)


class Receipt(NamedTuple):
    """The circumstances of a request that its events depend on."""

    received_ms: int
    """Unix milliseconds."""
    environment: str
    """Stands in where an event names none."""
    binding: Binding | None = None
    """What the sender's token fixes."""
    discreet: bool = False
    """Whether no refusal may repeat what was sent, because the project's rules of redaction run on it."""


class Reading(NamedTuple):
    """An event that keeps every rule, and what it says to a monitor if it is a check-in."""

    event: Event
    check_in: CheckIn | None


def read_body(raw: bytes, *, receipt: Receipt) -> Reading:
    """The event of a body of POST /api/v1/ingest_events.

    Raises Malformed, TooLarge, and Unprocessable with everything that is wrong.
    """
    return translate(open_envelope(raw), receipt)


def translate(draft: Draft, receipt: Receipt) -> Reading:
    """The record of an event's fields and of what else came with them; raises Unprocessable with every broken rule."""
    fields, rest, problems, identity = draft
    received_ms = receipt.received_ms
    errors = list(problems)
    event_type = fields.event_type.strip().lower() if fields.event_type is not None else ""
    context = _context(fields, rest, event_type)
    if receipt.binding is not None:
        receipt.binding.check_type(event_type)
        errors.extend(receipt.binding.impose(context, discreet=receipt.discreet))
    name_environment(context, receipt.environment)
    if not event_type:
        errors.append("Event type can't be blank")
    elif event_type not in EVENT_TYPES:
        errors.append("Event type is not included in the list")
    message = fields.message
    if event_type == "span":
        message = (
            fields.name if not is_blank(fields.name) else message if not is_blank(message) else context.get("name")
        )
    elif is_blank(message):
        errors.append("Message can't be blank")
    message = message if isinstance(message, str) else ""
    bounds.check_message(message)
    level = fields.level.strip() if fields.level is not None else ""
    if len(level) > MAX_LEVEL:
        errors.append(f"Level is too long (maximum is {MAX_LEVEL} characters)")
    uuid = identity or _uuid(fields.uuid, fields.event_id, errors)
    occurred = read_time(fields.occurred_at)
    if event_type == "span":
        started = read_time(context.get("started_at"))
        occurred = started if started is not None else occurred
        spans.complete(context, message, occurred if occurred is not None else received_ms * 1000, errors)
    timed_by_receipt = occurred is None
    if occurred is None:
        occurred = received_ms * 1000
    check_in = (
        _check_in(context, message, min(occurred // 1000, received_ms), errors) if event_type == "check_in" else None
    )
    if errors:
        raise Unprocessable(errors)
    return Reading(
        Event(
            type=event_type,
            level=level or ("error" if "error" in (event_type, check_in and check_in.status) else "info"),
            message=message,
            context=context,
            time=occurred,
            received=received_ms,
            timed_by_receipt=timed_by_receipt,
            uuid=uuid,
            fingerprint=fields.fingerprint or None,
        ),
        check_in,
    )


def name_environment(context: dict[str, Any], usual: str) -> None:
    """Make sure that a context names its environment, as text; ``usual`` where it has none."""
    environment = context.get("environment")
    if type(environment) is str and environment and not environment.isspace():
        return
    if is_blank(environment):
        context["environment"] = usual
    elif isinstance(environment, int | float):
        context["environment"] = str(environment)


def _context(fields: EventFields, rest: dict[str, Any], event_type: str) -> dict[str, Any]:
    """The sent context with the fields beside it, its own keys first, and plain copies of other spellings."""
    context = fields.context if fields.context is not None else {}
    spelled = "".join(context)
    if not spelled.islower() or "-" in spelled or not _COMPACT.isdisjoint(context):
        for key in list(context):
            name = _PLAIN.get(plain(key))
            if name is not None and name != key and context.get(name) in _ABSENT:
                context[name] = context[key]
    beside = astuple(fields)[_FIRST_COPIED:_LAST_COPIED]
    if beside != _NOTHING_BESIDE:
        for name, value in zip(COPIED, beside, strict=True):
            if value is not None and value != "" and context.get(name) in _ABSENT:
                context[name] = value
    if fields.status is not None:
        name = _STATUS_NAMES.get(event_type, "status")
        if context.get(name) in _ABSENT:
            context[name] = fields.status
    for key, value in rest.items():
        context.setdefault(key, value)
    if "trace" in context or "user" in context:
        _read_nested(context)
    return context


def _read_nested(context: dict[str, Any]) -> None:
    """Copy what clients say in ``trace`` and ``user`` objects, where the context has none of the name itself."""
    for name, parent, children in _NESTED:
        if context.get(name) in _ABSENT and type(nested := context.get(parent)) is dict:
            for key, value in nested.items():
                if plain(key) in children and type(value) in {str, int}:
                    context[name] = value


def _uuid(uuid: str | None, event_id: str | None, errors: list[str]) -> bytes | None:
    if uuid is None and event_id is None:
        return None
    sent = [(name, value) for name, value in (("Uuid", uuid), ("Event", event_id)) if not is_blank(value)]
    read = [read_uuid(str(value)) for _, value in sent]
    errors.extend("Uuid is invalid" for value in read if value is None)
    if len(read) == 2 and None not in read and read[0] != read[1]:
        errors.append("Uuid and event id differ")
    return read[0] if read else None


def _check_in(context: dict[str, Any], message: str, at_ms: int, errors: list[str]) -> CheckIn | None:
    """What a check-in event says to its monitor."""
    named = (context.get(name) for name in ("check_in_slug", "monitor_slug", "slug"))
    slug = next((value for value in named if isinstance(value, str) and value.strip()), message).strip()
    return check_in_of(context, slug, at_ms, errors)


def check_in_of(context: dict[str, Any], slug: str, at_ms: int, errors: list[str]) -> CheckIn | None:
    """The check-in of a slug, with status, interval, duration and release as ``context`` has them.

    Completes ``context``; adds to ``errors`` what is wrong.
    """
    if len(slug) > MAX_SLUG:
        errors.append(f"Slug is too long (maximum is {MAX_SLUG} characters)")
    sent = context.get("check_in_status")
    status = CHECK_IN_STATUSES.get("ok" if is_blank(sent) else str(sent).strip().lower())
    if status is None:
        errors.append("Status is not included in the list")
        return None
    interval = read_number(context.get("expected_interval_seconds"))
    seconds = DEFAULT_INTERVAL_SECONDS if interval is None or interval < 1 else min(int(interval), MAX_INTERVAL_SECONDS)
    context.update(check_in_slug=slug, check_in_status=status, expected_interval_seconds=seconds)
    duration = read_number(context.get("duration_ms"))
    release = context.get("release")
    environment = context["environment"]
    return CheckIn(
        slug=slug,
        environment=environment if isinstance(environment, str) else "",
        status=status,
        at=at_ms,
        interval_seconds=seconds,
        duration_ms=max(float(duration), 0.0) if duration is not None else None,
        release=release if isinstance(release, str) else None,
    )
