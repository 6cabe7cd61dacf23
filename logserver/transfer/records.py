"""The lines of an export: one JSON object each, told apart by ``record``. Described in examples/export.md.

Times are Unix milliseconds, those of events microseconds. ``id`` of an event is its public one, which it keeps
wherever it goes.
"""

from typing import Any, Literal, TypeAlias

import msgspec

from logserver.transfer.lines import End, Header, Line, Mark


class AlertRule(msgspec.Struct, frozen=True):
    """As table alert_rules has it."""

    uuid: str
    name: str
    action_pattern: str
    threshold: int
    window_seconds: int
    group_by: str
    severity: str
    enabled: int
    cooldown_seconds: int
    created_at: int


class RedactionRule(msgspec.Struct, frozen=True):
    """As table redaction_rules has it."""

    uuid: str
    type: str
    name: str
    pattern: str | None
    fields: list[Any]
    behavior: str
    enabled: int
    created_at: int


class Project(Line, tag="project", frozen=True):
    """Begins a project; every line after it is the project's until another one begins."""

    uuid: str
    number: int
    slug: str
    name: str
    created_at: int
    retention_days: int
    system: bool = False
    archived_at: int | None = None
    audit_retention_days: int | None = None
    rate_limit_requests: int | None = None
    rate_limit_seconds: int | None = None
    monthly_bytes: int | None = None
    redact_dialects: list[str] = msgspec.field(default_factory=list)
    tiers: dict[str, list[str]] = msgspec.field(default_factory=dict)
    redaction_rules: list[RedactionRule] = msgspec.field(default_factory=list)
    redaction_builtins: list[tuple[str, str, int]] = msgspec.field(default_factory=list)
    """Name, behavior, enabled."""
    alert_rules: list[AlertRule] = msgspec.field(default_factory=list)
    alert_builtins: list[tuple[str, int, int]] = msgspec.field(default_factory=list)
    """Name, enabled, cooldown in seconds."""


class Event(Line, tag="event", frozen=True):
    """An event of any type but audit."""

    id: str
    legacy_id: int
    """Under which time it is filed, and the how manieth it is there: ``milliseconds since 2020 << 10 | counter``."""
    type: str
    level: str
    message: str
    time: int
    received: int
    context: msgspec.Raw
    timed_by_receipt: bool = False
    fingerprint: str | None = None
    group: str | None = None
    rule: int = 1
    """The version of the rule by which its error group was found."""


class Trail(Line, tag="trail", frozen=True):
    """Begins the audit trail of a project: its head, signed with the key of its store."""

    public_key: str
    seq: int
    hash: str
    signature: str


class Stub(Line, tag="stub", frozen=True):
    """What retention left of a run of the trail."""

    first: int
    last: int
    before: str
    hash: str
    signature: str


class Audit(Line, tag="audit", frozen=True):
    """An audit event and its place in the trail."""

    seq: int
    hash: str
    id: str
    legacy_id: int
    message: str
    time: int
    received: int
    context: msgspec.Raw
    timed_by_receipt: bool = False


class Figures(Line, tag="figures", frozen=True):
    """What a metric's series amounts to in a minute: what events say, and what came summed up without any."""

    name: str
    minute: int
    """Unix minutes."""
    n: int
    total: float
    low: float
    high: float
    buckets: dict[int, int]
    """As store/sketch.py numbers them."""
    environment: str = ""
    errors: int = 0
    labelled: bool = False
    histogram: dict[str, int] | None = None
    """By upper bound, not cumulative."""


class Group(Line, tag="group", frozen=True):
    """An error group, with what people decided about it."""

    id: str
    rule: int
    title: str
    level: str
    environment: str
    n: int
    users: int
    first_seen: int
    last_seen: int
    last_event: str
    last_event_place: int
    """Its ``legacy_id``."""
    key: tuple[str, str] | None = None
    """Kind and text of what its occurrences have in common; None where that is known no more."""
    subtitle: str | None = None
    first_release: str | None = None
    last_release: str | None = None
    status: Literal["unresolved", "resolved", "ignored", "archived"] = "unresolved"
    status_at: int | None = None
    regressions: int = 0
    regressed_at: int | None = None
    assignee: str | None = None


class Monitor(Line, tag="monitor", frozen=True):
    """A monitor with the changes of its state."""

    uuid: str
    slug: str
    environment: str
    interval_seconds: int
    created_at: int
    state: str
    state_at: int
    checked_at: int | None = None
    status: str | None = None
    duration_ms: float | None = None
    release: str | None = None
    started_at: int | None = None
    event: str | None = None
    event_place: int | None = None
    paused: int = 0
    told_at: int | None = None
    history: list[tuple[int, str, str, int]] = msgspec.field(default_factory=list)
    """When, what it was, what it became, and whether that was only told again."""


class Deployment(Line, tag="deployment", frozen=True):
    """A deployment."""

    uuid: str
    release: str
    environment: str
    deployed_at: int
    repository: str
    commit_sha: str
    details: dict[str, Any]


class Alert(Line, tag="alert", frozen=True):
    """An alert that was raised."""

    uuid: str
    rule: str
    rule_name: str
    severity: str
    status: str
    group_by: str
    group_key: str
    event_count: int
    event_ids: list[str]
    triggered_at: int
    acknowledged_at: int | None = None
    resolved_at: int | None = None


Any_ = Header | Project | Trail | Stub | Audit | Event | Figures | Group | Monitor | Deployment | Alert | Mark | End

Record: TypeAlias = Project | Trail | Stub | Audit | Event | Figures | Group | Monitor | Deployment | Alert
"""What a project's lines are."""

encode = msgspec.json.Encoder().encode
_decoder: msgspec.json.Decoder[Any_] = msgspec.json.Decoder(Any_)


def decode(line: bytes) -> Any_:
    """One line; raises msgspec.ValidationError, which says where, or DecodeError."""
    try:
        return _decoder.decode(line)
    except UnicodeDecodeError as error:
        raise msgspec.DecodeError("it is not valid UTF-8") from error
    except RecursionError as error:
        raise msgspec.DecodeError("it is nested too deeply") from error
