"""Requests to the LogStitch contract, and what is sent with them."""

from typing import Any
from urllib.parse import urlencode

from httpx2 import Response

from tests.serving import Server

EVENTS = "/api/v1/events"
KEYS = "/api/v1/keys"
VIEWER_TOKENS = "/api/v1/viewer-tokens"


def event(**fields: Any) -> dict[str, Any]:
    usual = {
        "action": "user.signed_in",
        "category": "auth",
        "actor": {"id": "u1", "type": "user", "name": "Ann"},
        "tenant_id": "acme",
    }
    return usual | fields


def ask(server: Server, method: str, path: str, token: str | None, body: Any = None, **query: Any) -> Response:
    """One request with a JSON body, if it has one."""
    asked = f"{path}?{urlencode(query)}" if query else path
    headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
    return server.client.request(method, asked, headers=headers, json=body)


def made_key(server: Server, master: str, **fields: Any) -> dict[str, Any]:
    """A key made by the API."""
    answer = ask(server, "POST", KEYS, master, {"name": "backend", **fields})
    assert answer.status_code == 201, answer.json()
    made: dict[str, Any] = answer.json()
    return made


def minted(server: Server, key: str, **fields: Any) -> str:
    """A viewer token of tenant acme, if nothing else is said."""
    answer = ask(server, "POST", VIEWER_TOKENS, key, {"tenant_id": "acme", **fields})
    assert answer.status_code == 201, answer.json()
    return str(answer.json()["token"])


def problems(answer: Response) -> list[str]:
    """The fields that an answer finds wrong."""
    assert answer.status_code == 422, answer.json()
    return [detail["field"] for detail in answer.json()["error"]["details"]]
