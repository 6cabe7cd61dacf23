"""Figures over time as SVG: attributes only, in a box a thousand wide, with deployments as marks."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from logserver.core.deployments import Deployment

WIDTH = 1_000
HEIGHT = 160
MOST_MARKS = 60

Points = Sequence[tuple[int, float]]
"""Unix milliseconds of a bucket's beginning, and the figure."""


class Bar(NamedTuple):
    """A figure as a bar."""

    x: float
    y: float
    width: float
    height: float
    at_ms: int
    value: float


class Mark(NamedTuple):
    """A deployment."""

    x: float
    deployment: Deployment


class Drawing(NamedTuple):
    """What a template draws."""

    name: str
    written: str
    """The filter by which its figures are written: short or duration."""
    highest: float
    bars: dict[str, list[Bar]]
    lines: dict[str, list[str]]
    """By name the paths of a line: it is broken where nothing is known."""
    marks: list[Mark]


def drawing(
    name: str,
    written: str,
    frame: tuple[int, int, int],
    series: Mapping[str, Points],
    marks: Sequence[Deployment],
    *,
    bars: bool = False,
) -> Drawing:
    """The drawing of some series in a frame: from when until when, and how long a bucket is, in milliseconds."""
    since, until, bucket = frame
    highest = max((value for points in series.values() for _, value in points), default=0.0)
    scale = (HEIGHT - 4) / highest if highest > 0 else 0.0

    def x(at_ms: float) -> float:
        return round(min(max((at_ms - since) / (until - since), 0.0), 1.0) * WIDTH, 1)

    def y(value: float) -> float:
        return round(HEIGHT - value * scale, 1)

    rows: dict[str, list[Bar]] = {}
    lines: dict[str, list[str]] = {}
    for each, points in series.items():
        if bars:
            rows[each] = [
                Bar(
                    x(at),
                    y(value),
                    round(max(x(at + bucket) - x(at) - 1, 1), 1),
                    round(HEIGHT - y(value), 1),
                    at,
                    value,
                )
                for at, value in points
                if value > 0
            ]
        else:
            lines[each] = _paths([(at, x(at + bucket / 2), y(value)) for at, value in points], bucket)
    placed = [
        Mark(x(mark.deployed_at), mark)
        for mark in marks[-MOST_MARKS:]
        if mark.deployed_at is not None and since <= mark.deployed_at <= until
    ]
    return Drawing(name, written, highest, rows, lines, placed)


def _paths(points: Sequence[tuple[int, float, float]], bucket: int) -> list[str]:
    paths: list[str] = []
    before = None
    for at, x, y in points:
        if before is not None and at - before <= bucket:
            paths[-1] += f" L{x} {y}"
        else:
            # A dot where there is no neighbour to draw a line to.
            paths.append(f"M{x} {y} h0.01")
        before = at
    return paths
