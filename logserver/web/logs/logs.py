"""The list of what was sent: searched, filtered, counted over time."""

from collections import Counter
from typing import NamedTuple

from starlette.responses import Response

from logserver.core.searching import view as views
from logserver.core.searching.completion import complete
from logserver.core.searching.fields import fields
from logserver.core.searching.lines import line
from logserver.core.searching.view import LEVELS, View
from logserver.store.events import Event
from logserver.store.tx import Tx
from logserver.store.words import TYPES
from logserver.web.answers import json
from logserver.web.logs.asked import CUSTOM, RANGES, Asked
from logserver.web.logs.chart import chart
from logserver.web.visit import Visit

PAGE_LINES = 100
_OFFERED_COLUMNS = 24
_LOOKED_AT_FIELDS = 40


class Choice(NamedTuple):
    """Something to be chosen by a link."""

    name: str
    url: str
    chosen: bool
    n: int | None


async def logs(visit: Visit) -> Response:
    """What a search finds, newest first, and how it lies in time."""
    asked = Asked(visit)
    seen: View | None = None
    if asked.ok:
        database = visit.site.resources.database
        seen = await database.read(_look, asked, database.secret, visit.now_ms)
    drawn = chart(seen) if seen is not None else None
    levels = drawn.levels if drawn is not None else {}
    spelling = visit.site.resources.database.spelling
    found = seen.page.events if seen is not None else []
    return visit.page(
        "logs/logs.html",
        200 if asked.ok else 422,
        asked=asked,
        seen=seen,
        chart=drawn,
        lines=[line(event, spelling, asked.columns) for event in found],
        ranges=RANGES | ({CUSTOM: "Between two times"}),
        levels=[Choice(name, asked.toggled("levels", name), name in asked.levels, levels.get(name)) for name in LEVELS],
        types=[Choice(name, asked.toggled("types", name), name in asked.types, None) for name in TYPES],
        offered=_offered(found, asked),
    )


async def completion(visit: Visit) -> Response:
    """What may come next in a query that is being typed, as JSON for the script of the page."""
    asked = Asked(visit)
    at = visit.query.get("at", "")
    caret = int(at) if at.isascii() and at.isdigit() and len(at) < 6 else len(asked.text)
    text = visit.query.get("q", "")[:5_000]
    return json(await visit.site.resources.database.read(complete, visit.project, text, caret, asked.since_ms))


def _look(tx: Tx, asked: Asked, secret: bytes, now_ms: int) -> View:
    return views.look(tx, asked.search(), limit=PAGE_LINES, secret=secret, cursor=asked.cursor, now_ms=now_ms)


def _offered(found: list[Event], asked: Asked) -> list[tuple[str, bool]]:
    """The columns to choose from: those that are there, then the most frequent fields of what was found."""
    seen: Counter[str] = Counter({"type": 0})
    for event in found:
        seen.update({name for name, _ in fields(event.context, _LOOKED_AT_FIELDS) if "," not in name})
    more = [name for name, _ in seen.most_common(_OFFERED_COLUMNS) if name not in asked.columns]
    return [(name, True) for name in asked.columns] + sorted((name, False) for name in more)
