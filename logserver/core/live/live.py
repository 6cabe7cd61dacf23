"""Live streams in memory: the sessions that are active, who watches them, and the agents that send.

All of it belongs to the event loop; nothing here waits. A session is in the store too (core/live/stream_sessions.py).
"""

import math
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from logserver.core.clock import Clock
from logserver.core.faults import Conflict
from logserver.core.live.agent_links import Links
from logserver.core.live.stream_sessions import AGENT_DELETED, AGENT_OFFLINE, SHUTDOWN, TIMEOUT
from logserver.core.live.watching import Store, Watcher
from logserver.store.errors import StoreBusy

WARNING_SECONDS = 30
"""How long before its end the watchers of a session are told of it."""
UNWATCHED_SECONDS = 30.0
"""How long an agent goes on sending lines that nobody watches (yet)."""

MOST_SESSIONS = 1_000
MOST_OF_AGENT = 100
MOST_OF_USER = 50
MOST_PLACES = 50
"""Of watchers, and of connections that send, for one session."""


class Asked(NamedTuple):
    """What an agent is told of a session."""

    id: str
    filter: dict[str, Any]
    """The JSON form of its LineFilter."""
    expires_at: int
    """Unix milliseconds."""


class Live:
    """A session that is active."""

    def __init__(self, asked: Asked, agent: str, user: str, now: float, seconds: int, store: Store) -> None:  # noqa: PLR0917 - made in one place
        self.asked = asked
        self.agent = agent
        self.user = user
        self.ends = now + seconds
        """On the monotonic clock."""
        self.watchers: set[Watcher] = set()
        self.senders: set[Watcher] = set()
        """Connections that bring lines of this session only, and want to know when it ends."""
        self.early: Watcher | None = Watcher(asked.id, store)
        """Holds what arrives before the first watcher does."""
        self.unwatched_since = now
        self.told = True
        """Whether the agent is asked to send its lines."""

    def wanted(self, now: float) -> bool:
        """Whether its lines should be sent: someone watches, or did a moment ago."""
        return bool(self.watchers) or now < self.unwatched_since + UNWATCHED_SECONDS

    def require_place(self, taken: set[Watcher], whose: str) -> None:
        """Raise Conflict where no more of them can be had."""
        if len(taken) >= MOST_PLACES:
            raise Conflict(f"the session has {MOST_PLACES} {whose}, the most there may be")

    def receivers(self) -> Iterable[Watcher]:
        """All who are sent its lines."""
        return self.watchers if self.early is None else (self.early,)


class Hub:
    """The live streams of one server. Agents and users are known by their UUIDs."""

    def __init__(self, clock: Clock, *, grace: float = 10.0) -> None:
        self._clock = clock
        self._store = Store()
        self._sessions: dict[str, Live] = {}
        self.links = Links(clock, grace)
        self.closed = False
        """Whether the server is stopping, and takes no connection."""

    @property
    def lost(self) -> int:
        """How many lines were lost on their way to those who watch."""
        return self._store.lost

    def require_room(self, agent: str, user: str) -> None:
        """Raise Conflict where there can be no further session; StoreBusy where the server is stopping."""
        if self.closed:
            raise StoreBusy("the server is stopping", retry_after=5)
        if len(self._sessions) >= MOST_SESSIONS:
            raise Conflict(f"there are {MOST_SESSIONS} live sessions, the most there may be; stop one first")
        if sum(live.agent == agent for live in self._sessions.values()) >= MOST_OF_AGENT:
            raise Conflict(f"the agent has {MOST_OF_AGENT} live sessions, the most there may be; stop one first")
        if sum(live.user == user for live in self._sessions.values()) >= MOST_OF_USER:
            raise Conflict(f"you have {MOST_OF_USER} live sessions, the most there may be; stop one first")

    def begin(self, asked: Asked, *, agent: str, user: str, seconds: int) -> None:
        """Begin a session that is in the store, and tell the agent."""
        self._sessions[asked.id] = Live(asked, agent, user, self._clock.monotonic(), seconds, self._store)
        self.links.wake(agent)

    def find(self, session_id: str) -> Live | None:
        """The active session of an id."""
        return self._sessions.get(session_id)

    def active(self) -> list[str]:
        """The ids of all sessions."""
        return list(self._sessions)

    def watch(self, live: Live, wake: Callable[[], None]) -> Watcher:
        """A new watcher of a session; the first is sent what came before it."""
        watcher = live.early or Watcher(live.asked.id, self._store)
        watcher.wake = wake
        live.early = None
        live.watchers.add(watcher)
        self._review(live)
        self._warn(live, self._clock.monotonic())
        return watcher

    def leave(self, watcher: Watcher) -> None:
        """A watcher has gone."""
        watcher.leave()
        live = self._sessions.get(watcher.session_id)
        if live is not None:
            live.watchers.discard(watcher)
            live.unwatched_since = self._clock.monotonic()

    def send_for(self, live: Live, wake: Callable[[], None]) -> Watcher:
        """A connection is there that brings lines of one session only; what it is told is the session's end."""
        sender = Watcher(live.asked.id, self._store, wake)
        live.senders.add(sender)
        self.links.sender_came(live.agent)
        return sender

    def sent_for(self, live: Live, sender: Watcher) -> None:
        """A connection of send_for() has gone."""
        live.senders.discard(sender)
        self.links.sender_went(live.agent)

    def asked_of(self, agent: str) -> list[Asked]:
        """The sessions whose lines an agent should send."""
        return [live.asked for live in self._sessions.values() if live.agent == agent and live.told]

    def receivers(self, agent: str, session_ids: Iterable[str]) -> list[Watcher]:
        """Who is sent a line of an agent for these sessions; ids of no active session of it count for nothing."""
        found: list[Watcher] = []
        for session_id in set(session_ids):
            live = self._sessions.get(session_id)
            if live is not None and live.agent == agent:
                found += live.receivers()
        return found

    def end(self, session_id: str, reason: str) -> None:
        """End a session, and tell everyone; nothing where it has ended."""
        live = self._sessions.pop(session_id, None)
        if live is None:
            return
        for watcher in (*live.watchers, *live.senders):
            watcher.end(reason)
        if live.early is not None:
            live.early.leave()
        self.links.wake(live.agent)

    def delete_agent(self, agent: str) -> None:
        """An agent was deleted: its sessions and its connection end."""
        for session_id in [live.asked.id for live in self._sessions.values() if live.agent == agent]:
            self.end(session_id, AGENT_DELETED)
        self.links.end(agent, AGENT_DELETED)

    def close(self) -> None:
        """End everything: the server is stopping."""
        self.closed = True
        for session_id in self.active():
            self.end(session_id, SHUTDOWN)
        self.links.end_all(SHUTDOWN)

    def due(self) -> list[tuple[str, str]]:
        """Look at the clock: which sessions end now, and why.

        Watchers are warned, and agents told what nobody watches any more.
        """
        now = self._clock.monotonic()
        gone = self.links.gone()
        over = []
        for live in self._sessions.values():
            if live.ends <= now:
                over.append((live.asked.id, TIMEOUT))
            elif live.agent in gone:
                over.append((live.asked.id, AGENT_OFFLINE))
            else:
                self._warn(live, now)
                self._review(live)
        return over

    def _warn(self, live: Live, now: float) -> None:
        left = math.ceil(live.ends - now)
        if left <= WARNING_SECONDS:
            for watcher in live.watchers:
                watcher.warn(max(left, 1))

    def _review(self, live: Live) -> None:
        wanted = live.wanted(self._clock.monotonic())
        if wanted != live.told:
            live.told = wanted
            self.links.wake(live.agent)
