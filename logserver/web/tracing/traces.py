"""The list of traces, and one of them as a waterfall."""

from functools import partial

from starlette.responses import Response

from logserver.core.faults import Invalid
from logserver.core.records import public_id
from logserver.core.tracing import trace as core_trace
from logserver.core.tracing import traces as core_traces
from logserver.core.tracing.trace import Trace
from logserver.store.tx import Tx
from logserver.web.tracing import waterfall
from logserver.web.tracing.window import LENGTHS, named, window
from logserver.web.visit import Visit

PAGE = 50
FIRST_SPANS = 300
"""How many spans of a trace are shown unless all are asked for."""

_LONGEST_CURSOR = 20


async def traces(visit: Visit) -> Response:
    """The traces of a while, newest first."""
    shown = window(visit)
    name, environment = named(visit, "name"), shown.environment
    cursor = visit.query.get("cursor", "")[:_LONGEST_CURSOR]
    slower, failed = _milliseconds(visit), visit.query.get("failed") == "1"

    def look(tx: Tx) -> core_traces.Traces:
        return core_traces.traces(
            tx,
            visit.project.number,
            shown.since_ms,
            shown.until_ms,
            name=name,
            environment=environment,
            min_duration_ms=slower,
            failed=failed,
            limit=PAGE,
            cursor=cursor or None,
        )

    found = await visit.site.resources.database.read(look)

    def place(**changed: str | None) -> str:
        asked = {
            "window": shown.name,
            "name": name,
            "environment": environment,
            "slower": f"{slower:g}" if slower else None,
            "failed": "1" if failed else None,
        }
        return visit.place("/traces", **asked | changed)

    return visit.page(
        "tracing/traces.html",
        shown=shown,
        lengths=LENGTHS,
        name=name,
        environment=environment,
        slower=f"{slower:g}" if slower else "",
        failed=failed,
        found=found,
        longest=max((each.duration_ms for each in found.traces), default=0) or 1,
        first=not cursor,
        place=place,
    )


def _milliseconds(visit: Visit) -> float:
    """How long a trace must have taken to be listed; raises Invalid for what is no number of milliseconds."""
    asked = visit.query.get("slower", "").strip()
    if not asked:
        return 0.0
    if not asked.isascii() or not asked.isdigit() or len(asked) > 9:
        raise Invalid([("slower", "Must be a whole number of milliseconds")])
    return float(asked)


async def trace(visit: Visit) -> Response:
    """A trace: its spans in time, what it waited for, and what was logged meanwhile."""
    trace_id = visit.request.params["trace_id"]

    def look(tx: Tx) -> Trace:
        return core_trace.trace(tx, visit.project.number, trace_id)

    database = visit.site.resources.database
    found = await database.read(look)
    return visit.page(
        "tracing/trace.html",
        found=found,
        rows=waterfall.drawn(found, core_trace.MOST_EVENTS if visit.query.get("all") == "1" else FIRST_SPANS),
        kinds=waterfall.by_kind(found),
        id_of=partial(public_id, spelling=database.spelling),
    )
