"""Questions to the read API."""

from typing import Any

from httpx2 import Response

from logserver.core import tokens
from logserver.core.projects import Project
from tests.contracts.logister.sending import EVENTS, event
from tests.contracts.logstitch.asked import ask
from tests.serving import Sender, Server

ROOT = "/api/v1/cli"


def read(server: Server, token: str | None, path: str, **query: Any) -> Response:
    """GET an address below the root."""
    return ask(server, "GET", f"{ROOT}/{path}", token, **query)


class Desk:
    """A project as its reader sees it."""

    def __init__(self, server: Server, sender: Sender) -> None:
        self.server = server
        self.project = sender.project
        self.token = sender.token

    def get(self, path: str = "", **query: Any) -> dict[str, Any]:
        """The answer of a resource of the project."""
        place = f"projects/{self.project.slug}" + (f"/{path}" if path else "")
        answer = read(self.server, self.token, place, **query)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def refused(self, path: str = "", **query: Any) -> tuple[int, str]:
        """The status and code of a refusal."""
        place = f"projects/{self.project.slug}" + (f"/{path}" if path else "")
        answer = read(self.server, self.token, place, **query)
        assert set(answer.json()) == {"error", "code"}
        return answer.status_code, answer.json()["code"]

    def send(self, **fields: Any) -> str:
        """The id of an event that is stored."""
        answer = self.server.post(EVENTS, event(**fields), self.token)
        assert answer.status_code == 201, answer.text
        made: str = answer.json()["id"]
        return made

    def messages(self, **query: Any) -> list[str]:
        """What a page of events says."""
        return [each["message"] for each in self.get("events", **query)["items"]]


def read_token(server: Server, project: Project | None, *scopes: str) -> str:
    """A read token with some scopes, or without any named all of them."""
    issued = server.administer(
        tokens.issue, kind="read", name="reader", project=project, now_ms=server.clock.now_ms(), scopes=scopes or None
    )
    return issued.secret
