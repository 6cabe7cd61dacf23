"""The server at a glance: how large it is and grows, what waits to be written, and how its projects share it."""

import shutil

from starlette.responses import Response

from logserver.core import growth, status
from logserver.core.growth import DAYS, Day, Growth
from logserver.store import connections
from logserver.web.visit import Visit

_FILES = (connections.FILE, f"{connections.FILE}-wal")


async def show(visit: Visit) -> Response:
    """The page."""
    database, folder = visit.site.resources.database, visit.site.folder
    disk = shutil.disk_usage(folder)
    grown = await database.read(growth.read, visit.now_ms, disk.free)
    sizes = status.sizes(folder, _FILES)
    return visit.page(
        "server/overview.html",
        report=visit.site.report(visit.now_ms),
        growth=grown,
        bars=_bars(grown, visit.now_ms // 86_400_000),
        disk=disk,
        size=sizes.get(connections.FILE, 0),
        log=sizes.get(f"{connections.FILE}-wal", 0),
        folder=str(folder.absolute()),
        queue=database.queue_limits,
        trouble=database.trouble(),
    )


def _bars(grown: Growth, today: int) -> list[tuple[str, int, float, float]]:
    """The chart as bars: kind, place from 0, and where each begins and how tall it is, in parts of 100."""
    measured: dict[int, Day] = {each.day: each for each in grown.days}
    tallest = max([*(each.size for each in grown.days), *grown.ahead, 1])
    bars = []
    for place in range(DAYS):
        if (each := measured.get(today - DAYS + 1 + place)) is not None:
            used, unused = (each.size - each.unused) / tallest * 100, each.unused / tallest * 100
            bars += [("was", place, 100 - used, used), ("unused", place, 100 - used - unused, unused)]
    for place, size in enumerate(grown.ahead, DAYS):
        bars.append(("ahead", place, 100 - size / tallest * 100, size / tallest * 100))
    return bars
