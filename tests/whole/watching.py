"""Those who take part in a live stream of a running server: a person, an agent played by hand, and watchers."""

import json
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from time import time
from typing import Any, Self

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from logserver.core import projects, tokens
from logserver.store.database import transaction
from tests.serving import signed_in
from tests.whole.process import PATIENCE, Server
from tests.whole.talking import Talk


class People:
    """An admin's session and an edge key, made by the shell beside or before a server."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        now_ms = int(time() * 1000)
        with transaction(folder) as tx:
            project = projects.create(tx, slug="edge", now_ms=now_ms)
            self.key = tokens.issue(tx, kind="edge", name="edge", project=project, now_ms=now_ms).secret
        self.admin = self.person("admin@example.com")

    def person(self, email: str) -> str:
        """The session of another admin."""
        with transaction(self.folder) as tx:
            return signed_in(tx, email, "admin", int(time() * 1000))


class Stage:
    """A server with one agent that is online."""

    def __init__(self, server: Server, people: People) -> None:
        self.server = server
        self.people = people
        self.talk = Talk(server)
        said = self.talk.ask("POST", "/api/v1/edge/register", people.key, {"name": "web-1"})
        assert said.status in {200, 201}, said
        self.agent: str = said.json()["id"]
        self.talk.post(f"/edge/agents/{self.agent}/heartbeat", people.key, {}, 200)

    def start(self, person: str | None = None, **asked: Any) -> str:
        """The id of a new session."""
        said = self.talk.post("/stream/start", person or self.people.admin, {"agent_id": self.agent, **asked}, 201)
        session: str = said["session_id"]
        assert said["websocket_url"] == f"ws://{self.server.host}:{self.server.port}/api/v1/stream/ws/{session}"
        return session

    def sessions(self) -> dict[str, tuple[str, str | None]]:
        """Status and reason of every session by its id."""
        listed = self.talk.get("/stream/sessions", self.people.admin, 200, page_size="100")
        return {each["id"]: (each["status"], each["reason"]) for each in listed["items"]}

    def watch(self, session: str, person: str | None = None) -> "Party":
        return Party(self.server, f"/stream/ws/{session}?token={person or self.people.admin}")

    def serve(self, query: str = "") -> "Party":
        """The agent's connection."""
        return Party(self.server, f"/edge/agents/{self.agent}/stream{query}", {"X-API-Key": self.people.key})


class Party:
    """One end of a WebSocket; whatever waits gives up after PATIENCE."""

    def __init__(self, server: Server, path: str, headers: dict[str, str] | None = None) -> None:
        self._connect = partial(
            connect,
            f"ws://{server.host}:{server.port}/api/v1{path}",
            additional_headers=headers,
            compression=None,
            open_timeout=PATIENCE,
            close_timeout=PATIENCE,
            max_size=None,
        )
        self._open = ExitStack()
        self.socket: ClientConnection

    def __enter__(self) -> Self:
        self.socket = self._open.enter_context(self._connect())
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def refused(self) -> int:
        """The status that the handshake is refused with."""
        with pytest.raises(InvalidStatus) as refused, self:
            pass
        return refused.value.response.status_code

    def next(self) -> dict[str, Any]:
        """The next message."""
        message: dict[str, Any] = json.loads(self.socket.recv(timeout=PATIENCE))
        return message

    def until(self, wanted: str) -> list[dict[str, Any]]:
        """All messages up to the first that is a log line with this message, or an event of this name."""
        messages: list[dict[str, Any]] = []
        while not messages or wanted not in {messages[-1].get("message"), messages[-1].get("event")}:
            messages.append(self.next())
        return messages

    def told(self) -> set[str]:
        """The ids of the sessions that an agent is told next."""
        message = self.next()
        assert message["type"] == "streams"
        return {each["session_id"] for each in message["streams"]}

    def send(self, **frame: Any) -> None:
        self.socket.send(json.dumps(frame))

    def ended(self) -> tuple[str, int]:
        """Why the session ended, in the last message, and the code of the close that follows."""
        last = self.next()
        assert (last["type"], last["event"]) == ("control", "session_ended"), last
        return last["reason"], self.closed()

    def closed(self) -> int:
        """The code with which the other end closes, which is what comes next."""
        with pytest.raises(ConnectionClosed):
            raise AssertionError(self.socket.recv(timeout=PATIENCE))
        assert self.socket.close_code is not None
        return self.socket.close_code

    def vanish(self) -> None:
        """Break the connection without a word, as a process that is killed does."""
        self.socket.socket.shutdown(2)


def line(message: str, *sessions: str, **fields: Any) -> dict[str, Any]:
    """A line as an agent sends it."""
    return {"message": message, "level": "info", "source": "/var/log/app.log", "sessions": list(sessions), **fields}
