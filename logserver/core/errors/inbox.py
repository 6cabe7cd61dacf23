"""The inbox: a project's error groups by their state, filtered, searched, sorted, page by page.

A group stands in it with what was last seen of it: level, environment and releases are those of its newest
occurrence (and of its first, for the release). Numbers of hours come from counts that ingest keeps, never from events.
"""

import base64
import binascii
import uuid
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import msgspec

from logserver.core.errors import groups
from logserver.core.errors.groups import COLUMNS, Group
from logserver.core.faults import Invalid, NotFound
from logserver.store import occurrences
from logserver.store.errors import CursorError
from logserver.store.tx import Tx
from logserver.store.words import SEVERITY, severity

Sort = Literal["last_seen", "first_seen", "count", "users"]
Shelf = Literal["unresolved", "new", "regressed", "resolved", "ignored", "archived", "all"]

SORTS: dict[str, str] = {"last_seen": "last_seen", "first_seen": "first_seen", "count": "n", "users": "users"}
"""The column of each order; the greatest comes first."""

NEW_MS = 86_400_000
"""How long a group that nobody has seen to counts as new."""

MOST_COUNTED = 1_000
"""Groups of a shelf that are counted; more are shown as "1,000 and more"."""

_MAX_TEXT = 500
_MOST_WORDS = 16

_SHELVES: dict[str, str] = {
    "unresolved": "status = 'unresolved'",
    "new": "status = 'unresolved' AND first_seen >= :new_since",
    "regressed": "status = 'unresolved' AND regressed_at >= status_at",
    "resolved": "status = 'resolved'",
    "ignored": "status = 'ignored'",
    "archived": "status = 'archived'",
    "all": "status IN ('unresolved', 'resolved', 'ignored', 'archived')",
}
SHELVES = tuple(_SHELVES)
"""What a filter may ask for: the states of a group, and what is new or has come back."""


class Filter(msgspec.Struct, frozen=True):
    """Which groups are wanted, and in which order; empty values ask for nothing."""

    status: str = "unresolved"
    """One of SHELVES."""
    text: str = ""
    """Words that title or class of the error have in them, in any order and case."""
    assignee: str | None = None
    """Who looks after it; empty for nobody, None for whoever it is."""
    level: str = ""
    """However it is spelled: ``critical`` is ``fatal``."""
    environment: str = ""
    release: str = ""
    """The first or the last it was seen in."""
    sort: str = "last_seen"
    """One of SORTS."""


class Page(NamedTuple):
    """Groups in the order that was asked for."""

    groups: list[Group]
    next: str | None
    """The cursor of what follows; None where this is the last page."""


def page(tx: Tx, project: int, wanted: Filter, *, limit: int, now_ms: int, cursor: str | None = None) -> Page:
    """The first ``limit`` groups of a project's number, or those that follow a cursor of the same filter.

    Raises Invalid for a status or an order there is not, CursorError for what is no cursor of this order.
    """
    conditions, values = _conditions(project, wanted, now_ms)
    column = SORTS[wanted.sort]
    if cursor:
        values["after"], values["after_id"] = _read(cursor, wanted.sort)
        conditions.append(f"({column}, id) < (:after, :after_id)")
    values["limit"] = limit + 1
    # The inner statement is answered by the index alone, whatever the order, unless a filter needs the row.
    found = tx.execute(
        f"SELECT {COLUMNS} FROM error_groups WHERE id IN (SELECT id FROM error_groups"
        f" WHERE {' AND '.join(conditions)} ORDER BY {column} DESC, id DESC LIMIT :limit)"
        f" ORDER BY {column} DESC, id DESC",
        values,
    ).fetchall()
    held = [Group(*row) for row in found[:limit]]
    return Page(held, _spell(wanted.sort, held[-1]) if len(found) > limit else None)


def find(tx: Tx, project: int, spelled: str) -> Group:
    """The group of a project by its public id, a UUID; raises NotFound."""
    try:
        group = groups.read(tx, uuid.UUID(spelled).bytes)
    except ValueError:
        raise NotFound("there is no such error group") from None
    if group.project != project:
        raise NotFound("there is no such error group")
    return group


