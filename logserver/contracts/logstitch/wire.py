"""The JSON of the LogStitch contract: events, as they are sent and as they are answered, and refusals."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

Category = Literal["auth", "access", "mutation", "admin", "security", "system"]
ActorType = Literal["user", "api_key", "service", "system"]


class Actor(msgspec.Struct):
    """Who did it."""

    id: Annotated[str, Meta(min_length=1, max_length=255)]
    type: ActorType
    name: str | None = None
    email: str | None = None


class Target(msgspec.Struct):
    """What it was done to."""

    id: Annotated[str, Meta(min_length=1, max_length=255)]
    type: Annotated[str, Meta(min_length=1, max_length=255)]
    name: str | None = None


class Context(msgspec.Struct):
    """Where it came from."""

    ip_address: str | None = None
    user_agent: str | None = None
    location: Any = None
    session_id: str | None = None


class Change(msgspec.Struct):
    """What changed, from what to what."""

    field: str
    before: Any = None
    after: Any = None


class AuditEvent(msgspec.Struct):
    """An audit event as it is sent. Other keys are kept, redacted and answered as sent."""

    action: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$", max_length=128)]
    category: Category
    actor: Actor
    tenant_id: Annotated[str, Meta(min_length=1, max_length=255)]
    target: Target | None = None
    context: Context | None = None
    metadata: dict[str, Any] | None = None
    changes: list[Change] | None = None
    idempotency_key: Annotated[str, Meta(min_length=1, max_length=255)] | None = None
    occurred_at: str | None = None
    """ISO 8601; the time of receipt where it is left out. Kept to the millisecond."""


class Redaction(msgspec.Struct):
    """That a rule of redaction matched a field; never what it matched."""

    field: str
    rule_id: str


class StoredEvent(msgspec.Struct):
    """An audit event as it is answered: what was sent, redacted, and what the server adds."""

    id: str
    action: str | UnsetType = UNSET
    category: str | UnsetType = UNSET
    actor: dict[str, Any] | UnsetType = UNSET
    tenant_id: str | UnsetType = UNSET
    target: dict[str, Any] | UnsetType = UNSET
    context: dict[str, Any] | UnsetType = UNSET
    metadata: dict[str, Any] | UnsetType = UNSET
    changes: list[Any] | UnsetType = UNSET
    idempotency_key: str | UnsetType = UNSET
    redactions: list[Redaction] | UnsetType = UNSET
    occurred_at: str | UnsetType = UNSET
    received_at: str | UnsetType = UNSET
    content_hash: str | UnsetType = UNSET
    """Hex SHA-256, chained with the event before it in the project."""


class Accepted(msgspec.Struct):
    """The answer for stored events: their ids, in the order sent."""

    ids: list[str]
    redacted_count: int
    request_id: str


class Events(msgspec.Struct):
    """A page of events, newest first."""

    events: list[StoredEvent]
    cursor: str | None
    has_more: bool
    request_id: str


class KeyRequest(msgspec.Struct):
    """A key to be made."""

    name: Annotated[str, Meta(min_length=1, max_length=100)]
    project_id: str | UnsetType = UNSET
    """UUID or short name of its project; may be left out where there is only one."""
    type: Literal["project"] = "project"
    mode: Literal["live", "test"] = "live"
    """A test key may do all that a live one may, but for minting viewer tokens."""


class NewKey(msgspec.Struct):
    """A key that was made; ``key`` is shown this once."""

    id: str
    key: str
    prefix: str
    type: str
    name: str
    request_id: str


class Key(msgspec.Struct, rename="camel"):
    """A key as it is listed."""

    id: str
    prefix: str
    type: str
    name: str
    last_used_at: str | None
    """Noted every half minute."""
    created_at: str
    revoked_at: str | None


class Keys(msgspec.Struct):
    """All keys, newest first."""

    keys: list[Key]
    cursor: str | None
    has_more: bool
    request_id: str


class Revoked(msgspec.Struct):
    """A key was revoked."""

    revoked: bool
    request_id: str


class ViewerTokenRequest(msgspec.Struct):
    """A viewer token to be made."""

    tenant_id: Annotated[str, Meta(min_length=1, max_length=255)]
    expires_in: Annotated[int, Meta(ge=60, le=86_400)] = 3_600
    """Seconds."""
    tier: str | None = None
    """A visibility tier of the project; without one, whole events are shown."""


class NewViewerToken(msgspec.Struct):
    """A viewer token that was made; it is kept nowhere."""

    token: str
    expires_at: str
    request_id: str


class StreamInfo(msgspec.Struct):
    """What is told of an anonymous stream; nothing of its events."""

    claim_token: str
    event_count: int
    """Events it was sent in its life."""
    status: Literal["active", "claimed"]
    created_at: str
    expires_at: str
    request_id: str


class Claim(msgspec.Struct):
    """Which stream to bind to a project."""

    claim_token: str
    """A UUID of version 4."""
    project_id: str | None = None
    """The project, where there are several to choose from."""


class Claimed(msgspec.Struct):
    """How many events the project took over."""

    event_count: int
    request_id: str


class Detail(msgspec.Struct):
    """What is wrong with one field."""

    field: str
    message: str


class Fault(msgspec.Struct, omit_defaults=True):
    """Why a request was refused."""

    code: str
    message: str
    details: list[Detail] | UnsetType = UNSET


class Error(msgspec.Struct):
    """A refusal."""

    error: Fault
    request_id: str
