"""The WebSockets of live streams: those who watch, and the agents that are told what to send."""

import asyncio
from functools import partial
from uuid import UUID

from logserver.api.connections import GOING_AWAY, POLICY, Connection, Unfit
from logserver.api.fields import InvalidQuery
from logserver.api.pace import Pace
from logserver.api.request import Request
from logserver.api.resources import Resources
from logserver.api.sockets import Talk
from logserver.contracts.logfleet import stream_wire as wire
from logserver.contracts.logfleet.edge import landing_of
from logserver.contracts.logfleet.stream_lines import asked_of, ended, frame_of, message_of, pass_on, said
from logserver.core.faults import Gone, NotFound
from logserver.core.fleet import agents
from logserver.core.fleet.agents import Agent
from logserver.core.live import stream_sessions
from logserver.core.live.agent_links import MOVED, REPLACED, Link
from logserver.core.live.live import Live
from logserver.core.live.stream_sessions import AGENT_DELETED, RESTART, SHUTDOWN, StreamSession
from logserver.core.live.watching import Ended, Watcher
from logserver.store.errors import StoreBusy
from logserver.store.tx import Tx

NORMAL = 1000
TAKEN_OVER = 4001
NO_AGENT = 4404
TRY_AGAIN = 1012
_CLOSES = {REPLACED: TAKEN_OVER, AGENT_DELETED: NO_AGENT, SHUTDOWN: GOING_AWAY, MOVED: TRY_AGAIN}
"""Close codes of an agent's connection, by why it ends."""

_AT_ONCE = 50
"""Messages a watcher is sent before others have their turn."""
_MESSAGES_PER_SECOND = 20_000
"""What all watchers together are sent; beyond that their lines wait, and the oldest are lost."""
_LINES_PER_SECOND = 20_000
"""What is read of one connection of an agent; beyond that it waits."""
_FRAME_COST = 20
"""What a frame costs beside its lines, in lines."""
_WATCHERS_WORDS = 100
"""Messages a watcher may send, who has nothing to say."""


class StreamSockets:
    """What is talked on the WebSockets of live streams."""

    def __init__(self, resources: Resources) -> None:
        self._hub = resources.live
        self._clock = resources.clock
        self._database = resources.database
        self._pace = Pace(_MESSAGES_PER_SECOND)

    async def watch(self, request: Request) -> Talk:
        """GET /api/v1/stream/ws/{session_id}: the lines of a session, until it ends."""
        live, session = await self._session(request.params["session_id"])
        if live is None:
            return partial(self._tell_end, self._why(session))
        live.require_place(live.watchers, "watchers")
        return partial(self._watch, live)

    async def serve_agent(self, request: Request) -> Talk:
        """GET /api/v1/edge/agents/{id}/stream: an agent is told its sessions, or feeds the one of ``session_id``."""
        if self._hub.closed:
            raise StoreBusy("the server is stopping", retry_after=5)
        agent = await self._database.look_up(_acting, request)
        session_id = request.query().get("session_id")
        if session_id is None:
            return partial(self._serve, agent)
        if _uuid(session_id) is None:
            raise InvalidQuery([("session_id", "Must be a UUID")])
        live, session = await self._session(session_id)
        if session.agent != agent.uuid:
            raise NotFound("the agent has no such session")
        if live is None:
            raise Gone("the session has ended")
        live.require_place(live.senders, "senders")
        return partial(self._feed, live)

    async def _session(self, session_id: str) -> tuple[Live | None, StreamSession]:
        """A session, and what is active of it; raises NotFound."""
        session = await self._database.look_up(stream_sessions.find, _uuid(session_id) or "")
        if session is None:
            raise NotFound("there is no such session")
        return self._hub.find(session.id), session

    def _why(self, session: StreamSession) -> str:
        return session.reason or (SHUTDOWN if self._hub.closed else RESTART)

    async def _tell_end(self, reason: str, connection: Connection) -> None:
        await connection.send(ended(Ended(reason)))
        await connection.close(NORMAL, reason)

    async def _watch(self, live: Live, connection: Connection) -> None:
        words = 0

        async def hear(_message: str | bytes) -> None:
            nonlocal words
            words += 1
            if words > _WATCHERS_WORDS:
                raise Unfit(POLICY, "a watcher has nothing to say")
            await asyncio.sleep(0)

        if self._hub.find(live.asked.id) is None:  # it ended while this connection was made
            _, session = await self._session(live.asked.id)
            await self._tell_end(self._why(session), connection)
            return
        watcher = self._hub.watch(live, connection.wake)
        watcher.ends = connection.cut
        try:
            await connection.converse(partial(self._tell, watcher, connection), hear)
        finally:
            self._hub.leave(watcher)

    async def _tell(self, watcher: Watcher, connection: Connection) -> bool:
        """Send a watcher all there is; whether that was the last."""
        while told := watcher.take(_AT_ONCE):
            for each in told:
                await connection.send(message_of(each))
                if isinstance(each, Ended):
                    await connection.close(GOING_AWAY if each.reason == SHUTDOWN else NORMAL, each.reason)
                    return True
            await self._pace.take(len(told))
        return False

    async def _feed(self, live: Live, connection: Connection) -> None:
        sender = self._hub.send_for(live, connection.wake)
        pace = Pace(_LINES_PER_SECOND)

        async def hear(message: str | bytes) -> None:
            frame = frame_of(message)
            if isinstance(frame.dropped, int):
                self._lose(live.agent, {live.asked.id: frame.dropped})
            pass_on(self._hub, live.agent, frame.logs, [live.asked.id], self._clock.now_ms())
            await pace.take(_FRAME_COST + len(frame.logs))

        try:
            await connection.converse(partial(self._tell, sender, connection), hear)
        finally:
            self._hub.sent_for(live, sender)

    async def _serve(self, agent: Agent, connection: Connection) -> None:
        link = Link(agent.uuid, connection.wake)
        pace = Pace(_LINES_PER_SECOND)
        told: list[wire.Stream] | None = None

        async def tell() -> bool:
            nonlocal told
            if link.over is not None:
                await connection.close(_CLOSES[link.over], link.over)
                return True
            wanted = asked_of(self._hub.asked_of(agent.uuid))
            if wanted != told:
                told = wanted
                await connection.send(said(wire.Streams(wanted)))
            return False

        async def hear(message: str | bytes) -> None:
            frame = frame_of(message)
            if isinstance(frame.dropped, dict):
                self._lose(agent.uuid, frame.dropped)
            now_ms = self._clock.now_ms()
            for line in frame.logs:
                pass_on(self._hub, agent.uuid, [line], line.sessions, now_ms)
            await pace.take(_FRAME_COST + len(frame.logs))

        self._hub.links.attach(link)
        try:
            await connection.converse(tell, hear)
        finally:
            self._hub.links.detach(link)

    def _lose(self, agent: str, lost: dict[str, int]) -> None:
        for session_id, count in lost.items():
            for receiver in self._hub.receivers(agent, [session_id]):
                receiver.lose(count)


def _acting(tx: Tx, request: Request) -> Agent:
    return agents.acting(tx, request.params["id"], landing_of(request))


def _uuid(text: str) -> str | None:
    try:
        return str(UUID(text))
    except ValueError:
        return None
