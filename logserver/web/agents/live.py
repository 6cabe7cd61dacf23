"""Live lines of an agent: a session is begun and stopped by forms, and its lines come as server-sent events.

Whoever sees an agent may watch it. A session is stopped by who began it, or by an owner of the agent's project.
"""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import msgspec
from starlette.responses import Response

from logserver.core.faults import Conflict, Forbidden, Invalid, NotFound
from logserver.core.fleet import agents
from logserver.core.lines.levels import LEVELS
from logserver.core.live import opening, stream_sessions
from logserver.core.live.live import Live
from logserver.core.live.stream_sessions import RESTART, STOPPED, StreamSession
from logserver.core.live.watching import Ended, Ending, Lost, Told, Watcher
from logserver.core.people import browser_sessions
from logserver.store.tx import Tx
from logserver.web.agents import sight
from logserver.web.agents.sight import Seen
from logserver.web.answers import Stream
from logserver.web.problems import by_field, sentence
from logserver.web.visit import Visit

MINUTES = (5, 15, 60)
LOOK_SECONDS = 5.0
"""How often it is looked whether the watcher may still watch."""

_AT_ONCE = 200
_RETRY_MS = 3_000
_LONGEST = 4_096
_WHY = {
    "stopped": "It was stopped.",
    "timeout": "Its time is over.",
    "agent_offline": "The agent is offline.",
    "agent_deleted": "The agent was deleted.",
    "server_shutdown": "The server is stopping.",
    "server_restart": "The server was started again.",
}


