"""What the server does beside answering: its jobs, what was slow to read, and what it refused."""

from starlette.responses import Response

from logserver.core import refusals
from logserver.store.slow_reads import MOST, SLOW_SECONDS
from logserver.web.visit import Visit


async def jobs(visit: Visit) -> Response:
    """The jobs: when each ran last, how long it took, and what went wrong."""
    report = visit.site.report(visit.now_ms)
    failing = [name for name, record in report.jobs.items() if record.last_error is not None]
    return visit.page("server/jobs.html", jobs=report.jobs, failing=failing)


async def slow_queries(visit: Visit) -> Response:
    """The reads that took long since the server was started."""
    slow = visit.site.resources.database.slow_reads.listed()
    started = visit.site.report(visit.now_ms).started_at
    return visit.page("server/slow.html", slow=slow, started=started, threshold=SLOW_SECONDS * 1000, most=MOST)


async def refused(visit: Visit) -> Response:
    """What the server noted of submissions that it refused."""
    resources = visit.site.resources
    lately = await resources.database.read(refusals.lately, visit.now_ms)
    observer = resources.observer
    return visit.page("server/refused.html", lately=lately, enabled=observer.enabled, elsewhere=observer.elsewhere)
