"""The test bench of redaction: what the rules of a project make of a sample, of which nothing is stored."""

from typing import Any, NamedTuple

import msgspec

from logserver.api.fields import Fields
from logserver.contracts.logstitch.events import check_bounds, matched, redacted
from logserver.core.faults import Invalid
from logserver.core.nesting import excess
from logserver.core.redaction.engine import Policies
from logserver.core.redaction.rules import Rule
from logserver.core.redaction.telemetry import redact_event
from logserver.store.events import Event

DRAFT = "this rule"
"""The id of a rule that is tried and has not been saved."""

LONGEST = 16_384
"""Characters of a sample."""

MOST_MATCHES = 100
_LEVELS, _KEYS = 16, 2_000


class Sample(NamedTuple):
    """What the rules are tried on: a text, or an event as JSON."""

    text: str
    audit: bool
    """Whether it is an audit event; a log event otherwise."""


class Trial(NamedTuple):
    """What became of a sample."""

    result: str
    matches: list[tuple[str, str]]
    """Where (a dot path) which rule (its name) found something; the first 100."""
    found: int
    """How many there were."""


def run(policies: Policies, known: list[Rule], draft: Rule | None, sample: Sample) -> Trial:
    """Try the rules of a project on a sample, with ``draft`` in place of the rule of its id, or beside the others.

    It may take seconds, where there are many rules that look far. Raises Invalid, with ``sample`` or ``event`` as the
    field, for what cannot be read or would not be stored.
    """
    if not sample.text:
        raise Invalid([("sample", "paste a line or an event first")])
    if len(sample.text) > LONGEST:
        raise Invalid([("sample", f"must be at most {LONGEST:,} characters")])
    tried = known if draft is None else [*(rule for rule in known if rule.id != draft.id), draft]
    names = {rule.id: rule.name or DRAFT for rule in tried}
    policy = policies.made_of(tried)
    value = _value(sample)
    if value is None:
        event = _event({"message": sample.text})
        matches = redact_event(policy, event)
        return _trial(event.message, matches, names)
    if sample.audit:
        fields = Fields(value, "event.")
        check_bounds(fields, value, numbers=True)
        fields.done()
        if problems := matched(policy, value, "event."):
            raise Invalid(problems)
        # As storing does, which keeps no field that is null.
        found = redacted(policy, {name: inner for name, inner in value.items() if inner is not None})
        return _trial(_pretty(found.value), found.matches, names)
    event = _event(value)
    matches = redact_event(policy, event)
    if matches:
        del event.context["redactions"]  # they are listed beside it
    shown = {"level": event.level, "message": event.message, "context": event.context}
    return _trial(_pretty(shown), matches, names)


def _value(sample: Sample) -> dict[str, Any] | None:
    """The JSON object of a sample; None of a log event that is a plain text."""
    try:
        value = msgspec.json.decode(sample.text)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        value = None
    if isinstance(value, dict) and isinstance(value.get("event"), dict):
        value = value["event"]
    if not isinstance(value, dict):
        if sample.audit:
            raise Invalid([("sample", "an audit event is a JSON object")])
        return None
    if problem := excess(value, levels=_LEVELS, most=_KEYS):
        raise Invalid([("sample", problem[0].lower() + problem[1:])])
    return value


def _event(value: dict[str, Any]) -> Event:
    """A log event: its context is ``context``, or all that is neither message nor level."""
    message, level, context = value.get("message"), value.get("level"), value.get("context")
    if not isinstance(context, dict):
        context = {name: inner for name, inner in value.items() if name not in {"message", "level"}}
    return Event(
        type="log",
        level=level if isinstance(level, str) else "info",
        message=message if isinstance(message, str) else "",
        context=context,
        time=0,
        received=0,
    )


def _trial(result: str, matches: list[tuple[str, str]], names: dict[str, str]) -> Trial:
    return Trial(result, [(path, names.get(rule, rule)) for path, rule in matches[:MOST_MATCHES]], len(matches))


def _pretty(value: Any) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
