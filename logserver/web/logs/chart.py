"""The histogram of a search as bars: one unit wide each, a hundred high."""

from typing import NamedTuple

from logserver.core.searching.view import LEVELS, Span, View
from logserver.store.histogram import Bucket, Histogram
from logserver.web.formats import count, iso

HEIGHT = 100
_OTHER = "other"
_GAP = 0.08


class Part(NamedTuple):
    """A level's part of a bar."""

    level: str
    y: float
    height: float


class Bar(NamedTuple):
    """A bucket that has records."""

    x: float
    width: float
    parts: list[Part]
    said: str


class Chart(NamedTuple):
    """What the template draws."""

    span: Span
    buckets: int
    bars: list[Bar]
    total: int
    levels: dict[str, int]
    """How many of each level; empty where that was not counted."""
    highest: int
    partial: bool


def chart(view: View) -> Chart:
    """The histogram of a view."""
    span, counted = view.span, view.histogram
    highest = max((bucket.total for bucket in counted.buckets), default=0)
    inside = [bucket for bucket in counted.buckets if span.since_ms <= bucket.start_ms < span.until_ms]
    return Chart(
        span,
        (span.until_ms - span.since_ms) // span.bucket_ms,
        [_bar(bucket, span, highest) for bucket in inside],
        sum(bucket.total for bucket in inside),
        _levels(counted),
        highest,
        counted.partial,
    )


def _levels(counted: Histogram) -> dict[str, int]:
    totals: dict[str, int] = {}
    for bucket in counted.buckets:
        for level, n in bucket.levels.items():
            totals[level] = totals.get(level, 0) + n
    return totals


def _bar(bucket: Bucket, span: Span, highest: int) -> Bar:
    grave = {level: bucket.levels.get(level, 0) for level in reversed(LEVELS)}
    rest = bucket.total - sum(grave.values())
    parts, y = [], float(HEIGHT)
    for level, n in (*grave.items(), (_OTHER, rest)):
        if n > 0:
            # What is there at all is to be seen, however little it is.
            height = max(n / highest * HEIGHT, 1.5)
            y = max(y - height, 0)
            parts.append(Part(level, round(y, 2), round(height, 2)))
    begins = iso(bucket.start_ms)[:16].replace("T", " ")
    split = ", ".join(f"{count(n)} {level}" for level, n in grave.items() if n)
    return Bar(
        (bucket.start_ms - span.since_ms) // span.bucket_ms + _GAP,
        1 - 2 * _GAP,
        parts,
        f"{begins} UTC: {count(bucket.total)}{f' ({split})' if split else ''}",
    )
