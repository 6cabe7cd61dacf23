"""Readings: what an agent counted or measured in a while, as it reaches the store."""

from bisect import bisect_left
from collections.abc import Mapping
from hashlib import blake2b
from typing import NamedTuple

from logserver.core.metrics.rules import Labels, Type
from logserver.store.sketch import Sketch


class Reading(NamedTuple):
    """A point of an agent that holds together."""

    name: str
    type: Type
    labels: Labels
    at_ms: int
    """Unix milliseconds."""
    value: float
    """Of a counter an increment, of a histogram the sum of its values."""
    buckets: Mapping[float, int] | None = None
    """Of a histogram how many values by upper bound, ascending up to infinity; not cumulative."""

    def sketch(self) -> Sketch:
        """A histogram as a summary of numbers: each value counts as the middle of its bucket.

        What lies above the last bound counts as that bound, unless there is no other: then as the mean.
        """
        sketch = Sketch()
        buckets = self.buckets or {}
        bounds = list(buckets)
        for bound, n in buckets.items():
            if n:
                sketch.add_many(self._middle(bounds, bound), n)
        sketch.total = self.value
        return sketch

    def _middle(self, bounds: list[float], bound: float) -> float:
        index = bisect_left(bounds, bound)
        if bound == float("inf"):
            return bounds[index - 1] if index else self.value / self.size()
        below = bounds[index - 1] if index else min(bound, 0.0)
        return below + (bound - below) / 2

    def size(self) -> int:
        """How many values a histogram has."""
        return sum(self.buckets.values()) if self.buckets else 0


def series_name(name: str, labels: Labels, longest: int) -> str:
    """How the series of a metric and its labels is called: ``name{a="b",c="d"}``, in alphabetical order.

    One that is longer is cut, and ends in a digest of all of it.
    """
    pairs = ",".join(f'{label}="{_escaped(value)}"' for label, value in labels)
    spelled = f"{name}{{{pairs}}}"
    if len(spelled) <= longest:
        return spelled
    digest = blake2b(spelled.encode("utf-8", "replace"), digest_size=8).hexdigest()
    return f"{spelled[: longest - 18]}…~{digest}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
