"""Agents as their project's key makes them, for the tests of their pages."""

from typing import Any

from tests.serving import Sender, Server


class Edge:
    """An agent of a project that acts with a key of its own."""

    def __init__(self, server: Server, sender: Sender, name: str = "web-1", **said: Any) -> None:
        self.server = server
        self.project = sender.project
        self.key = server.token(sender.project, "edge")
        self.id: str = self.post("/api/v1/edge/register", {"name": name, **said})["id"]

    def post(self, path: str, body: Any) -> Any:
        """What the server answers."""
        answer = self.server.post(path, body, self.key)
        assert answer.is_success, answer.text
        return answer.json()

    def beat(self, **said: Any) -> Any:
        """A heartbeat."""
        return self.post(f"/api/v1/edge/agents/{self.id}/heartbeat", said)

    def send(self, session: str, *messages: str, **said: Any) -> None:
        """Lines for one that watches."""
        lines = [{"message": message, **said} for message in messages]
        self.post(f"/api/v1/edge/agents/{self.id}/stream", {"session_id": session, "logs": lines})

    @property
    def page(self) -> str:
        """The path of its page."""
        return f"/agents/{self.id}"
