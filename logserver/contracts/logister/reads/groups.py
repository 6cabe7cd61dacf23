"""Error groups: the inbox, and one of them with its newest occurrence."""

from typing import Any

from logserver.contracts.logister.reads import wire
from logserver.contracts.logister.reads.asking import DAY_MS, LONGEST_TEXT, Asked, fields_of, limit_of
from logserver.core.errors import inbox
from logserver.core.errors.groups import Group
from logserver.core.projects import Project
from logserver.core.records import public_id, record
from logserver.core.times import iso_text
from logserver.store import events
from logserver.store.tx import Tx

NOBODY = "none"
"""What ``assignee`` says where nobody is meant."""

_HOUR_MS = 3_600_000


def page(tx: Tx, project: Project, asked: Asked) -> wire.Groups:
    """GET …/error_groups: a page."""
    fields = fields_of(asked)
    status = fields.choice("status", inbox.SHELVES)
    sort = fields.choice("sort", tuple(inbox.SORTS))
    text, assignee, level, environment, release, cursor = (
        fields.text(name, longest=LONGEST_TEXT)
        for name in ("q", "assignee", "level", "environment", "release", "cursor")
    )
    limit = limit_of(fields)
    fields.done()
    wanted = inbox.Filter(
        status=status or "unresolved",
        text=text or "",
        assignee="" if assignee == NOBODY else assignee,
        level=level or "",
        environment=environment or "",
        release=release or "",
        sort=sort or "last_seen",
    )
    found = inbox.page(tx, project.number, wanted, limit=limit, now_ms=asked.now_ms, cursor=cursor)
    return wire.Groups([wire.Group(**_shown(tx, group, asked)) for group in found.groups], found.next)


def one(tx: Tx, project: Project, asked: Asked) -> wire.WholeGroup:
    """GET …/error_groups/{uuid}: a group; raises NotFound."""
    group = inbox.find(tx, project.number, asked.params["uuid"])
    until = (asked.now_ms // _HOUR_MS + 1) * _HOUR_MS
    hours = inbox.hours(tx, project.number, [group.id], until - DAY_MS, until)[group.id]
    last = events.read(tx, group.last_event)
    event = wire.Event(**record(last, project.slug, asked.spelling)) if last is not None else None
    return wire.WholeGroup(**_shown(tx, group, asked), hours=hours, last_event=event)


def _shown(tx: Tx, group: Group, asked: Asked) -> dict[str, Any]:
    last = events.read(tx, group.last_event)
    return {
        "uuid": group.uuid,
        "title": group.title,
        "subtitle": group.subtitle,
        "status": group.status,
        "level": group.level,
        "environment": group.environment,
        "count": group.n,
        "users": group.users,
        "first_seen_at": iso_text(group.first_seen * 1_000),
        "last_seen_at": iso_text(group.last_seen * 1_000),
        "first_release": group.first_release,
        "last_release": group.last_release,
        "regressions": group.regressions,
        "assignee": group.assignee,
        "last_event_id": public_id(last, asked.spelling) if last is not None else None,
    }
