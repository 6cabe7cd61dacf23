"""The page of an error group: one of its occurrences in full, how often it happens, and what is done about it."""

from typing import NamedTuple

import msgspec
from starlette.responses import PlainTextResponse, Response

from logserver.core import deployments
from logserver.core.deployments import Deployment
from logserver.core.errors import inbox, occurring, stacks, triage
from logserver.core.errors.groups import Group
from logserver.core.errors.occurring import Occurrence, Related
from logserver.core.errors.stacks import Stack
from logserver.core.faults import NotFound
from logserver.core.people.accounts import User
from logserver.core.projects import Project
from logserver.store import occurrences
from logserver.store.events import Event
from logserver.store.tx import Tx
from logserver.web.errors import facts
from logserver.web.errors.inbox import DONE
from logserver.web.errors.timeline import HEIGHT, RANGES, WIDTH, Range, Timeline, range_of, timeline
from logserver.web.visit import Visit

MOST_DEPLOYMENTS = 20
_LONGEST_MESSAGE = 20_000


class Shown(NamedTuple):
    """What the page shows, read in one snapshot."""

    group: Group
    found: Occurrence | None
    """None where retention has taken it."""
    related: list[Related]
    timeline: Timeline
    released: list[Deployment]
    """Deployments of the releases in which it was first and last seen."""
    introduced: Deployment | None
    """What had been deployed last when it was first seen."""
    people: list[User]


async def group(visit: Visit) -> Response:
    """One group, with the newest of its occurrences or the one that is asked for."""
    wanted = range_of(visit.query.get("range", "7d"), visit.now_ms)
    params, legacy_id = visit.request.params, _legacy_id(visit.query.get("occurrence"))
    shown = await visit.site.resources.database.read(read, visit.project, params["group"], legacy_id, wanted)
    event = shown.found.event if shown.found else None
    chained: list[Stack] = stacks.stacks_of(event) if event else []
    return visit.page(
        "errors/group.html",
        shown=shown,
        event=event,
        stacks=chained,
        message=event.message[:_LONGEST_MESSAGE] if event else "",
        request=facts.request_of(event) if event else [],
        context=facts.context_of(event) if event else [],
        ties=facts.ties(event) if event else [],
        public_id=facts.public_id(event, visit.site.resources.database.spelling) if event else None,
        spelling=visit.site.resources.database.spelling,
        public=facts.public_id,
        range=wanted.name,
        ranges=list(RANGES),
        size=(WIDTH, HEIGHT),
        hour_ms=occurrences.HOUR_MS,
        most_users=occurrences.MOST_USERS,
        here=visit.place(f"/groups/{shown.group.uuid}"),
    )


def read(tx: Tx, project: Project, spelled: str, legacy_id: int | None, wanted: Range) -> Shown:
    """Everything the page shows; raises NotFound for what is no group, and no occurrence, of the project."""
    number = project.number
    group = inbox.find(tx, number, spelled)
    found = occurring.occurrence(tx, group, legacy_id)
    if found is None and legacy_id is not None:
        raise NotFound("this occurrence is not kept any more")
    hours = inbox.hours(tx, number, [group.id], wanted.since_ms, wanted.until_ms)[group.id]
    marks = deployments.newest(tx, number, since_ms=wanted.since_ms, until_ms=wanted.until_ms, limit=MOST_DEPLOYMENTS)
    releases = [release for release in {group.first_release, group.last_release} if release]
    until = group.first_seen + 1
    introduced = deployments.newest(tx, number, environment=group.environment, until_ms=until, limit=1)
    return Shown(
        group,
        found,
        occurring.related(tx, found.event) if found else [],
        timeline(wanted, hours, [deployment for _, deployment in marks]),
        deployments.of_releases(tx, number, releases, limit=MOST_DEPLOYMENTS),
        introduced[0][1] if introduced else None,
        triage.assignable(tx, project),
    )


async def change(visit: Visit) -> Response:
    """Resolve, ignore, archive or reopen a group, or say who looks after it."""
    form, project, now_ms = visit.form, visit.project, visit.now_ms
    status, assignee = form.get("status"), form.get("assignee")

    def decide(tx: Tx) -> Group:
        found = inbox.find(tx, project.number, visit.request.params["group"])
        if status:
            triage.set_status(tx, project, [found.id], status, now_ms)
        else:
            triage.assign(tx, project, [found.id], assignee)
        return found

    found = await visit.site.resources.database.write(decide)
    said = (
        f"The error is {DONE[status]}." if status else f"Assigned to {assignee}." if assignee else "Assigned to nobody."
    )
    return visit.see(visit.place(f"/groups/{found.uuid}", range=form.get("range")), said)


async def as_text(visit: Visit) -> Response:
    """An occurrence as plain text, to be pasted somewhere."""
    found, event = await _occurrence(visit)
    spelling = visit.site.resources.database.spelling
    record = facts.record(event, spelling)
    lines = [found.title, "", *(stack.text() for stack in stacks.stacks_of(event)), ""]
    lines += [f"{name}: {record[name]}" for name in ("level", "occurred_at", "id")]
    lines += [f"{name}: {value}" for name in ("environment", "release") if (value := event.context.get(name))]
    lines += [f"{fact.name}: {fact.text}" for fact in facts.ties(event)]
    lines += [f"{fact.name}: {fact.text}" for fact in facts.request_of(event) if not fact.block]
    return PlainTextResponse("\n".join(lines) + "\n")


async def as_json(visit: Visit) -> Response:
    """An occurrence as it is stored, as JSON."""
    _, event = await _occurrence(visit)
    record = facts.record(event, visit.site.resources.database.spelling)
    return Response(msgspec.json.format(msgspec.json.encode(record), indent=2), media_type="application/json")


async def _occurrence(visit: Visit) -> tuple[Group, Event]:
    params, number = visit.request.params, visit.project.number

    def look(tx: Tx) -> tuple[Group, Occurrence | None]:
        found = inbox.find(tx, number, params["group"])
        return found, occurring.occurrence(tx, found, _legacy_id(params["occurrence"]))

    found, held = await visit.site.resources.database.read(look)
    if held is None:
        raise NotFound("this occurrence is not kept any more")
    return found, held.event


def _legacy_id(spelled: str | None) -> int | None:
    """The occurrence that a query or path names; raises NotFound for what can be none."""
    if not spelled:
        return None
    if not (spelled.isascii() and spelled.isdigit() and len(spelled) < 18):
        raise NotFound("there is no such occurrence")
    return int(spelled)