def hours(tx: Tx, project: int, wanted: Sequence[bytes], since_ms: int, until_ms: int) -> dict[bytes, list[int]]:
    """How often each of some groups of a project occurred in every hour from that of ``since_ms`` until ``until_ms``.

    Every list has one number for each Unix hour that begins in the range, the first one's whole hour included.
    """
    first, end = since_ms // occurrences.HOUR_MS, -(-until_ms // occurrences.HOUR_MS)
    counted = occurrences.hours(tx, project, wanted, first, end)
    return {group: [counted.get((group, hour), 0) for hour in range(first, end)] for group in wanted}


def tallies(tx: Tx, project: int, now_ms: int) -> dict[str, int]:
    """How many groups each shelf has, counted up to 1,000."""
    values = {"project": project, "new_since": now_ms - NEW_MS}
    return {
        shelf: tx.execute(
            f"SELECT count(*) FROM (SELECT 1 FROM error_groups WHERE project = :project AND {condition}"
            f" LIMIT {MOST_COUNTED})",
            values,
        ).fetchone()[0]
        for shelf, condition in _SHELVES.items()
    }


def _conditions(project: int, wanted: Filter, now_ms: int) -> tuple[list[str], dict[str, Any]]:
    problems = []
    if wanted.status not in _SHELVES:
        problems.append(("status", f"is one of {', '.join(_SHELVES)}"))
    if wanted.sort not in SORTS:
        problems.append(("sort", f"is one of {', '.join(SORTS)}"))
    words = wanted.text.split()
    if len(wanted.text) > _MAX_TEXT or len(words) > _MOST_WORDS:
        problems.append(("q", f"has at most {_MAX_TEXT} characters and {_MOST_WORDS} words"))
    if problems:
        raise Invalid(problems)
    conditions = ["project = :project", _SHELVES[wanted.status]]
    values: dict[str, Any] = {"project": project, "new_since": now_ms - NEW_MS}
    for number, word in enumerate(words):
        # SQLite's lower() knows ASCII only; of other letters each usual spelling is looked for.
        spelled = [word] if word.isascii() else sorted({word.lower(), word.upper(), word.capitalize()})
        found = (f"instr(text, lower(:word{number}_{each}))" for each in range(len(spelled)))
        text = "(SELECT lower(title || ' ' || coalesce(subtitle, '')) AS text)"
        conditions.append(f"EXISTS (SELECT 1 FROM {text} WHERE {' OR '.join(found)})")
        values |= {f"word{number}_{each}": spelling for each, spelling in enumerate(spelled)}
    if wanted.assignee is not None:
        conditions.append("coalesce(assignee, '') = :assignee")
        values["assignee"] = wanted.assignee
    if wanted.level:
        common = severity(wanted.level)
        spelled = sorted({common, *(spelling for spelling, known in SEVERITY.items() if known == common)})
        conditions.append(f"lower(level) IN ({', '.join(f':level{number}' for number in range(len(spelled)))})")
        values |= {f"level{number}": spelling for number, spelling in enumerate(spelled)}
    if wanted.environment:
        conditions.append("environment = :environment")
        values["environment"] = wanted.environment
    if wanted.release:
        conditions.append("(first_release = :release OR last_release = :release)")
        values["release"] = wanted.release
    return conditions, values


def _spell(sort: str, last: Group) -> str:
    value = {"last_seen": last.last_seen, "first_seen": last.first_seen, "count": last.n, "users": last.users}[sort]
    return base64.urlsafe_b64encode(f"{sort}.{value}.{last.id.hex()}".encode()).decode().rstrip("=")


def _read(cursor: str, sort: str) -> tuple[int, bytes]:
    try:
        text = base64.urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4)).decode()
        of, value, key = text.split(".")
        place = int(value), bytes.fromhex(key)
    except (ValueError, binascii.Error):
        raise CursorError("this is no cursor") from None
    if of != sort or not abs(place[0]) < 1 << 63:
        raise CursorError("the cursor belongs to another search; start again without it")
    return place
