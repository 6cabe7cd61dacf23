"""The routes of traces, performance and metrics."""

from logserver.api.endpoint import Endpoint, Parameter
from logserver.contracts.logister.reads import metrics, timing_wire, traces
from logserver.contracts.logister.reads.routes.terms import (
    CURSOR,
    ENVIRONMENT,
    LIMIT,
    RELEASE,
    SINCE,
    UNTIL,
    Routes,
    kept,
)


def endpoints(routes: Routes) -> list[Endpoint]:
    """The declarations."""
    return [
        routes.of_project(
            "/traces",
            "read_traces",
            "traces:read",
            traces.page,
            gives=timing_wire.Traces,
            found="A page, newest first.",
            summary="List traces by their root spans",
            parameters=(
                Parameter("name", str, "Name of the root span."),
                ENVIRONMENT,
                Parameter("min_duration_ms", int, "The root span took at least so long."),
                Parameter("failed", str, "`true`: only those whose root span failed."),
                SINCE,
                UNTIL,
                LIMIT,
                CURSOR,
            ),
            examples={"the last day": kept(), "a cursor of another list": kept(400, cursor="AAAA")},
        ),
        routes.of_project(
            "/traces/{trace_id:path}",  # whatever a client calls a trace, slashes and all
            "read_trace",
            "traces:read",
            traces.one,
            gives=timing_wire.Trace,
            found="Its spans as a tree, depth first, and what was logged meanwhile.",
            summary="Read a trace",
            examples={"the one sent before": kept(trace_id="trace-123"), "none": kept(404, trace_id="no-such-trace")},
        ),
        routes.of_project(
            "/insights",
            "read_insights",
            "metrics:read",
            metrics.insights,
            gives=timing_wire.Insights,
            found="Figures of the time asked for, by whole minutes.",
            summary="Read how a project performs",
            parameters=(SINCE, UNTIL, ENVIRONMENT, RELEASE),
            examples={"the last day": kept(), "too long a time": kept(400, since="90d")},
        ),
        routes.of_project(
            "/metrics/catalog",
            "read_metrics_catalog",
            "metrics:read",
            metrics.catalog,
            gives=timing_wire.Catalog,
            found="By kind and name.",
            summary="List what can be charted",
            parameters=(Parameter("kind", str, f"One of {', '.join(metrics.KINDS)}."),),
            examples={"metrics": kept(kind="metric")},
        ),
        routes.of_project(
            "/metrics/query",
            "read_metrics_query",
            "metrics:read",
            metrics.query,
            gives=timing_wire.Chart,
            found="Buckets of Unix time, oldest first.",
            summary="Chart a series",
            description="Counted by whole minutes. Without `bucket_seconds` a bucket is a minute in up to two hours,"
            " an hour in up to a day, and a day in more.",
            parameters=(
                Parameter("name", str, "Name of the series.", required=True, example="queue.depth"),
                Parameter("kind", str, f"One of {', '.join(metrics.KINDS)} (metric)."),
                SINCE,
                UNTIL,
                Parameter("bucket_seconds", int, "Length of a bucket, a multiple of 60."),
                ENVIRONMENT,
                RELEASE,
            ),
            examples={"the last day": kept(), "no name": kept(400, name="")},
        ),
    ]
