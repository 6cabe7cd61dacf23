import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from logserver.agent.client import Address, Client
from logserver.agent.enrolment import Enrolment, Known, Self
from logserver.agent.folder import Folder
from logserver.agent.streaming import GOING_AWAY, Streaming
from logserver.agent.watching import Watching
from logserver.core.lines.filters import LineFilter
from logserver.core.lines.lines import LogLine
from tests.agent.edge import KEY, PATIENCE, Edge, Said
from tests.agent.scripted import nothing
from tests.agent.talking import talk
from tests.fakes import FakeClock

SESSION = {"session_id": "s1", "filter": LineFilter.of('|= "order"').to_json(), "expires_at": "2026-01-01T00:00:00Z"}


def line(message: str) -> LogLine:
    return LogLine("/var/log/x", message, message, "error", None, {})


class Side:
    """The agent's side of a stream on a server that a test scripts."""

    def __init__(self, port: int, folder: Folder) -> None:
        self.client = Client(Address.of(f"http://127.0.0.1:{port}"), KEY, FakeClock())
        folder.save("agent.json", Known(self.client.address.url(""), "web-1", "agent-1"))
        self.enrolment = Enrolment(self.client, folder, Self("web-1", "host", {}))
        self.watching = Watching(self._look, nothing)
        self.streaming = Streaming(self.client, KEY, self.enrolment, self.watching, FakeClock())

    def _look(self) -> None:
        self.streaming.look()


class Leaving(Watching):
    """Tells when a session was left."""

    def __init__(self) -> None:
        super().__init__(nothing, nothing)
        self.left = asyncio.Event()

    def leave(self, session: str) -> None:
        super().leave(session)
        self.left.set()


Script = Callable[[ServerConnection, Side], Awaitable[None]]


def streamed(folder: Folder, *scripts: Script, refuse: list[Response] | None = None) -> Side:
    """Run an agent's streaming against connections that do this, one after the other, until the last has ended."""
    requests: list[Request] = []
    refusals = refuse or []

    async def run() -> Side:
        over, connections = asyncio.Event(), list(scripts)
        failed: list[BaseException] = []

        def check(_connection: ServerConnection, request: Request) -> Response | None:
            requests.append(request)
            return refusals.pop(0) if refusals else None

        async def handle(connection: ServerConnection) -> None:
            try:
                await connections.pop(0)(connection, side)
            except BaseException as error:
                failed.append(error)
                raise
            finally:
                if not connections or failed:
                    over.set()

        async with serve(handle, "127.0.0.1", 0, process_request=check, compression=None) as server:
            side = Side(next(iter(server.sockets)).getsockname()[1], folder)
            streaming = asyncio.create_task(side.streaming.run())
            async with asyncio.timeout(PATIENCE):
                await over.wait()
            streaming.cancel()
            await asyncio.wait([streaming])
            await side.client.close()
        assert not failed, failed
        return side

    side = asyncio.run(run())
    assert all(request.path == "/api/v1/edge/agents/agent-1/stream" for request in requests)
    assert all(request.headers["X-API-Key"] == KEY for request in requests)
    return side


async def say(connection: ServerConnection, *streams: dict[str, Any]) -> None:
    await connection.send(json.dumps({"type": "streams", "streams": streams}))


async def until(true: Callable[[], bool], connection: ServerConnection) -> None:
    """Wait until the agent has done something about what it was told."""
    while not true():
        await (await connection.ping())


async def watch_one(connection: ServerConnection, side: Side) -> None:
    await connection.send(json.dumps({"type": "hello", "new": True}))
    await say(connection, SESSION)
    await until(lambda: side.watching.watched, connection)
    side.watching.offer(line("a refund"))
    side.watching.offer(line("an order"))
    frame = json.loads(await connection.recv(decode=True))
    assert frame == {
        "logs": [{"message": "an order", "source": "/var/log/x", "sessions": ["s1"], "level": "error"}],
        "dropped": {},
    }


def test_lines_go_up_while_somebody_watches(folder: Folder) -> None:
    streamed(folder, watch_one)


def test_when_nobody_watches_any_more_no_line_goes(folder: Folder) -> None:
    async def script(connection: ServerConnection, side: Side) -> None:
        await watch_one(connection, side)
        await say(connection)
        await until(lambda: not side.watching.watched, connection)

    streamed(folder, script)


def test_lines_that_were_dropped_are_told(folder: Folder) -> None:
    async def script(connection: ServerConnection, side: Side) -> None:
        await say(connection, SESSION)
        await until(lambda: side.watching.watched, connection)
        for _ in range(1_005):
            side.watching.offer(line("an order"))
        frame = json.loads(await connection.recv(decode=True))
        assert (len(frame["logs"]), frame["dropped"]) == (1_000, {"s1": 5})

    streamed(folder, script)


