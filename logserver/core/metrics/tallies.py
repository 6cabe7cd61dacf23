"""What was counted at the edge between two sendings: sums of counters, the newest gauges, histograms."""

import sys
from bisect import bisect_left
from typing import Any

import msgspec

from logserver.core.metrics.rules import Labels, MetricRule, Type
from logserver.core.times import iso_text

MOST_SERIES = 5_000
"""Series (a metric with its labels) of a tally; values of further ones are dropped and counted."""

_LARGEST = sys.float_info.max


class Point(msgspec.Struct, omit_defaults=True):
    """A point as it is sent: ``value`` of a counter is an increment; a histogram has buckets, sum and count."""

    name: str
    type: Type
    labels: dict[str, str]
    timestamp: str
    """ISO 8601, UTC."""
    value: float | None = None
    buckets: dict[str, int] | None = None
    """By upper bound (``0.5``, ``+Inf``) how many values; not cumulative."""
    sum: float | None = None
    count: int | None = None


class _Histogram(msgspec.Struct):
    counts: list[int]
    """A number for each bound, and at the end those above all of them."""
    sum: float = 0.0


class State(msgspec.Struct):
    """A tally as it is kept on disk."""

    numbers: list[tuple[str, Labels, Type, float]] = []
    histograms: list[tuple[str, Labels, tuple[float, ...], list[int], float]] = []
    dropped: int = 0


class Tally:
    """Sums what was found. Bounded: at most ``most`` series; ``dropped`` counts the values of further ones."""

    def __init__(self, most: int = MOST_SERIES) -> None:
        self.dropped = 0
        self._most = most
        self._numbers: dict[tuple[str, Type, Labels], float] = {}
        self._histograms: dict[tuple[str, Labels, tuple[float, ...]], _Histogram] = {}

    def __len__(self) -> int:
        return len(self._numbers) + len(self._histograms)

    def add(self, rule: MetricRule, labels: Labels, value: float) -> None:
        """Take in a finite number that a rule found."""
        if rule.type == "histogram":
            self._observe(rule, labels, value)
            return
        key = (rule.name, rule.type, labels)
        known = self._numbers.get(key)
        if known is None and len(self) >= self._most:
            self.dropped += 1
        elif known is None or rule.type == "gauge":
            self._numbers[key] = value
        else:
            self._numbers[key] = min(known + value, _LARGEST)

    def _observe(self, rule: MetricRule, labels: Labels, value: float) -> None:
        bounds = rule.bounds()
        key = (rule.name, labels, bounds)
        known = self._histograms.get(key)
        if known is None:
            if len(self) >= self._most:
                self.dropped += 1
                return
            known = self._histograms[key] = _Histogram([0] * (len(bounds) + 1))
        known.counts[bisect_left(bounds, value)] += 1
        known.sum = min(max(known.sum + value, -_LARGEST), _LARGEST)

    def points(self, at_ms: int) -> list[Point]:
        """Everything as it is sent, at a time in Unix milliseconds; an empty list where nothing was found."""
        at = iso_text(at_ms * 1000)
        points = [
            Point(name, kind, dict(labels), at, value=value) for (name, kind, labels), value in self._numbers.items()
        ]
        for (name, labels, bounds), held in self._histograms.items():
            counts = zip((*map(spelled_bound, bounds), "+Inf"), held.counts, strict=True)
            points.append(
                Point(
                    name,
                    "histogram",
                    dict(labels),
                    at,
                    buckets=dict(counts),
                    sum=held.sum,
                    count=sum(held.counts),
                )
            )
        return points

    def state(self) -> State:
        """The tally as it is kept; ``msgspec`` writes it as JSON."""
        return State(
            [(name, labels, kind, value) for (name, kind, labels), value in self._numbers.items()],
            [(*key, list(held.counts), held.sum) for key, held in self._histograms.items()],
            self.dropped,
        )

    @classmethod
    def of(cls, state: Any, most: int = MOST_SERIES) -> "Tally":
        """The tally of a state, or of what JSON made of one; raises msgspec.ValidationError for anything else."""
        kept = msgspec.convert(state, State, from_attributes=True)
        tally = cls(most)
        tally.dropped = kept.dropped
        tally._numbers = {(name, kind, labels): value for name, labels, kind, value in kept.numbers}
        tally._histograms = {
            (name, labels, bounds): _Histogram(counts, total) for name, labels, bounds, counts, total in kept.histograms
        }
        return tally


def spelled_bound(bound: float) -> str:
    """An upper bound as it is spelled in points."""
    return repr(float(bound)) if bound != float("inf") else "+Inf"