async def begin(visit: Visit) -> Response:
    """Begin a session, in place of the one that is named; its page shows the lines."""
    minutes, before = visit.form.get("minutes", "5"), visit.form.get("instead")[:100]
    seconds = 60 * next((each for each in MINUTES if str(each) == minutes), MINUTES[0])
    query = visit.form.get("filter_query")[:_LONGEST]
    filters = {
        "level": [level for level in visit.form.all("level")[:20] if level in LEVELS],
        "source": visit.form.get("source"),
        "pattern": visit.form.get("pattern"),
    }
    asked = {name: value for name, value in filters.items() if value}
    hub = visit.site.resources.live

    def write(tx: Tx) -> tuple[StreamSession, bool]:
        seen = sight.find(tx, visit)
        if before:
            session = _existing(tx, seen, before)
            _require_own(visit, seen, session)
            stream_sessions.end(tx, session.id, STOPPED, visit.now_ms)
        return opening.record(tx, seen.agent, visit.user, wished, visit.now_ms), bool(before)

    try:
        wished = opening.wish(query or None, asked or None, seconds)
    except Invalid as fault:
        return await _form(visit, {**filters, "filter_query": query, "minutes": seconds // 60}, fault)
    seen = await visit.site.resources.database.look_up(sight.find, visit)
    try:
        hub.require_room(seen.agent.uuid, visit.user.uuid)
        session, replaced = await visit.site.resources.database.write(write)
    except Conflict as fault:
        return visit.see(visit.url(f"/agents/{seen.agent.uuid}"), sentence(str(fault)))
    if replaced:
        hub.end(before, STOPPED)
    opening.begin(hub, session, wished)
    return visit.see(visit.url(f"/agents/{session.agent}/live/{session.id}"))


async def show(visit: Visit) -> Response:
    """The page of a session: its filter, and the lines as they come."""
    seen, session = await visit.site.resources.database.look_up(_session, visit)
    asked = session.filter.get("filters") or {}
    return visit.page(
        "agents/live.html",
        agent=seen.agent,
        session=session,
        over=_why(session),
        own=seen.owns or session.user == visit.user.uuid,
        asked={**asked, "level": _listed(asked.get("level")), "filter_query": session.filter.get("filter_query") or ""},
        minutes=MINUTES,
        levels=LEVELS,
        problems={},
    )


async def lines(visit: Visit) -> Response:
    """Events ``lines`` (a list), ``lost`` (how many were), ``ending`` (seconds) and ``ended`` (why), the last one."""
    _, session = await visit.site.resources.database.look_up(_session, visit)
    hub = visit.site.resources.live
    live = hub.find(session.id)
    if live is None:
        return Response(_event("ended", _why(session) or _WHY[RESTART]), media_type="text/event-stream")
    live.require_place(live.watchers, "watchers")
    woken = asyncio.Event()
    watcher = hub.watch(live, woken.set)
    woken.set()
    parts = _events(visit, live, watcher, woken)
    return Stream(parts, partial(hub.leave, watcher), media="text/event-stream", headers={})


async def stop(visit: Visit) -> Response:
    """Stop a session; one that has ended stays as it ended."""

    def write(tx: Tx) -> StreamSession:
        seen, session = _session(tx, visit)
        _require_own(visit, seen, session)
        stream_sessions.end(tx, session.id, STOPPED, visit.now_ms)
        return session

    session = await visit.site.resources.database.write(write)
    visit.site.resources.live.end(session.id, STOPPED)
    return visit.see(visit.url(f"/agents/{session.agent}/live/{session.id}"), "The live lines are stopped.")


async def _events(visit: Visit, live: Live, watcher: Watcher, woken: asyncio.Event) -> AsyncIterator[bytes]:
    resources = visit.site.resources
    yield b"retry: %d\n\n" % _RETRY_MS
    looked = resources.clock.monotonic()
    while True:
        try:
            await asyncio.wait_for(woken.wait(), LOOK_SECONDS)
        except TimeoutError:
            yield b": still here\n\n"
        woken.clear()
        while told_now := watcher.take(_AT_ONCE):
            yield _spelled(told_now)
            if isinstance(told_now[-1], Ended):
                return
            await asyncio.sleep(0)
        if resources.clock.monotonic() - looked >= LOOK_SECONDS:
            looked = resources.clock.monotonic()
            if not await resources.database.look_up(_welcome, visit, live.agent, resources.clock.now_ms()):
                yield _event("ended", "Your session has ended, or you may not see this agent any more.")
                return


def _spelled(told_now: list[Told]) -> bytes:
    """What comes next, as events; lines are JSON already."""
    # What an agent sends beside its message is passed on as it came, and may have line ends between its values.
    found = [each.replace("\n", " ").replace("\r", " ") for each in told_now if isinstance(each, str)]
    words = b""
    for each in told_now:
        if isinstance(each, Lost):
            words += _event("lost", each.lines)
        elif isinstance(each, Ending):
            words += _event("ending", each.seconds)
    said = b"event: lines\ndata: [%s]\n\n" % ",".join(found).encode() if found else b""
    last = told_now[-1]
    return words + said + (_event("ended", _WHY.get(last.reason, last.reason)) if isinstance(last, Ended) else b"")


def _event(name: str, value: Any) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (name.encode(), msgspec.json.encode(value))


def _welcome(tx: Tx, visit: Visit, agent_id: str, now_ms: int) -> bool:
    """Whether who was let in still would be."""
    found = browser_sessions.find(tx, visit.secret, now_ms)
    if found is None:
        return False
    try:
        return (
            sight.standing_of(tx, agents.read(tx, agent_id), visit.site.resources.people.acting(found[1])) is not None
        )
    except NotFound:
        return False


def _session(tx: Tx, visit: Visit) -> tuple[Seen, StreamSession]:
    seen = sight.find(tx, visit)
    return seen, _existing(tx, seen, visit.request.params["session"])


def _existing(tx: Tx, seen: Seen, session_id: str) -> StreamSession:
    session = stream_sessions.find(tx, session_id.lower())
    if session is None or session.agent != seen.agent.uuid:
        raise NotFound("there are no such live lines; what has ended is kept for a day")
    return session


def _require_own(visit: Visit, seen: Seen, session: StreamSession) -> None:
    if session.user != visit.user.uuid and not seen.owns:
        raise Forbidden("only who began the live lines, and owners of the agent's project, may stop them")


def _why(session: StreamSession) -> str:
    """Why a session has ended; empty for one that has not."""
    return "" if session.status == "active" else _WHY.get(session.reason or "", "It has ended.")


def _listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value] if value else []


async def _form(visit: Visit, asked: dict[str, Any], fault: Invalid) -> Response:
    """The form again, with what is wrong about its filter."""
    seen = await visit.site.resources.database.look_up(sight.find, visit)
    problems = {name.removeprefix("filters."): text for name, text in by_field(fault).items()}
    return visit.page(
        "agents/watch.html", 422, agent=seen.agent, asked=asked, minutes=MINUTES, levels=LEVELS, problems=problems
    )
