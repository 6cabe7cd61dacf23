"""What the server noted of refused submissions (core/observer.py), gathered by what was refused."""

from typing import Any, NamedTuple

from logserver.core import projects
from logserver.store import events
from logserver.store.events import from_row
from logserver.store.ids import id_ms, project_range
from logserver.store.tx import Tx

LOOKED_AT = 1_000
"""The newest notes that are gathered."""

_DAY_MS = 86_400_000


class Refused(NamedTuple):
    """Refusals of one kind; times are Unix milliseconds."""

    reason: str
    status: int
    endpoint: str
    project: str
    """Slug of the project whose token was used; empty where none was valid."""
    times: int
    last_at: int


class Lately(NamedTuple):
    """The refusals of the last 24 hours, the most frequent first."""

    kinds: list[Refused]
    since: int
    """From when on they are counted: 24 hours ago, or later where there were more than are looked at."""
    unrecorded: int
    """How many more there were, which nobody noted one by one."""


def lately(tx: Tx, now_ms: int) -> Lately:
    """What was refused within the last 24 hours."""
    own = next((project for project in projects.every(tx) if project.system), None)
    since = now_ms - _DAY_MS
    if own is None:
        return Lately([], since, 0)
    low, high = project_range(own.number, since_ms=since)
    rows = tx.execute(
        f"SELECT {events.COLUMNS} FROM events WHERE id BETWEEN ? AND ? ORDER BY id DESC LIMIT ?", (low, high, LOOKED_AT)
    ).fetchall()
    found: dict[tuple[str, int, str, str], tuple[int, int]] = {}
    unrecorded = 0
    for row in rows:
        context = from_row(row).context
        if (key := _key(context)) is not None:
            times, last = found.get(key, (0, id_ms(row[0])))
            found[key] = times + 1, last
            more = context.get("unrecorded_before")
            unrecorded += more if isinstance(more, int) else 0
    kinds = [Refused(*key, *counted) for key, counted in found.items()]
    begun = id_ms(rows[-1][0]) if len(rows) == LOOKED_AT else since
    return Lately(sorted(kinds, key=lambda each: (-each.times, -each.last_at)), begun, unrecorded)


def _key(context: dict[str, Any]) -> tuple[str, int, str, str] | None:
    """What was refused, and of whom; None of an event that is no note of a refusal."""
    reason, status, endpoint = (context.get(name) for name in ("reason", "status", "endpoint"))
    if not (isinstance(reason, str) and isinstance(status, int) and isinstance(endpoint, str)):
        return None
    project = context.get("project")
    return reason, status, endpoint, project if isinstance(project, str) else ""
