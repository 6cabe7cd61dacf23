"""How fast a project answers."""

from typing import NamedTuple

from starlette.responses import Response

from logserver.core import deployments
from logserver.core.deployments import Deployment
from logserver.core.records import public_id
from logserver.core.tracing import performance as core
from logserver.core.tracing.performance import Performance, Slow
from logserver.store import events
from logserver.store.errors import QuerySyntaxError
from logserver.store.ids import Spelling
from logserver.store.query import And, Facet, Text, canonical
from logserver.store.syntax import parse
from logserver.store.tx import Tx
from logserver.web.tracing.drawing import Drawing, drawing
from logserver.web.tracing.window import LENGTHS, Shown, window
from logserver.web.visit import Visit

ORDERS = {
    "total": "Time in all",
    "count": "Requests",
    "p95": "p95",
    "error_rate": "Error rate",
    "apdex": "Apdex",
}
"""How the transactions can be sorted."""


class _Seen(NamedTuple):
    found: Performance
    slowest: list[tuple[Slow, str]]
    """With the public ids of their events."""
    marks: list[Deployment]


async def performance(visit: Visit) -> Response:
    """Throughput, percentiles, errors and apdex, by transaction and by release; what takes the time."""
    shown = window(visit)
    environment, release = shown.environment, shown.release
    order = visit.query.get("sort", "total")
    order = order if order in ORDERS else "total"
    database = visit.site.resources.database
    seen = await database.read(_look, visit.project.number, shown, database.spelling)
    found = seen.found
    transactions = sorted(found.transactions, key=lambda each: getattr(each, order), reverse=order != "apdex")
    requests = found.overall.count if found.overall is not None else 0

    def place(**changed: str) -> str:
        asked = {"window": shown.name, "environment": environment, "release": release, "sort": order}
        return visit.place("/performance", **asked | changed)

    return visit.page(
        "tracing/performance.html",
        shown=shown,
        lengths=LENGTHS,
        environment=environment,
        release=release,
        order=order,
        orders=ORDERS,
        found=found,
        transactions=transactions,
        slowest=seen.slowest,
        requests=requests,
        drawn=_drawn(found, seen.marks),
        place=place,
        search_of=_search_of,
    )


def _search_of(name: str) -> str:
    """The query that finds the requests of a transaction; all of them where no query can say its name."""
    every = Facet("type", "transaction")
    text = canonical(And((every, Text(name))))
    try:
        parse(text)
    except QuerySyntaxError:
        return canonical(every)
    return text


def _look(tx: Tx, project: int, shown: Shown, spelling: Spelling) -> _Seen:
    found = core.performance(
        tx, project, shown.since_ms, shown.until_ms, environment=shown.environment, release=shown.release
    )
    slowest = [(slow, public_id(event, spelling)) for slow in found.slowest if (event := events.read(tx, slow.event))]
    marks = deployments.every(tx, project, since_ms=shown.since_ms, until_ms=shown.until_ms)
    return _Seen(found, slowest, [mark for mark in marks if shown.environment in {"", mark.environment}])


def _drawn(found: Performance, marks: list[Deployment]) -> list[Drawing]:
    """Throughput and durations over time, as SVG."""
    places = [(each.start_ms, each) for each in found.moments]
    minutes = found.bucket_ms / 60_000
    frame = (found.since_ms, found.until_ms, found.bucket_ms)
    return [
        drawing(
            "Throughput, a minute",
            "short",
            frame,
            {
                "requests": [(at, each.count / minutes) for at, each in places],
                "failed": [(at, each.errors / minutes) for at, each in places],
            },
            marks,
            bars=True,
        ),
        drawing(
            "Duration",
            "duration",
            frame,
            {"p95": [(at, each.p95) for at, each in places], "p50": [(at, each.p50) for at, each in places]},
            marks,
        ),
    ]
