"""Points as agents send them, read one by one; everything that is wrong with them is told under its path."""

import math
from typing import Any

from logserver.core.faults import Invalid
from logserver.core.metrics.readings import Reading
from logserver.core.metrics.rules import (
    LABEL_NAME,
    MAX_LABELS,
    MAX_NAME,
    METRIC_NAME,
    TYPES,
    Labels,
    labels_of,
)
from logserver.core.times import read_time

MAX_POINTS = 2_000
"""Of a batch: as many as the others who write can wait for."""

MAX_BUCKETS = 100
MAX_COUNT = 10**10
"""The most values in a bucket of one point."""

_MOST_PROBLEMS = 100
_INFINITE = {"+inf", "inf", "+infinity", "infinity"}
_LONGEST_BOUND = 40


def readings_of(sent: Any, now_ms: int) -> list[Reading]:
    """The readings of a JSON value, an array of points; a point without a time is of now. Raises Invalid."""
    if not isinstance(sent, list) or not sent:
        raise Invalid([("points", "Required" if sent is None else "Expected a non-empty array")])
    if len(sent) > MAX_POINTS:
        raise Invalid([("points", f"Must be at most {MAX_POINTS}")])
    reader = _Points(now_ms)
    readings = []
    problems: list[tuple[str, str]] = []
    for number, point in enumerate(sent):
        try:
            readings.append(reader.read(point))
        except _Wrong as wrong:
            path = f"points[{number}].{wrong.field}" if wrong.field else f"points[{number}]"
            problems.append((path, str(wrong)))
            if len(problems) == _MOST_PROBLEMS:
                break
    if problems:
        raise Invalid(problems)
    return readings


class _Wrong(Exception):
    """What is wrong with a point; the first that is found."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class _Points:
    """Reads points; what many of them have in common is looked at once."""

    def __init__(self, now_ms: int) -> None:
        self._now_ms = now_ms
        self._times: dict[str, int] = {}
        self._bounds: dict[str, float] = {}

    def read(self, point: Any) -> Reading:
        if not isinstance(point, dict):
            raise _Wrong("", "Expected object")
        name, kind = self._name(point.get("name")), point.get("type")
        if kind not in TYPES:
            raise _Wrong("type", f"Must be one of {', '.join(TYPES)}")
        labels = self._labels(point.get("labels"))
        at_ms = self._time(point.get("timestamp"))
        if kind == "histogram":
            return self._histogram(point, name, labels, at_ms)
        value = _finite("value", point.get("value"))
        if kind == "counter" and value < 0:
            raise _Wrong("value", "Must not be negative: it is an increment")
        return Reading(name, kind, labels, at_ms, value)

    def _name(self, name: Any) -> str:
        if name is None:
            raise _Wrong("name", "Required")
        if not isinstance(name, str) or len(name) > MAX_NAME or not METRIC_NAME.fullmatch(name):
            raise _Wrong("name", "Must be letters, digits, _ and :, and not begin with a digit")
        return name

    def _time(self, timestamp: Any) -> int:
        if timestamp is None:
            return self._now_ms
        if not isinstance(timestamp, str):
            raise _Wrong("timestamp", "Must be an ISO 8601 time")
        known = self._times.get(timestamp)
        if known is None:
            moment = read_time(timestamp)
            if moment is None:
                raise _Wrong("timestamp", "Must be an ISO 8601 time")
            known = self._times[timestamp] = moment // 1000
        return known

    def _labels(self, labels: Any) -> Labels:
        if not labels and (labels is None or isinstance(labels, dict)):
            return ()
        if not isinstance(labels, dict) or not all(isinstance(value, str) for value in labels.values()):
            raise _Wrong("labels", "Expected an object of strings")
        if len(labels) > MAX_LABELS:
            raise _Wrong("labels", f"Must be at most {MAX_LABELS}")
        for label in labels:
            if len(label) > MAX_NAME or label.startswith("__") or not LABEL_NAME.fullmatch(label):
                raise _Wrong("labels", "Names must be letters, digits and _, and not begin with a digit or __")
        return labels_of(labels)

    def _histogram(self, point: dict[str, Any], name: str, labels: Labels, at_ms: int) -> Reading:
        # Some put the three into the value.
        inner = point.get("value")
        said = inner if isinstance(inner, dict) and "buckets" not in point else point
        sent = said.get("buckets")
        if not isinstance(sent, dict) or not 1 <= len(sent) <= MAX_BUCKETS:
            raise _Wrong("buckets", f"Expected an object of 1 to {MAX_BUCKETS} counts by upper bound")
        buckets: dict[float, int] = {}
        for spelled, n in sent.items():
            bound = self._bound(spelled)
            if isinstance(n, bool) or not isinstance(n, int) or not 0 <= n <= MAX_COUNT:
                raise _Wrong("buckets", f"Counts must be integers from 0 to {MAX_COUNT}")
            if bound in buckets:
                raise _Wrong("buckets", "An upper bound is there twice")
            buckets[bound] = n
        total = sum(buckets.values())
        count = said.get("count")
        if count is None:
            count = total
        if isinstance(count, bool) or not isinstance(count, int) or not total <= count <= MAX_COUNT * MAX_BUCKETS:
            raise _Wrong("count", "Must be an integer, and the sum of the buckets")
        if count > total and math.inf in buckets:
            raise _Wrong("count", "Must be the sum of the buckets")
        # What is in none of the buckets that are named lies above them.
        buckets.setdefault(math.inf, count - total)
        value = _finite("sum", said.get("sum"))
        return Reading(name, "histogram", labels, at_ms, value, dict(sorted(buckets.items())))

    def _bound(self, spelled: str) -> float:
        known = self._bounds.get(spelled)
        if known is None:
            try:
                known = math.inf if spelled.lower() in _INFINITE else float(spelled[:_LONGEST_BOUND])
            except ValueError:
                known = math.nan
            if len(spelled) > _LONGEST_BOUND or math.isnan(known) or known == -math.inf:
                raise _Wrong("buckets", "Upper bounds must be numbers or +Inf")
            self._bounds[spelled] = known
        return known


def _finite(field: str, value: Any) -> float:
    """A finite number."""
    if value is None:
        raise _Wrong(field, "Required")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _Wrong(field, "Expected number")
    try:
        number = float(value)
    except OverflowError:  # an integer beyond the range of floats
        number = math.inf
    if not math.isfinite(number):
        raise _Wrong(field, "Must be finite")
    return number
