"""Metric rules: what is counted or measured in the lines that match a pattern."""

import math
import re
from typing import Any, Literal

import msgspec

Type = Literal["counter", "gauge", "histogram"]
TYPES: tuple[Type, ...] = ("counter", "gauge", "histogram")

DEFAULT_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds of a histogram whose rule names none: those of Prometheus' clients, fit for seconds."""

METRIC_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*", re.ASCII)
LABEL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*", re.ASCII)
MAX_NAME = 200
MAX_LABELS = 10
MAX_LABEL_VALUE = 200
"""Characters of a label's value; what is longer is cut."""

_REFERENCE = re.compile(r"\$(?:([0-9]{1,3})|([a-zA-Z_][a-zA-Z0-9_]*))", re.ASCII)
_TRANSFORM = 'must be a number, or {"multiply": number}'
_FACTORS = ("multiply", "value", "factor", "by")

Labels = tuple[tuple[str, str], ...]
"""Labels by name in alphabetical order; without those whose value is empty, which are no labels."""


class MetricRule(msgspec.Struct, kw_only=True, frozen=True):
    """A rule as it is stored and sent to agents; ``checks.checked`` makes sure that it holds together."""

    name: str
    type: Type
    description: str = ""
    pattern: str
    labels: list[str] | dict[str, str] = msgspec.field(default_factory=list)
    """Names of groups, or by label which group (``$1``, ``$name``) its value is."""
    value_capture: str | None = None
    """The group that is the value; a counter without it counts lines."""
    value_transform: float | dict[str, Any] | None = None
    """What the value is multiplied by (``factor``)."""
    buckets: list[float] | None = None

    def factor(self) -> float:
        """What the captured value is multiplied by; raises ValueError for a transformation that is none."""
        return 1.0 if self.value_transform is None else factor_of(self.value_transform)

    def bounds(self) -> tuple[float, ...]:
        """The upper bounds of a histogram's buckets, ascending, without infinity."""
        return tuple(self.buckets) if self.buckets else DEFAULT_BUCKETS

    def groups(self) -> dict[str, str | int]:
        """By label, the group that is its value; raises ValueError for a reference that is none."""
        if isinstance(self.labels, dict):
            return {label: group_of(reference) for label, reference in self.labels.items()}
        return {label: label for label in self.labels}

    def value_group(self) -> str | int | None:
        """The group that is the value; raises ValueError for a reference that is none."""
        return None if self.value_capture is None else group_of(self.value_capture)


class MetricConfig(msgspec.Struct, kw_only=True, frozen=True):
    """Rules for the lines of some sources, as an agent is told of them; what else it is told is skipped."""

    metrics: list[MetricRule]
    id: str = ""
    name: str = ""
    log_source: str = ""
    enabled: bool = True
    version: int = 0


def factor_of(transform: float | dict[str, Any]) -> float:
    """The number of a value_transform: itself, ``{"multiply": n}``, or ``{"type": "multiply", "value": n}``.

    The operation of the last form may be called ``operation``, and the number ``factor`` or ``by``. Raises
    ValueError for anything else, and for a number that is zero or not finite.
    """
    number: Any = transform
    if isinstance(transform, dict):
        named = [transform[key] for key in _FACTORS if key in transform]
        operation = transform.get("type", transform.get("operation", "multiply"))
        if len(named) != 1 or operation != "multiply":
            raise ValueError(_TRANSFORM)
        number = named[0]
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise ValueError(_TRANSFORM)  # noqa: TRY004 - what is wrong is a value somebody sent
    if not _is_finite(number) or number == 0:
        raise ValueError("must be a finite number other than 0")
    return float(number)


def group_of(reference: str) -> str | int:
    """The group that ``$1`` or ``$name`` stands for; raises ValueError."""
    spelled = _REFERENCE.fullmatch(reference)
    if spelled is None:
        raise ValueError("must be $1, or $name for a named group")
    number, name = spelled.groups()
    return str(name) if number is None else int(number)


def index_of(regexp: Any, group: str | int) -> int:
    """The number of a group in a compiled pattern; raises ValueError where the pattern has no such group."""
    if isinstance(group, int):
        if not 1 <= group <= regexp.groups:
            raise ValueError(f"the pattern has no group ${group}")
        return group
    index = regexp.groupindex.get(group.encode())
    if index is None:
        raise ValueError(f"the pattern has no group named {group}")
    return int(index)


def labels_of(values: dict[str, str]) -> Labels:
    """Labels in the form they are counted under: in order, cut to their length, without empty ones."""
    return tuple(sorted((label, value[:MAX_LABEL_VALUE]) for label, value in values.items() if value))


def _is_finite(number: float) -> bool:
    try:
        return math.isfinite(number)
    except OverflowError:  # an integer beyond the range of floats
        return False
