"""Mobile tokens: short-lived, for ingest and check-ins only, bound to an app and its session."""

from typing import Any

import msgspec

from logserver.contracts.logister.fields import humanize, is_blank, read_number
from logserver.contracts.logister.refusals import Unprocessable
from logserver.contracts.logister.wire import EVENT_TYPES, MobileToken, MobileTokenFields
from logserver.core import tokens
from logserver.core.faults import Forbidden
from logserver.core.projects import Project
from logserver.core.redaction.engine import Policy
from logserver.core.times import iso_text
from logserver.core.tokens import Credential
from logserver.store.tx import Tx

PLATFORMS = ("android", "ios")
SHORTEST, LONGEST, USUAL = 60, 3_600, 900
"""Seconds a mobile token may live."""

_BOUND = ("platform", "service", "environment", "release", "session_id")


class Binding(msgspec.Struct, frozen=True):
    """What a mobile token fixes in everything that is sent with it."""

    platform: str
    service: str
    environment: str
    release: str | None
    session_id: str | None
    allowed_event_types: list[str]

    def impose(self, context: dict[str, Any], *, discreet: bool) -> list[str]:
        """Write the bound values into a context; the values it has that contradict them, as errors.

        ``discreet``: nothing that was sent may be repeated, because it may be what is redacted.
        """
        errors = []
        for name in _BOUND:
            expected = getattr(self, name)
            if expected is None:
                continue
            sent = context.get(name)
            if not is_blank(sent) and str(sent) != expected:
                values = "" if discreet else f' (got "{sent}", expected "{expected}")'
                errors.append(f"{name} must match the mobile ingest token binding{values}")
            context[name] = expected
        return errors

    def check_type(self, event_type: str) -> None:
        """Raise Forbidden for a type of event that the token may not send."""
        if event_type in EVENT_TYPES and event_type not in self.allowed_event_types:
            raise Forbidden("Mobile ingest token cannot send this event type")


def binding_of(credential: Credential) -> Binding | None:
    """What a credential fixes: nothing, unless it is a mobile token."""
    return msgspec.convert(credential.bound, Binding) if credential.kind == "mobile" else None


def read(fields: MobileTokenFields, problems: list[str], *, discreet: bool) -> tuple[Binding, int, list[str]]:
    """What a token is to be bound to, the seconds it lives, and everything that is wrong with the request.

    ``discreet`` is as Binding.impose has it.
    """
    errors = list(problems)
    platform = (fields.platform or "").strip().lower()
    if platform not in PLATFORMS:
        errors.append("Platform is not included in the list")
    errors.extend(
        f"{humanize(name)} can't be blank" for name in ("service", "environment") if is_blank(getattr(fields, name))
    )
    seconds = USUAL
    if fields.expires_in_seconds is not None:
        number = read_number(fields.expires_in_seconds)
        seconds = int(number) if number is not None else 0
        if not SHORTEST <= seconds <= LONGEST:
            errors.append(f"Expires in seconds must be {SHORTEST} to {LONGEST}")
    allowed = fields.allowed_event_types if fields.allowed_event_types is not None else list(EVENT_TYPES)
    unknown = [str(name) for name in allowed if name not in EVENT_TYPES]
    if unknown:
        values = "" if discreet else f": {', '.join(unknown)}"
        errors.append(f"Allowed event types contains unsupported values{values}")
    elif not allowed:
        errors.append("Allowed event types can't be blank")
    binding = Binding(
        platform=platform,
        service=fields.service or "",
        environment=fields.environment or "",
        release=fields.release or None,
        session_id=fields.session_id or None,
        allowed_event_types=list(dict.fromkeys(str(name) for name in allowed)),
    )
    return binding, seconds, errors


def require_plain(policy: Policy, binding: Binding) -> None:
    """Raise Unprocessable where the rules of a policy find something in what a token is to be bound to.

    It stands in the token and identifies what is sent with it, so it can neither be kept nor become another value.
    """
    bound = {name: value for name in _BOUND if (value := getattr(binding, name)) is not None}
    sent = {"context": bound}
    found = policy.redact(sent, structure=frozenset({"context", *(f"context.{name}" for name in _BOUND)}))
    changed = [name for name, value in bound.items() if found.value["context"][name] != value]
    if changed:
        raise Unprocessable([f"{humanize(name)} must not hold what a redaction rule matches" for name in changed])


def issue(tx: Tx, project: Project, binding: Binding, seconds: int, now_ms: int) -> MobileToken:
    """Make a mobile token of a project; the answer is the only place its secret stands."""
    expires_at = now_ms + seconds * 1000
    issued = tokens.issue(
        tx,
        kind="mobile",
        name=f"{binding.platform} {binding.service}",
        project=project,
        now_ms=now_ms,
        expires_at=expires_at,
        bound=msgspec.to_builtins(binding),
    )
    return MobileToken(
        token=issued.secret,
        expires_at=iso_text(expires_at * 1000),
        expires_in_seconds=seconds,
        platform=binding.platform,
        service=binding.service,
        environment=binding.environment,
        release=binding.release,
        session_id=binding.session_id,
        allowed_event_types=binding.allowed_event_types,
    )
