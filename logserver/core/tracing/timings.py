"""Durations summed up: percentiles, error rate, apdex."""

import msgspec

from logserver.store.sketch import Sketch

APDEX_MS = 300
"""T of the apdex: what takes no longer satisfies; up to four times as long is tolerated."""


class Timing(msgspec.Struct, frozen=True):
    """Durations of a name, in milliseconds. Percentiles are within 1 % of a true one; counts are exact."""

    name: str
    count: int
    per_minute: float
    total: float
    mean: float
    p50: float
    p95: float
    slowest: float
    error_rate: float
    """A share of 1: level error or fatal, or a status of 500 and above."""
    apdex: float
    """From 0 to 1."""
    apdex_margin: float
    """By how much the apdex may be off: what lies within 2 % of a threshold counts in part."""


def timing(name: str, sketch: Sketch, minutes: int) -> Timing:
    """The figures of a sketch with durations in it, of so many minutes."""
    p50, p95 = sketch.percentiles((0.5, 0.95))
    apdex, margin = apdex_of(sketch)
    return Timing(
        name,
        sketch.n,
        sketch.n / minutes,
        sketch.total,
        sketch.total / sketch.n,
        p50,
        p95,
        sketch.high,
        sketch.errors / sketch.n,
        apdex,
        margin,
    )


def apdex_of(sketch: Sketch) -> tuple[float, float]:
    """The apdex of durations in milliseconds (at least one), and by how much it may be off.

    What satisfies counts as one, what is tolerated as a half. A duration in the same bucket as a threshold may be
    on either side of it, so it counts as half of what it may be worth.
    """
    satisfied, near_satisfied = sketch.up_to(APDEX_MS)
    tolerated, near_tolerated = sketch.up_to(4 * APDEX_MS)
    in_doubt = near_satisfied + near_tolerated
    return (satisfied + tolerated + in_doubt / 2) / (2 * sketch.n), in_doubt / (4 * sketch.n)
