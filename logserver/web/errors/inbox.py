"""The inbox of a project: its error groups, and what is done with many of them at once."""

import uuid
from typing import NamedTuple

from starlette.responses import Response

from logserver.core.errors import inbox, triage
from logserver.core.errors.inbox import Filter, Page
from logserver.core.people.accounts import User
from logserver.core.projects import Project
from logserver.store import dimensions, occurrences
from logserver.store.tx import Tx
from logserver.web.visit import Visit, local_path

GROUPS = 50
"""On a page."""

PERIODS = {"24h": 1, "14d": 24}
"""What the small charts may show, and how many hours each of their bars stands for."""

DONE = {"unresolved": "reopened", "resolved": "resolved", "ignored": "ignored", "archived": "archived"}
_LONGEST = 500
_SHELVES = {
    "unresolved": "Unresolved",
    "new": "New today",
    "regressed": "Regressed",
    "resolved": "Resolved",
    "ignored": "Ignored",
    "archived": "Archived",
    "all": "All",
}
_SORTS = {"last_seen": "Last seen", "first_seen": "First seen", "count": "Occurrences", "users": "Users"}


class Asked(NamedTuple):
    """Which page is wanted."""

    filter: Filter
    cursor: str | None
    hours: int
    """What a bar of the small charts stands for."""


class Shown(NamedTuple):
    """What the page shows, read in one snapshot."""

    page: Page
    bars: dict[bytes, list[int]]
    tallies: dict[str, int]
    people: list[User]
    environments: list[str]
    levels: list[str]


async def listing(visit: Visit) -> Response:
    """The groups of one shelf."""
    query = visit.query
    wanted = _wanted(visit)
    period = query.get("period", "")
    cursor = query.get("cursor", "")[:_LONGEST] or None
    shown = await visit.site.resources.database.read(
        read, visit.project, Asked(wanted, cursor, PERIODS.get(period, 1)), visit.now_ms
    )
    asked = {name: query.get(name, "")[:_LONGEST] for name in ("status", "q", "assignee", "level", "environment")}
    asked |= {name: query.get(name, "")[:_LONGEST] for name in ("release", "sort", "period")}
    return visit.page(
        "errors/inbox.html",
        shown=shown,
        wanted=wanted,
        asked=asked,
        period=period if period in PERIODS else "24h",
        shelves=_SHELVES,
        sorts=_SORTS,
        new_since=visit.now_ms - inbox.NEW_MS,
        most_counted=inbox.MOST_COUNTED,
        most_users=occurrences.MOST_USERS,
        back=visit.place("/inbox", **asked, cursor=cursor),
        filtered=any(asked[name] for name in ("q", "assignee", "level", "environment", "release")),
    )


def read(tx: Tx, project: Project, asked: Asked, now_ms: int) -> Shown:
    """Everything the page shows."""
    number, hours = project.number, asked.hours
    page = inbox.page(tx, number, asked.filter, limit=GROUPS, now_ms=now_ms, cursor=asked.cursor)
    bars = 24 if hours == 1 else 14
    until = -(-now_ms // occurrences.HOUR_MS) * occurrences.HOUR_MS
    since = until - bars * hours * occurrences.HOUR_MS
    counted = inbox.hours(tx, number, [group.id for group in page.groups], since, until)
    summed = {
        group: [sum(values[at : at + hours]) for at in range(0, len(values), hours)]
        for group, values in counted.items()
    }
    return Shown(
        page,
        summed,
        inbox.tallies(tx, number, now_ms),
        triage.assignable(tx, project),
        dimensions.values(tx, number, "error", "environment"),
        dimensions.values(tx, number, "error", "level"),
    )


async def change(visit: Visit) -> Response:
    """Resolve, ignore, archive, reopen or assign the groups that are ticked, and go back to where that was asked."""
    form, database = visit.form, visit.site.resources.database
    keys = [key for spelled in form.all("group") if (key := _key(spelled)) is not None]
    status = form.get("status")
    back = _back(visit)
    if not keys:
        return visit.see(back, "Tick the errors first.")
    if status:
        n = await database.write(triage.set_status, visit.project, keys, status, visit.now_ms)
        done = DONE[status]
    else:
        assignee = form.get("assignee")
        n = await database.write(triage.assign, visit.project, keys, assignee)
        done = f"assigned to {assignee}" if assignee else "assigned to nobody"
    return visit.see(back, f"{n} error{'s' * (n != 1)} {done}.")


def _wanted(visit: Visit) -> Filter:
    said = {name: value.strip() for name, value in visit.query.items() if value.strip()}
    assignee = said.get("assignee")
    return Filter(
        status=said.get("status", "unresolved"),
        text=said.get("q", ""),
        assignee={"me": visit.user.email, "nobody": ""}.get(assignee, assignee) if assignee else None,
        level=said.get("level", ""),
        environment=said.get("environment", ""),
        release=said.get("release", ""),
        sort=said.get("sort", "last_seen"),
    )


def _key(spelled: str) -> bytes | None:
    try:
        return uuid.UUID(spelled).bytes
    except ValueError:
        return None


def _back(visit: Visit) -> str:
    """Where the form says that it stands, if that is a page of this project."""
    own = visit.place()
    asked = local_path(visit.form.get("back"), visit.place("/inbox"))
    return asked if asked.startswith(own + "/") else visit.place("/inbox")
