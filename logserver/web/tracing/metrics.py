"""Any series over time, several at once."""

from typing import Any, NamedTuple
from urllib.parse import urlencode

from starlette.responses import Response

from logserver.core import charts, deployments
from logserver.core.charts import Chart, Series
from logserver.core.deployments import Deployment
from logserver.core.faults import Invalid, NotFound
from logserver.store import charts as stored
from logserver.store.tx import Tx
from logserver.web.tracing import plotting
from logserver.web.tracing.plotting import BUCKETS_MS, PERCENTILES
from logserver.web.tracing.window import LENGTHS, LONGEST_NAME, Shown, window
from logserver.web.visit import Visit

MOST = 6
"""Series in one chart."""

MOST_OFFERED = 1_000
"""Series that the list offers; any other can be named by hand."""

FIGURES = {
    "mean": "Average",
    PERCENTILES: "p50, p90, p95, p99",
    "p50": "p50",
    "p90": "p90",
    "p95": "p95",
    "p99": "p99",
    "high": "Highest",
    "low": "Lowest",
    "n": "How many",
    "rate": "How many a minute",
    "total": "Sum",
}
"""What can be drawn of a series."""

KINDS = {
    "metric": "Metrics",
    "transaction": "Transactions",
    "span_kind": "Spans by kind",
    "span": "Spans by name",
    "check_in": "Check-ins",
}


class _Seen(NamedTuple):
    catalog: list[Series]
    charts: list[Chart]
    unknown: list[str]
    environments: list[str]
    marks: list[Deployment]


async def metrics(visit: Visit) -> Response:
    """The chart of the series that are asked for, and the list of all there are."""
    shown = window(visit)
    environment, release = shown.environment, shown.release
    asked = _asked(visit)
    figure = visit.query.get("figure", "mean")
    if figure not in FIGURES:
        raise Invalid([("figure", f"Must be one of {', '.join(FIGURES)}")])
    seen = await visit.site.resources.database.read(_look, visit.project.number, shown, asked)
    lines = [line for chart in seen.charts for line in plotting.lines(chart, figure, several=len(seen.charts) > 1)]

    def place(**changed: Any) -> str:
        kept = {"s": asked, "window": shown.name, "figure": figure, "environment": environment, "release": release}
        wanted = {name: value for name, value in (kept | changed).items() if value}
        return f"{visit.place('/metrics')}?{urlencode(wanted, doseq=True)}"

    offered = seen.catalog[:MOST_OFFERED]
    return visit.page(
        "tracing/metrics.html",
        shown=shown,
        lengths=LENGTHS,
        asked=asked,
        figure=figure,
        figures=FIGURES,
        environment=environment,
        environments=seen.environments,
        release=release,
        seen=seen,
        groups=[(name, [each for each in offered if each.kind == kind]) for kind, name in KINDS.items()],
        left_out=len(seen.catalog) - len(offered),
        most=MOST,
        lines=lines,
        data=plotting.data(shown, lines, seen.marks),
        drawn=plotting.drawn(shown, lines, seen.marks),
        table=plotting.table(lines),
        spelled=spelled,
        place=place,
    )


def spelled(series: Series | Chart) -> str:
    """A series as addresses name it: ``metric:queue.depth``."""
    return f"{series.kind}:{series.name}"


def _asked(visit: Visit) -> list[str]:
    """The series that are asked for; raises Invalid for too many, and for what is no series."""
    asked = list(dict.fromkeys(value.strip() for value in visit.request.values("s") if value.strip()))
    if len(asked) > MOST:
        raise Invalid([("s", f"At most {MOST} series at once")])
    for value in asked:
        kind, _, name = value.partition(":")
        if kind not in KINDS or not name or len(name) > LONGEST_NAME:
            raise Invalid(
                [("s", f"A series is spelled kind:name, such as metric:queue.depth; kinds are {', '.join(KINDS)}")]
            )
    return asked


def _look(tx: Tx, project: int, shown: Shown, asked: list[str]) -> _Seen:
    found: list[Chart] = []
    unknown: list[str] = []
    for value in asked:
        kind, _, name = value.partition(":")
        try:
            found.append(
                charts.query(
                    tx,
                    project,
                    name,
                    kind,
                    since_ms=shown.since_ms,
                    until_ms=shown.until_ms,
                    bucket_ms=BUCKETS_MS[shown.name],
                    environment=shown.environment,
                    release=shown.release,
                )
            )
        except NotFound:
            unknown.append(value)
    marks = deployments.every(tx, project, since_ms=shown.since_ms, until_ms=shown.until_ms)
    return _Seen(
        charts.catalog(tx, project),
        found,
        unknown,
        stored.environments(tx, project),
        [mark for mark in marks if shown.environment in {"", mark.environment}],
    )
