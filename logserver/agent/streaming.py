"""The way of live lines: a WebSocket that is always open, on which the server says who watches what.

Where a proxy lets none through, heartbeats say it, and lines go by POST.
"""

import asyncio
import contextlib
import logging
from collections.abc import Iterable
from typing import Any

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from logserver.agent.backoff import Backoff
from logserver.agent.client import AGENT, Away, Client, Denied, seconds
from logserver.agent.enrolment import Enrolment
from logserver.agent.watching import Taken, Watching
from logserver.core.clock import Clock
from logserver.core.faults import Invalid
from logserver.core.lines.filters import LineFilter

logger = logging.getLogger("logserver.agent")

FRAME_PAUSE = 0.1
"""Seconds between two frames; the first line goes at once."""

POST_PAUSE = 1.0
"""The same for lines that are posted."""

_PAUSES = {1007: 5.0, 1009: 5.0, 4001: 30.0, 4401: 60.0}
"""Seconds before the next connection, by the code the server closed this one with."""

GOING_AWAY = 1001
_GONE = 4404


class _Session(msgspec.Struct):
    session_id: str
    filter: Any = None


class _Frame(msgspec.Struct):
    type: str = ""
    streams: list[_Session] = []


class Streaming:
    """Keeps the socket, and sends what is watched. What cannot be sent at once is dropped, never sent late."""

    def __init__(self, client: Client, key: str, enrolment: Enrolment, watching: Watching, clock: Clock) -> None:
        self._client = client
        self._key = key
        self._enrolment = enrolment
        self._watching = watching
        self._clock = clock
        self._lines = asyncio.Event()
        self._backoff = Backoff(0.5, 15.0)
        self._connected = False
        self._posting = asyncio.Event()
        self._told = ""

    def look(self) -> None:
        """There are lines to send."""
        self._lines.set()

    def heard(self, streams: Iterable[dict[str, Any]]) -> None:
        """What a heartbeat says of who watches; it matters only while there is no socket."""
        if not self._connected:
            with contextlib.suppress(msgspec.ValidationError):
                self._watch(msgspec.convert(list(streams), list[_Session]))
            self._posting.set()

    async def run(self) -> None:
        """For ever."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._post())
            while True:
                pause = await self._once()
                await (asyncio.sleep(pause) if pause else self._client.back(self._backoff.failed()))

    async def _once(self) -> float:
        """One connection to its end; seconds to wait for the next, 0 for a while that grows."""
        agent_id = await self._enrolment.id()
        address = self._client.address
        url = address.url(f"/api/v1/edge/agents/{agent_id}/stream").replace("http", "ws", 1)
        try:
            async with connect(
                url,
                ssl=self._client.trust,
                additional_headers={"X-API-Key": self._key},
                user_agent_header=AGENT,
                compression=None,
                proxy=None,
                close_timeout=1,
            ) as socket:
                await self._serve(socket)
                return self._closed(socket.close_code, agent_id)
        except InvalidStatus as error:
            status = error.response.status_code
            if status == 404:
                self._enrolment.lost(agent_id)
            self._tell(f"the server answers {status}")
            if status in {401, 403}:
                return 60.0
            return seconds(error.response.headers.get("Retry-After", ""), self._clock.now_ms())
        except (InvalidHandshake, ConnectionClosed, TimeoutError, OSError) as error:
            self._tell(type(error).__name__)
            return 0.0

    async def _serve(self, socket: ClientConnection) -> None:
        self._connected = True
        self._told = ""
        sending = asyncio.create_task(self._send(socket))
        try:
            async for frame in socket:
                self._backoff.succeeded()
                self._obey(frame)
        except ConnectionClosed:
            pass
        except asyncio.CancelledError:
            await socket.close(GOING_AWAY)
            raise
        finally:
            self._connected = False
            self._watching.use({})
            sending.cancel()
            await asyncio.wait([sending])

    def _obey(self, frame: str | bytes) -> None:
        try:
            told = msgspec.json.decode(frame, type=_Frame)
        except (msgspec.DecodeError, UnicodeDecodeError):
            logger.warning("the server says something on the stream that cannot be read")
            return
        if told.type == "streams":
            self._watch(told.streams)

    def _watch(self, sessions: list[_Session]) -> None:
        filters = {}
        for session in sessions:
            try:
                filters[session.session_id] = LineFilter.from_json(session.filter)
            except Invalid as error:
                logger.warning("the filter of a live stream cannot be used here: %s", error)
        self._watching.use(filters)

    async def _send(self, socket: ClientConnection) -> None:
        while True:
            await self._lines.wait()
            self._lines.clear()
            while (taken := self._watching.take()).lines or taken.dropped:
                await socket.send(_frame(taken).decode())
                await asyncio.sleep(FRAME_PAUSE)

    async def _post(self) -> None:
        """Send lines while there is no socket."""
        while True:
            await asyncio.sleep(POST_PAUSE)
            if self._connected or not self._watching.watched:
                self._posting.clear()
                await self._posting.wait()
                continue
            taken = self._watching.take()
            for session in {session for _, sessions in taken.lines for session in sessions}:
                lines = [data for data, sessions in taken.lines if session in sessions]
                with contextlib.suppress(Away, Denied):
                    await self._post_one(session, lines)

    async def _post_one(self, session: str, lines: list[bytes]) -> None:
        agent_id = await self._enrolment.id()
        body = b'{"session_id":' + msgspec.json.encode(session) + b',"logs":[' + b",".join(lines) + b"]}"
        answer = await self._client.call("POST", f"/api/v1/edge/agents/{agent_id}/stream", body)
        if answer.status in {404, 410}:
            self._watching.leave(session)

    def _closed(self, code: int | None, agent_id: str) -> float:
        if code == _GONE:
            self._enrolment.lost(agent_id)
        return _PAUSES.get(code or 0, 0.0)

    def _tell(self, why: str) -> None:
        if why != self._told and not self._client.away:
            logger.warning("live streams cannot be served: %s", why)
        self._told = why


def _frame(taken: Taken) -> bytes:
    logs = b",".join(data for data, _ in taken.lines)
    return b'{"logs":[' + logs + b'],"dropped":' + msgspec.json.encode(taken.dropped) + b"}"
