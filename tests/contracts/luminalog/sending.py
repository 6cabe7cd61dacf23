"""The door of the contract, and what is sent through it."""

from collections.abc import Mapping
from typing import Any

import msgspec
from httpx2 import Response

from tests.serving import Sender, Server

PATH = "/v1/logs"
AT = "2026-09-21T14:00:00.000Z"
AT_US = 1_789_999_200_000_000
KB = 1_024


def entry(**fields: Any) -> dict[str, Any]:
    """An entry with nothing but what it must have, and these fields; ``...`` leaves one out."""
    usual = {"timestamp": AT, "level": "info", "message": "hello"}
    return {name: value for name, value in (usual | fields).items() if value is not ...}


def raw(*entries: Any, **beside: Any) -> bytes:
    """A body of entries; what stands beside them comes first."""
    return msgspec.json.encode({**beside, "logs": list(entries)})


def send(
    server: Server, body: bytes, key: str | None = None, headers: Mapping[str, str | bytes] | None = None
) -> Response:
    """POST a body, with a key in the header that the product says."""
    sent: dict[str, Any] = {"Content-Type": "application/json", **(headers or {})}
    if key is not None:
        sent["x-api-key"] = key
    return server.client.post(PATH, content=body, headers=sent)


def stored(server: Server, sender: Sender, *entries: Any) -> list[Any]:
    """What is stored of entries that are good."""
    answer = send(server, raw(*entries), sender.token)
    assert (answer.status_code, answer.json()["processed"]) == (200, len(entries)), answer.text
    return server.events(sender.project)


def refused(server: Server, sender: Sender, body: bytes) -> dict[str, Any]:
    """The refusal of a body of which nothing may be stored."""
    answer = send(server, body, sender.token)
    assert answer.status_code == 400, answer.text
    assert server.events(sender.project) == []
    refusal: dict[str, Any] = answer.json()
    assert (refusal["error"], refusal["processed"]) == ("validation_error", 0)
    return refusal
