"""How often an error occurred over time, as bars to be drawn, with what was deployed in between."""

from collections.abc import Sequence
from typing import NamedTuple

from logserver.core.deployments import Deployment
from logserver.store.occurrences import HOUR_MS

WIDTH, HEIGHT = 720, 110
RANGES = {"24h": (24, 1), "7d": (168, 3), "30d": (720, 12), "90d": (2_160, 24)}
"""How many hours a range has, and how many of them each bar stands for."""


class Range(NamedTuple):
    """From when until when, in Unix milliseconds of whole hours."""

    name: str
    since_ms: int
    until_ms: int


class Bar(NamedTuple):
    """A bar in the coordinates of the drawing."""

    x: float
    y: float
    width: float
    height: float
    at_ms: int
    n: int


class Mark(NamedTuple):
    """A deployment where it stands in the drawing."""

    x: float
    deployment: Deployment


class Timeline(NamedTuple):
    """What is drawn of a range."""

    bars: list[Bar]
    marks: list[Mark]
    highest: int
    total: int
    since_ms: int
    until_ms: int
    hours: int
    """What a bar stands for."""


def range_of(name: str, now_ms: int) -> Range:
    """The range of a name, or the shortest."""
    name = name if name in RANGES else next(iter(RANGES))
    until = -(-now_ms // HOUR_MS) * HOUR_MS
    return Range(name, until - RANGES[name][0] * HOUR_MS, until)


def timeline(shown: Range, hours: Sequence[int], deployed: Sequence[Deployment]) -> Timeline:
    """The drawing of a range from how often it occurred in every hour of it."""
    name, since_ms, until_ms = shown
    each = RANGES[name][1]
    values = [sum(hours[at : at + each]) for at in range(0, len(hours), each)]
    highest, step = max(values, default=0), WIDTH / max(len(values), 1)
    bars = []
    for at, n in enumerate(values):
        tall = max(n / highest * (HEIGHT - 4), 2) if n else 0
        start = since_ms + at * each * HOUR_MS
        bars.append(
            Bar(round(at * step, 1), round(HEIGHT - tall, 1), round(max(step - 1.5, 1), 1), round(tall, 1), start, n)
        )
    marks = [
        Mark(round(((deployment.deployed_at or since_ms) - since_ms) / (until_ms - since_ms) * WIDTH, 1), deployment)
        for deployment in deployed
    ]
    return Timeline(bars, marks, highest, sum(values), since_ms, until_ms, each)
