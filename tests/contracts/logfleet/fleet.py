"""Requests to the LogFleet contract, and what is sent with them."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from httpx2 import Response

from logserver.core import tokens
from logserver.core.projects import Project
from logserver.store.database import transaction
from tests.serving import Server

REGISTER = "/api/v1/edge/register"
HEARTBEAT = "/api/v1/edge/heartbeat"
AGENTS = "/api/v1/agents"
KEYS = "/api/v1/api-keys"
NOBODY = "00000000-0000-4000-8000-000000000000"


def ask(
    server: Server,
    method: str,
    path: str,
    token: str | None,
    body: Any = None,
    *,
    query: Sequence[tuple[str, Any]] = (),
) -> Response:
    """One request with a JSON body, if it has one."""
    asked = f"{path}?{urlencode(query)}" if query else path
    headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
    return server.client.request(method, asked, headers=headers, json=body)


def told(answer: Response, status: int = 200) -> dict[str, Any]:
    """The JSON of an answer of a status."""
    assert answer.status_code == status, answer.text
    value: dict[str, Any] = answer.json()
    return value


def refused(answer: Response, status: int, error: str) -> str:
    """The message of a refusal."""
    value = told(answer, status)
    assert value["error"] == error
    assert value.keys() <= {"error", "message", "details"}
    return str(value["message"])


def wrong(answer: Response) -> dict[str, str]:
    """What an answer finds wrong, by field."""
    value = told(answer, 400)
    assert (value["error"], value["message"]) == ("validation_error", "Invalid request parameters")
    details: dict[str, str] = value["details"]
    assert details
    return details


def edge_key(server: Server, project: Project, *scopes: str) -> str:
    """A key of a project with these permissions."""
    with transaction(server.folder) as tx:
        issued = tokens.issue(
            tx, kind="edge", name="test", project=project, now_ms=server.clock.now_ms(), scopes=scopes
        )
    return issued.secret


def registered(server: Server, key: str, name: str = "web-1", **fields: Any) -> dict[str, Any]:
    """An agent that was not known before."""
    return told(ask(server, "POST", REGISTER, key, {"name": name, **fields}), 201)


def beats(server: Server, key: str, agent: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """The answer to a heartbeat."""
    return told(ask(server, "POST", f"/api/v1/edge/agents/{agent['id']}/heartbeat", key, fields))


def shown(server: Server, person: str, agent: dict[str, Any]) -> dict[str, Any]:
    return told(ask(server, "GET", f"{AGENTS}/{agent['id']}", person))


def is_uuid4(text: str) -> bool:
    return str(UUID(text)) == text and UUID(text).version == 4
