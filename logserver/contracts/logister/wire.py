"""The JSON of the Logister contract: what is read and answered, field by field."""

from typing import Any

import msgspec

Number = int | float

EVENT_TYPES = ("error", "log", "metric", "transaction", "span", "check_in")
"""The types of event the contract knows; audit events come in another way."""

ACCEPTED = "accepted"
"""The status of everything that was stored."""


class EventFields(msgspec.Struct, forbid_unknown_fields=True):
    """An event as clients spell it; camelCase, UPPER and kebab spellings of every field are read as well.

    Whatever else an event carries is kept in its context.
    """

    event_type: str | None = None
    message: str | None = None
    level: str | None = None
    fingerprint: str | None = None
    occurred_at: str | Number | None = None
    context: dict[str, Any] | None = None
    uuid: str | None = None
    event_id: str | None = None
    name: str | None = None
    environment: str | None = None
    release: str | None = None
    trace_id: str | None = None
    request_id: str | None = None
    session_id: str | None = None
    user_id: str | int | None = None
    transaction_name: str | None = None
    duration_ms: Number | str | None = None
    span_id: str | None = None
    parent_span_id: str | None = None
    kind: str | None = None
    span_kind: str | None = None
    started_at: str | Number | None = None
    ended_at: str | Number | None = None
    expected_interval_seconds: Number | str | None = None
    check_in_slug: str | None = None
    monitor_slug: str | None = None
    check_in_status: str | None = None
    commit_sha: str | None = None
    repository: str | None = None
    branch: str | None = None
    status: str | int | None = None


COPIED = (
    "environment",
    "release",
    "trace_id",
    "request_id",
    "session_id",
    "user_id",
    "transaction_name",
    "duration_ms",
    "span_id",
    "parent_span_id",
    "kind",
    "span_kind",
    "started_at",
    "ended_at",
    "expected_interval_seconds",
    "check_in_slug",
    "monitor_slug",
    "check_in_status",
    "commit_sha",
    "repository",
    "branch",
)
"""The fields beside context that are copied into it where it has none of the name; in EventFields' order."""


class EventEnvelope(msgspec.Struct, forbid_unknown_fields=True):
    """The body of POST /api/v1/ingest_events; the root may be spelled EVENT."""

    event: EventFields


class CheckInFields(msgspec.Struct):
    """A check-in as clients spell it."""

    slug: str | None = None
    status: str | None = None
    expected_interval_seconds: Number | str | None = None
    environment: str | None = None
    duration_ms: Number | str | None = None
    release: str | None = None
    trace_id: str | None = None
    request_id: str | None = None
    occurred_at: str | Number | None = None
    checked_at: str | Number | None = None
    uuid: str | None = None
    event_id: str | None = None
    context: dict[str, Any] | None = None


class CheckInEnvelope(msgspec.Struct):
    """The body of POST /api/v1/check_ins; the root may be spelled CHECK_IN."""

    check_in: CheckInFields


class DeploymentFields(msgspec.Struct):
    """A deployment as clients spell it; release, repository and commit_sha are required."""

    release: str | None = None
    repository: str | None = None
    commit_sha: str | None = None
    environment: str | None = None
    branch: str | None = None
    deployed_at: str | Number | None = None
    pull_request_number: int | str | None = None
    pull_request_url: str | None = None
    release_tag: str | None = None
    release_url: str | None = None
    compare_url: str | None = None
    workflow_run_url: str | None = None
    deployment_url: str | None = None


class DeploymentEnvelope(msgspec.Struct):
    """The body of POST /api/v1/deployments; the root may be spelled DEPLOYMENT."""

    deployment: DeploymentFields


class MobileTokenFields(msgspec.Struct):
    """What a mobile token is bound to; platform, service and environment are required."""

    platform: str | None = None
    service: str | None = None
    environment: str | None = None
    release: str | None = None
    session_id: str | None = None
    expires_in_seconds: Number | str | None = None
    allowed_event_types: list[str] | None = None


class MobileTokenEnvelope(msgspec.Struct):
    """The body of POST /api/v1/mobile_ingest_tokens."""

    mobile_ingest_token: MobileTokenFields


class Accepted(msgspec.Struct, omit_defaults=True):
    """The answer for a stored event, span or deployment."""

    id: str
    legacy_id: int
    status: str
    type: str | None = None
    """``span`` for a span."""
    duplicate: bool | None = None
    """True where it had been stored before."""


class CheckInAccepted(msgspec.Struct, omit_defaults=True):
    """The answer for a stored check-in."""

    id: str
    status: str
    duplicate: bool | None = None
    """True where it had been stored before."""


class BatchResult(msgspec.Struct, omit_defaults=True):
    """What became of one envelope of a batch."""

    index: int
    status: str
    type: str | None = None
    id: str | None = None
    legacy_id: int | None = None
    duplicate: bool | None = None
    errors: list[str] | None = None


class BatchAnswer(msgspec.Struct):
    """The answer for a batch, stored as a whole or not at all."""

    schema_version: int
    batch_id: str
    status: str
    accepted: int
    duplicates: int
    results: list[BatchResult]


class MobileToken(msgspec.Struct):
    """A new mobile token, shown this once, with everything it is bound to."""

    token: str
    expires_at: str
    expires_in_seconds: int
    platform: str
    service: str
    environment: str
    release: str | None
    session_id: str | None
    allowed_event_types: list[str]


class Error(msgspec.Struct):
    """A refusal of the request as a whole."""

    error: str


class SizeError(msgspec.Struct):
    """A refusal of a size, both figures in the unit the code names."""

    error: str
    code: str
    limit: int
    actual: int


class CodedError(msgspec.Struct):
    """A refusal with a code for programs."""

    error: str
    code: str


class Errors(msgspec.Struct):
    """Every rule that the values break."""

    errors: list[str]


class RateLimited(msgspec.Struct):
    """A refusal by the rate limit; figures in requests and seconds."""

    error: str
    limit: int
    window_seconds: int
    retry_after: int
