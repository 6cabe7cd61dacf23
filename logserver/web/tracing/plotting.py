"""Lines of charts, for the script that draws them and for those without scripts."""

from typing import NamedTuple

import msgspec

from logserver.core.charts import Chart, Figures
from logserver.core.deployments import Deployment
from logserver.web.tracing.drawing import MOST_MARKS, Drawing, drawing
from logserver.web.tracing.window import Shown

BUCKETS_MS = {"1h": 60_000, "6h": 300_000, "24h": 900_000, "7d": 3_600_000, "30d": 21_600_000}

PERCENTILES = "percentiles"
"""Four lines of each series."""


class Line(NamedTuple):
    """A line of the chart."""

    name: str
    unit: str
    points: list[tuple[int, float]]


def lines(chart: Chart, figure: str, *, several: bool) -> list[Line]:
    """The lines of a chart for a figure; ``several`` says whether there are other charts beside it."""
    wanted = ["p50", "p90", "p95", "p99"] if figure == PERCENTILES else [figure]
    minutes = chart.bucket_ms / 60_000
    made = []
    for each in wanted:
        name = chart.name if figure != PERCENTILES else f"{chart.name} {each}" if several else each
        unit = "" if each in {"n", "rate"} else chart.unit or ""
        made.append(Line(name, unit, [(point.start_ms, _figure(point, each, minutes)) for point in chart.points]))
    return made


def _figure(point: Figures, figure: str, minutes: float) -> float:
    return point.n / minutes if figure == "rate" else float(getattr(point, figure))


def data(shown: Shown, drawn_lines: list[Line], marks: list[Deployment]) -> str:
    """The lines as JSON for the script that draws them: times in seconds, and values by time, null where none is."""
    bucket = BUCKETS_MS[shown.name]
    times = list(range(shown.since_ms // bucket * bucket, shown.until_ms, bucket))
    known = [dict(line.points) for line in drawn_lines]
    return msgspec.json.encode(
        {
            "times": [time // 1_000 for time in times],
            "lines": [
                {"name": line.name, "unit": line.unit, "values": [_rounded(values.get(time)) for time in times]}
                for line, values in zip(drawn_lines, known, strict=True)
            ],
            "marks": [
                {
                    "at": (mark.deployed_at or 0) / 1_000,
                    "release": mark.release[:60],
                    "environment": mark.environment[:40],
                }
                for mark in marks[-MOST_MARKS:]
            ],
        }
    ).decode()


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.6g}")


def drawn(shown: Shown, drawn_lines: list[Line], marks: list[Deployment]) -> list[Drawing]:
    """The same without scripts: one drawing for each unit."""
    frame = (shown.since_ms, shown.until_ms, BUCKETS_MS[shown.name])
    units = list(dict.fromkeys(line.unit for line in drawn_lines))
    return [
        drawing(unit, "short", frame, {line.name: line.points for line in drawn_lines if line.unit == unit}, marks)
        for unit in units
    ]


def table(drawn_lines: list[Line]) -> list[tuple[int, list[float | None]]]:
    """The figures by time (Unix milliseconds), newest first, a column for each line; times without any are left out."""
    known = [dict(line.points) for line in drawn_lines]
    times = sorted({time for points in known for time in points}, reverse=True)
    return [(time, [points.get(time) for points in known]) for time in times]
