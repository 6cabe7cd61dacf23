"""The JSON of agents: as people manage them, and as they speak for themselves."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

Status = Literal["online", "offline", "error", "unknown"]
Labels = dict[str, str]
Name = Annotated[str, Meta(min_length=1, max_length=200)]
Hostname = Annotated[str, Meta(max_length=255)]
Version = Annotated[str, Meta(max_length=100)]


class Agent(msgspec.Struct):
    """An edge agent."""

    id: str
    name: str
    """Unique in the organization."""
    hostname: str
    version: str
    """Of its program, as it says."""
    status: Status
    """Offline after 90 s without a heartbeat; unknown until the first."""
    labels: Labels
    last_heartbeat_at: str | None
    metrics: dict[str, float]
    """The newest CPU, memory, disk … of its machine."""
    project_id: str
    """The UUID of the project where its data lands."""
    config: dict[str, Any]
    config_version: int
    created_at: str
    updated_at: str


class NewAgent(msgspec.Struct):
    """An agent to be made before it registers itself by this name."""

    name: Name
    hostname: Hostname | None = None
    version: Version | None = None
    labels: Labels | None = None
    project_id: str | None = None
    """UUID or short name of the project where its data lands; the organization's own where it is left out."""
    config: dict[str, Any] | None = None


class ChangedAgent(msgspec.Struct):
    """What is to be different; its configuration has a path of its own."""

    name: Name | None = None
    hostname: Hostname | None = None
    version: Version | None = None
    labels: Labels | None = None
    """All of them, in place of those it had."""
    project_id: str | None = None
    """Only keys of that project may act for it from then on."""


class Config(msgspec.Struct):
    """The configuration of an agent: any JSON object."""

    config: dict[str, Any]
    """At most 32 KiB, 16 levels deep."""
    version: int
    """The agent's config_version; where it is sent, the one that the change is based on."""


class Registration(msgspec.Struct):
    """What an agent says of itself when it starts."""

    name: Name
    hostname: Hostname | None = None
    version: Version | None = None
    labels: Labels | None = None


class AgentHeartbeat(msgspec.Struct):
    """What an agent says every 30 s; what is left out stays as it was, but for ``status``."""

    status: Literal["online", "offline", "error"] = "online"
    version: Version | None = None
    metrics: dict[str, float] | None = None
    """Numbers, such as cpu, memory and disk."""


class Heartbeat(AgentHeartbeat, kw_only=True):
    """The same where the path does not say whose it is."""

    agent_id: str


class Acknowledged(msgspec.Struct):
    """The answer to a heartbeat."""

    status: Literal["acknowledged"]
    server_time: str
    config_version: int
    streams: list[Any]
    """The live streams that want lines of this agent."""


class Line(msgspec.Struct):
    """A line of a log."""

    id: str
    """A UUID; a line of an id that is stored already is not stored again."""
    message: str
    """At most 256 KiB."""
    source: Annotated[str, Meta(min_length=1, max_length=4_096)]
    """The path of its file, or stdin."""
    timestamp: str | int | float | None = None
    """ISO 8601, or epoch seconds or milliseconds; the time of receipt where it is left out."""
    level: Annotated[str, Meta(max_length=64)] | None = None
    """Info where it is left out."""
    metadata: dict[str, Any] | None = None
    """What else it says; found by these names."""


class Shipment(msgspec.Struct):
    """Lines of an agent, stored as a whole or not at all."""

    logs: Annotated[list[Line], Meta(min_length=1, max_length=1_000)]


class Shipped(msgspec.Struct):
    """How many lines were stored, and how many had been before."""

    accepted: int
    duplicates: int
