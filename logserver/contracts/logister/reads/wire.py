"""The JSON of the read API: what is answered, field by field. Times are ISO 8601 in UTC, durations milliseconds."""

from typing import Any

import msgspec


class Unanswered(msgspec.Struct):
    """Why a question was not answered."""

    error: str
    code: str


class Project(msgspec.Struct):
    """A project."""

    uuid: str
    slug: str
    name: str
    created_at: str
    archived_at: str | None
    retention_days: int


class Projects(msgspec.Struct):
    """Every project that the token may read, by slug."""

    items: list[Project]


class Resource(msgspec.Struct):
    """Something that can be read."""

    name: str
    method: str
    path: str
    scope: str | None
    """What a read token needs for it; null: nothing."""


class Limits(msgspec.Struct):
    """Bounds of every question."""

    page: int
    """Entries a page at most."""
    usual_page: int
    poll_seconds: int
    """How long arrivals are kept: who polls less often may miss some, and is told."""


class Capabilities(msgspec.Struct):
    """What this server can be asked."""

    server: str
    version: str
    api_version: int
    scopes: list[str]
    event_types: list[str]
    resources: list[Resource]
    limits: Limits


class Token(msgspec.Struct):
    """The credential that asks."""

    kind: str
    name: str
    scopes: list[str]
    expires_at: str | None


class ReadSession(msgspec.Struct):
    """Who asks, as the server sees it."""

    token: Token
    project: Project | None
    """The one project of the token; null for a token of the whole server."""
    server_time: str


class MonitorStates(msgspec.Struct):
    """How many monitors have each state."""

    ok: int = 0
    missed: int = 0
    error: int = 0
    paused: int = 0


class GroupStates(msgspec.Struct):
    """How many error groups are in each state, counted up to 1,000; new and regressed ones are unresolved."""

    unresolved: int = 0
    new: int = 0
    regressed: int = 0
    resolved: int = 0
    ignored: int = 0
    archived: int = 0


class Deployment(msgspec.Struct):
    """A release brought to an environment."""

    release: str
    environment: str
    repository: str
    commit_sha: str
    deployed_at: str
    details: dict[str, Any]


class Counts(msgspec.Struct):
    """How many events there were, by whole minutes."""

    total: int
    by_type: dict[str, int]
    by_level: dict[str, int]
    by_environment: dict[str, int]


class Summary(msgspec.Struct):
    """How a project is doing."""

    project: Project
    since: str
    until: str
    events: Counts
    error_groups: GroupStates
    monitors: MonitorStates
    last_event_at: str | None
    last_deployment: Deployment | None


class Event(msgspec.Struct, omit_defaults=True):
    """An event, whatever dialect it was sent in."""

    id: str
    legacy_id: int
    project: str
    type: str
    level: str
    message: str
    occurred_at: str
    received_at: str
    environment: str | None
    context: dict[str, Any]
    timed_by_receipt: bool = False
    fingerprint: str | None = None
    group: str | None = None
    """The UUID of its error group."""


class FoundEvents(msgspec.Struct):
    """Events, newest first; with `after_cursor` in the order in which they arrived."""

    items: list[Event]
    next_cursor: str | None
    """The way to older events, as `cursor`; null where there are none, and always with `after_cursor`."""
    poll_cursor: str
    """The way to what arrives from now on, as `after_cursor`, of the same question."""
    partial: bool
    """Whether the answer ends before what there is: ask on with the cursor at once."""
    gap: bool = False
    """With `after_cursor`: whether something may have been missed since, because arrivals are kept for an hour."""


class Monitor(msgspec.Struct):
    """Whether scheduled work checks in when it should."""

    uuid: str
    slug: str
    environment: str
    state: str
    state_since: str
    interval_seconds: int
    last_check_in_at: str | None
    last_status: str | None
    last_duration_ms: float | None
    release: str | None
    running_since: str | None
    expected_until: str
    """When it counts as missed."""
    history: list[str | None]
    """The worst state in each of the 24 hours to now, oldest first; null before it was made."""
    uptime: float | None
    """Which share of these 24 hours it was ok, 0 to 1."""


class Monitors(msgspec.Struct):
    """The monitors of a project, by slug and environment."""

    items: list[Monitor]


class Deployments(msgspec.Struct):
    """Deployments, newest first."""

    items: list[Deployment]
    next_cursor: str | None


class Group(msgspec.Struct):
    """Errors that are the same one, again and again."""

    uuid: str
    title: str
    subtitle: str | None
    """The class of the error."""
    status: str
    level: str
    environment: str
    count: int
    users: int
    first_seen_at: str
    last_seen_at: str
    first_release: str | None
    last_release: str | None
    regressions: int
    assignee: str | None
    last_event_id: str | None
    """null where retention has taken it."""


class Groups(msgspec.Struct):
    """Error groups in the order that was asked for."""

    items: list[Group]
    next_cursor: str | None


class WholeGroup(Group):
    """An error group with its last day and its newest occurrence."""

    hours: list[int]
    """How often it occurred in each of the last 24 hours by the clock, this one last."""
    last_event: Event | None
