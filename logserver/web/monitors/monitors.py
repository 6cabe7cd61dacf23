"""The monitors of a project: the list, and the page of each with its check-ins and changes of state."""

from collections import Counter
from typing import NamedTuple

from starlette.responses import Response

from logserver.core import monitor_history, monitors
from logserver.core.monitor_history import Spell, Transition
from logserver.core.monitors import Monitor
from logserver.store import search
from logserver.store.query import And, Facet, Node
from logserver.store.search import Page, Search
from logserver.store.tx import Tx
from logserver.web.monitors import shown
from logserver.web.visit import Visit

A_PAGE = 50
"""Monitors that are listed on a page."""

CHECK_INS = 25
_LONGEST_DAYS = 90
_SPANS = ((1, "24 h"), (7, "7 days"), (30, "30 days"), (90, "90 days"))
_TRANSITIONS = 20
_WANTED = 200


class _Found(NamedTuple):
    monitor: Monitor
    history: list[Spell]
    transitions: list[Transition]
    check_ins: Page


async def index(visit: Visit) -> Response:
    """The monitors of a project, those that need somebody first; of a state and with a text in their name."""
    state = visit.query.get("state", "")
    text = visit.query.get("q", "").strip()[:_WANTED]
    number = visit.query.get("page", "1")
    at = (int(number) - 1 if number.isascii() and number.isdigit() and len(number) < 6 else 0) * A_PAGE
    now = visit.now_ms

    def look(tx: Tx) -> tuple[list[Monitor], list[shown.Row], int]:
        known = monitors.every(tx, visit.project.number)
        wanted = [
            monitor
            for monitor in known
            if state in {"", monitor.state_now(now)} and text.lower() in f"{monitor.slug} {monitor.environment}".lower()
        ]
        wanted.sort(key=lambda monitor: shown.ORDER.index(monitor.state_now(now)))  # they come by name
        since = now - shown.UPTIME_DAYS * shown.DAY_MS
        rows = [
            shown.row(monitor, monitor_history.spells(tx, monitor, since, now), now)
            for monitor in wanted[max(at, 0) : max(at, 0) + A_PAGE]
        ]
        return known, rows, len(wanted)

    known, rows, total = await visit.site.resources.database.read(look)
    page = max(at, 0) // A_PAGE + 1
    return visit.page(
        "monitors/monitors.html",
        rows=rows,
        known=len(known),
        counted=Counter(monitor.state_now(now) for monitor in known),
        state=state,
        text=text,
        newer=visit.place("/monitors", state=state, q=text, page=page - 1) if page > 1 else None,
        older=visit.place("/monitors", state=state, q=text, page=page + 1) if page * A_PAGE < total else None,
        words=shown.WORDS,
        example=shown.curl_line(visit, "nightly-backup", "production", 86_400) if not known else "",
    )


async def show(visit: Visit) -> Response:
    """A monitor: when it was heard of, its history, its check-ins and its changes of state."""
    public_id, cursor, now = visit.request.params["monitor"], visit.query.get("cursor"), visit.now_ms
    database = visit.site.resources.database

    def look(tx: Tx) -> _Found:
        monitor = monitors.find(tx, visit.project.number, public_id)
        asked = Search(projects=(monitor.project,), where=_check_ins(monitor))
        return _Found(
            monitor,
            monitor_history.spells(tx, monitor, now - _LONGEST_DAYS * shown.DAY_MS, now),
            monitor_history.transitions(tx, monitor, limit=_TRANSITIONS),
            search.page(tx, asked, limit=CHECK_INS, secret=database.secret, cursor=cursor),
        )

    found = await database.read(look)
    monitor = found.monitor
    spans = [(name, monitor_history.since(found.history, now - days * shown.DAY_MS)) for days, name in _SPANS]
    durations = [event.context.get("duration_ms") for event in reversed(found.check_ins.events)]
    return visit.page(
        "monitors/monitor.html",
        monitor=monitor,
        state=monitor.state_now(now),
        words=shown.WORDS,
        uptimes=[(name, monitor_history.uptime_of(history)) for name, history in spans],
        strips_shown=[
            ("24 hours", shown.strip(found.history, now - shown.DAY_MS, now, 96, "24 hours")),
            ("30 days", shown.strip(found.history, now - 30 * shown.DAY_MS, now, 90, "30 days")),
        ],
        transitions=found.transitions,
        check_ins=[(event, database.spelling.uuid(event.id)) for event in found.check_ins.events],
        durations=[value for value in durations if isinstance(value, int | float) and value >= 0],
        newer=_onward(visit, monitor, found.check_ins.previous),
        older=_onward(visit, monitor, found.check_ins.next),
        paging=cursor is not None,
        curl=shown.curl_line(visit, monitor.slug, monitor.environment, monitor.interval_seconds),
    )


async def pause(visit: Visit) -> Response:
    """Pause a monitor, or let it run on."""
    paused = visit.form.get("paused") == "1"

    def change(tx: Tx) -> Monitor:
        monitor = monitors.find(tx, visit.project.number, visit.request.params["monitor"])
        return monitors.pause(tx, monitor.id, visit.now_ms, paused=paused)

    monitor = await visit.site.resources.database.write(change)
    said = "is paused: nobody is told of it." if paused else "is watched again, from now on."
    goal = visit.place("/monitors") if visit.form.get("from") == "list" else visit.place(f"/monitors/{monitor.uuid}")
    return visit.see(goal, f"{monitor.slug} {said}")


async def remove(visit: Visit) -> Response:
    """Forget a monitor, until the next check-in makes it anew."""

    def change(tx: Tx) -> str:
        monitor = monitors.find(tx, visit.project.number, visit.request.params["monitor"])
        monitors.remove(tx, monitor, visit.now_ms)
        return monitor.slug

    slug = await visit.site.resources.database.write(change)
    return visit.see(visit.place("/monitors"), f"{slug} is removed. A new check-in makes it again.")


def _check_ins(monitor: Monitor) -> Node:
    terms: list[Node] = [Facet("type", "check_in"), Facet("check_in_slug", monitor.slug)]
    if monitor.environment:
        terms.append(Facet("environment", monitor.environment))
    return And(tuple(terms))


def _onward(visit: Visit, monitor: Monitor, cursor: str | None) -> str | None:
    return visit.place(f"/monitors/{monitor.uuid}", cursor=cursor) + "#check-ins" if cursor else None