@pytest.mark.parametrize("frame", ["{", "[]", '{"type": "streams", "streams": 7}', b"\xff"])
def test_what_cannot_be_read_is_ignored(frame: str | bytes, folder: Folder, caplog: pytest.LogCaptureFixture) -> None:
    async def script(connection: ServerConnection, side: Side) -> None:
        await connection.send(frame)
        await watch_one(connection, side)

    with caplog.at_level(logging.WARNING, "logserver.agent"):
        streamed(folder, script)
    assert caplog.messages == ["the server says something on the stream that cannot be read"]


def test_a_filter_that_cannot_be_used_is_no_session(folder: Folder, caplog: pytest.LogCaptureFixture) -> None:
    async def script(connection: ServerConnection, side: Side) -> None:
        await say(connection, {"session_id": "s2", "filter": {"conditions": 7}}, SESSION)
        await until(lambda: side.watching.watched, connection)
        side.watching.offer(line("an order"))
        assert json.loads(await connection.recv(decode=True))["logs"][0]["sessions"] == ["s1"]

    with caplog.at_level(logging.WARNING, "logserver.agent"):
        streamed(folder, script)
    assert "the filter of a live stream cannot be used here" in caplog.text


@pytest.mark.parametrize("how", ["close", "abort"])
def test_a_connection_that_ends_is_made_anew_and_forgets_who_watched(how: str, folder: Folder) -> None:
    async def ends(connection: ServerConnection, side: Side) -> None:
        await say(connection, SESSION)
        await until(lambda: side.watching.watched, connection)
        if how == "close":
            await connection.close(1012)
        else:
            connection.transport.abort()

    async def begins_anew(connection: ServerConnection, side: Side) -> None:
        assert not side.watching.watched
        await watch_one(connection, side)

    streamed(folder, ends, begins_anew)


def test_an_agent_that_stops_says_that_it_goes(folder: Folder) -> None:
    codes: list[int | None] = []

    async def run() -> None:
        connected, closed = asyncio.Event(), asyncio.Event()

        async def handle(connection: ServerConnection) -> None:
            await say(connection, SESSION)
            await until(lambda: side.watching.watched, connection)
            connected.set()
            with pytest.raises(ConnectionClosed):
                await connection.recv()
            codes.append(connection.close_code)
            closed.set()

        async with serve(handle, "127.0.0.1", 0) as server:
            side = Side(next(iter(server.sockets)).getsockname()[1], folder)
            streaming = asyncio.create_task(side.streaming.run())
            await connected.wait()
            streaming.cancel()
            await asyncio.wait([streaming])
            async with asyncio.timeout(PATIENCE):
                await closed.wait()
            await side.client.close()

    asyncio.run(run())
    assert codes == [GOING_AWAY]


def test_a_handshake_that_is_refused_is_told_once_and_tried_again(
    folder: Folder, caplog: pytest.LogCaptureFixture
) -> None:
    refusals = [
        Response(status, "No", Headers({"Content-Length": "0"}))
        for status in (HTTPStatus.BAD_GATEWAY, HTTPStatus.BAD_GATEWAY)
    ]
    with caplog.at_level(logging.WARNING, "logserver.agent"):
        streamed(folder, watch_one, refuse=refusals)
    assert caplog.messages == ["live streams cannot be served: the server answers 502"]


def test_without_a_socket_lines_are_posted(edge: Edge, folder: Folder) -> None:
    ended = {"session_id": "s2", "filter": {"conditions": []}}

    def refuse(body: Any) -> Said | None:
        if body is None:
            return Said(502, {})
        return Said(410, {"message": "It has ended"}) if body["session_id"] == "s2" else None

    edge.refuse("stream", refuse)

    async def use(client: Client, enrolment: Enrolment) -> list[str]:
        watching = Leaving()
        streaming = Streaming(client, KEY, enrolment, watching, FakeClock())
        running = asyncio.create_task(streaming.run())
        streaming.heard([SESSION, ended])
        watching.offer(line("an order"))
        watching.offer(line("a refund"))
        await asyncio.to_thread(edge.until, lambda: bool(edge.posted) and edge.calls["stream"] >= 3)
        async with asyncio.timeout(PATIENCE):
            await watching.left.wait()
        running.cancel()
        await asyncio.wait([running])
        watching.offer(line("an order"))
        return [session for _, sessions in watching.take().lines for session in sessions]

    assert talk(edge.url, folder, use) == ["s1"]
    [posted] = edge.posted
    assert posted["session_id"] == "s1"
    assert [each["message"] for each in posted["logs"]] == ["an order"]
