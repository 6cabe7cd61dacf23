"""The JSON of metric configs, of what agents are told of them, and of the points that agents send."""

from typing import Any, Literal

import msgspec

from logserver.core.metrics.rules import MetricRule

Type = Literal["counter", "gauge", "histogram"]


class RuleRequest(msgspec.Struct, omit_defaults=True):
    """A metric made of lines."""

    name: str
    type: Type
    pattern: str
    """RE2, searched in the raw line."""
    labels: list[str] | dict[str, str] = []
    """Names of groups, or by label which group (``$1``, ``$name``) its value is."""
    value_capture: str | None = None
    """The group that is the value; a counter without it counts lines."""
    value_transform: float | dict[str, Any] | None = None
    """What the value is multiplied by: a number, or ``{"multiply": number}``."""
    buckets: list[float] | None = None
    """Upper bounds of a histogram, ascending."""
    description: str = ""


class ConfigRequest(msgspec.Struct, omit_defaults=True):
    """Rules for the lines of some sources."""

    name: str
    metrics: list[RuleRequest]
    description: str = ""
    log_source: str = ""
    """A glob over the full path, or ``stdin``; empty: all."""
    enabled: bool = True
    agent_ids: list[str] | None = None
    """The agents it is for; null: all."""


class ReplaceRequest(ConfigRequest, kw_only=True, omit_defaults=True):
    """What is to stand in the place of a config."""

    version: int
    """The version that is replaced."""


class Config(msgspec.Struct):
    """A metric config."""

    id: str
    name: str
    description: str
    log_source: str
    enabled: bool
    agent_ids: list[str] | None
    metrics: list[MetricRule]
    version: int
    created_at: str
    updated_at: str


class TestRequest(msgspec.Struct, omit_defaults=True):
    """A config to be tried, and lines to try it on."""

    config: ConfigRequest
    lines: list[str]


class Match(msgspec.Struct):
    """What a line yields of one metric."""

    metric: str
    type: Type
    value: float
    labels: dict[str, str]


class Result(msgspec.Struct):
    """What a line yields."""

    line: str
    matches: list[Match]


class TestAnswer(msgspec.Struct):
    """What each line would yield, in their order."""

    results: list[Result]


class AgentConfigs(msgspec.Struct):
    """What an agent is to apply."""

    version: int
    """Grows with every change of any config."""
    configs: list[Config]


class PointsRequest(msgspec.Struct, omit_defaults=True):
    """Points of an agent."""

    points: list["PointRequest"]
    batch_id: str | None = None
    """A batch that is sent again counts once."""


class OwnPointsRequest(PointsRequest, kw_only=True, omit_defaults=True):
    """Points of an agent that is named with them."""

    agent_id: str


class PointRequest(msgspec.Struct, omit_defaults=True):
    """What an agent counted or measured."""

    name: str
    type: Type
    value: float | None = None
    """Of a counter an increment."""
    buckets: dict[str, int] | None = None
    """Of a histogram: how many values by upper bound, not cumulative."""
    sum: float | None = None
    count: int | None = None
    labels: dict[str, str] = {}
    timestamp: str | None = None
    """ISO 8601; without it, now."""


class Accepted(msgspec.Struct, omit_defaults=True):
    """How many points were taken."""

    accepted: int
    rejected: int = 0
    """Points that are too old, or of more series than a project may have."""
