"""Live streams of a server in this process: who takes part in them, and their WebSockets."""

from typing import Any

import pytest
from starlette.testclient import WebSocketDenialResponse, WebSocketTestSession

from tests.contracts.logfleet.fleet import ask, beats, edge_key, registered, told
from tests.serving import Server

START = "/api/v1/stream/start"
SESSIONS = "/api/v1/stream/sessions"
STOP = "/api/v1/stream/stop"


class Stage:
    """An admin, an edge key that may do everything, and an agent of its project that is online."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.project = server.sender("edge").project
        self.key = server.token(self.project, "edge")
        self.admin = server.person("admin@example.com", "admin")
        self.agent = registered(server, self.key)
        self.id: str = self.agent["id"]
        beats(server, self.key, self.agent)

    @property
    def push(self) -> str:
        return f"/api/v1/edge/agents/{self.id}/stream"

    def key_for(self, *scopes: str) -> str:
        return edge_key(self.server, self.project, *scopes)

    def start(self, person: str | None = None, **asked: Any) -> str:
        """The id of a new session."""
        body = {"agent_id": self.id, **asked}
        session: str = told(ask(self.server, "POST", START, person or self.admin, body), 201)["session_id"]
        return session

    def sessions(self, **query: Any) -> list[tuple[str, str, str | None]]:
        """Id, status and reason of the sessions as they are listed."""
        listed = told(ask(self.server, "GET", SESSIONS, self.admin, query=list(query.items())))
        return [(each["id"], each["status"], each["reason"]) for each in listed["items"]]

    def watch(self, session: str, person: str | None = None) -> WebSocketTestSession:
        return self.open(f"/api/v1/stream/ws/{session}", person or self.admin)

    def serve(self, query: str = "", key: str | None = None) -> WebSocketTestSession:
        return self.open(self.push + query, key or self.key)

    def open(self, path: str, token: str | None) -> WebSocketTestSession:
        headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
        return self.server.client.websocket_connect(path, headers=headers)


def denied(opening: WebSocketTestSession) -> tuple[int, dict[str, Any]]:
    """The status and body that a handshake is refused with."""
    with pytest.raises(WebSocketDenialResponse) as refused, opening:
        pass
    body: dict[str, Any] = refused.value.json()
    return refused.value.status_code, body


def ended(socket: WebSocketTestSession) -> tuple[str, int]:
    """Why a session ended, and the code of the close that follows."""
    last = socket.receive_json()
    assert (last["type"], last["event"]) == ("control", "session_ended"), last
    return last["reason"], closed(socket)


def closed(socket: WebSocketTestSession) -> int:
    """The code of the close that comes next."""
    message = socket.receive()
    assert message["type"] == "websocket.close", message
    code: int = message["code"]
    return code
