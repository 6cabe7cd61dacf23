"""How a live stream of an agent's lines begins: first in the store, then for the agent and those who watch."""

from typing import Any, NamedTuple

from logserver.core.faults import Conflict
from logserver.core.fleet.agents import Agent
from logserver.core.lines.filters import LineFilter
from logserver.core.live import stream_sessions
from logserver.core.live.live import Asked, Hub
from logserver.core.live.stream_sessions import StreamSession
from logserver.core.people.accounts import User
from logserver.store.tx import Tx


class Wish(NamedTuple):
    """What somebody wants to watch."""

    asked: dict[str, Any]
    """filter_query and filters, as they were asked for."""
    line_filter: LineFilter
    seconds: int


def wish(filter_query: Any, filters: Any, seconds: int) -> Wish:
    """A wish that holds together; raises Invalid as LineFilter.of does."""
    return Wish({"filter_query": filter_query, "filters": filters}, LineFilter.of(filter_query, filters), seconds)


def record(tx: Tx, agent: Agent, user: User, wished: Wish, now_ms: int) -> StreamSession:
    """Write a session of an agent that was read with its status of now; raises Conflict for one that is offline."""
    if agent.status == "offline":
        raise Conflict("the agent is offline")
    asked, seconds = wished.asked, wished.seconds
    return stream_sessions.begin(tx, agent=agent.number, user=user, asked=asked, now_ms=now_ms, seconds=seconds)


def begin(hub: Hub, session: StreamSession, wished: Wish) -> None:
    """Let the agent know of a session that is in the store, and others watch it."""
    told = Asked(session.id, wished.line_filter.to_json(), session.expires_at)
    hub.begin(told, agent=session.agent, user=session.user, seconds=wished.seconds)
