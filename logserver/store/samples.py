"""The numbers that events carry: durations and metric values, and whether what they measure had failed."""

import math
from collections.abc import Mapping
from typing import NamedTuple

from logserver.store.events import Event
from logserver.store.sketch import Sketch
from logserver.store.words import severity

MAX_NAME = 200

SPAN_KIND = "span_kind"
"""What is summed of all spans of a kind, beside what is summed of those of a name."""


class Sample(NamedTuple):
    """A number to be summarised: a duration in milliseconds, or a metric's value."""

    kind: str
    name: str
    environment: str
    release: str
    unit: str | None
    value: float
    error: bool
    labelled: bool = False
    """Whether the name has labels, which are bounded apart from names: those of one metric may be many."""


class Measure(NamedTuple):
    """Numbers of a metric's series in a minute, that came summed up and without an event."""

    project: int
    minute: int
    """Unix minutes."""
    name: str
    environment: str
    labelled: bool
    """Whether it is one of the series of a metric, as its labels tell them apart."""
    sketch: Sketch
    buckets: Mapping[str, int] | None = None
    """Of a histogram: how many numbers by upper bound, not cumulative."""

    def sample(self) -> Sample:
        """Whose series it is."""
        return Sample("metric", self.name, self.environment, "", None, 0.0, error=False, labelled=self.labelled)


def sample_of(event: Event) -> Sample | None:
    """The number an event carries, if it does: ``context.value`` of a metric, else ``context.duration_ms``."""
    context = event.context
    if event.type in {"log", "error"}:
        return None
    value = context.get("value") if event.type == "metric" else None
    if value is None:
        value = context.get("duration_ms")
    if not isinstance(value, int | float) or isinstance(value, bool) or not _finite(value):
        return None
    unit = context.get("unit") if event.type == "metric" else "ms"
    release = context.get("release")
    name = context.get("transaction_name") if event.type == "transaction" else None
    return Sample(
        event.type,
        (name if isinstance(name, str) and name else event.message)[:MAX_NAME],
        event.environment(),
        release if isinstance(release, str) else "",
        unit[:MAX_NAME] if isinstance(unit, str) else None,
        float(value),
        is_failure(event),
    )


def _of_its_kind(span: Event, sample: Sample) -> Sample:
    """The duration of a span (its sample) as one of the spans of its kind, such as ``db``."""
    kind = span.context.get("kind")
    return sample._replace(kind=SPAN_KIND, name=kind[:MAX_NAME] if isinstance(kind, str) and kind else "internal")


def samples_of(event: Event) -> list[Sample]:
    """Everything that is summed up of an event."""
    sample = sample_of(event)
    if sample is None:
        return []
    return [sample, _of_its_kind(event, sample)] if event.type == "span" else [sample]


def is_failure(event: Event) -> bool:
    """Whether what an event reports has failed: its level is error or fatal, or its HTTP status is 500 or above."""
    if severity(event.level) in {"error", "fatal"}:
        return True
    context = event.context
    found = [context.get(name) for name in ("status_code", "transaction_status", "status")]
    for parent, name in (("http", "status_code"), ("request", "status")):
        if isinstance(nested := context.get(parent), dict):
            found.append(nested.get(name))
    return any(_is_server_error(value) for value in found)


def _is_server_error(status: object) -> bool:
    if isinstance(status, str) and len(status) == 3 and status.isascii() and status.isdigit():
        status = int(status)
    return type(status) is int and 500 <= status <= 599


def _finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer beyond the range of floats
        return False
