"""Sends the requests of a Postman collection to a server, as its own program would."""

import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

from starlette.testclient import TestClient


def requests_of(collection: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for folder in collection["item"]:
        for item in folder["item"]:
            yield f"{folder['name']}: {item['name']}", item


def script_of(item: dict[str, Any]) -> str:
    return "\n".join(item["event"][0]["script"]["exec"])


def send(client: TestClient, item: dict[str, Any], token: str) -> tuple[int, int, Any]:
    """The status an item expects, the status it got, and the body of the answer."""
    request = item["request"]
    url = request["url"]
    values = {pair["key"]: pair["value"] for pair in url["variable"]}
    path = "/".join(values.get(part[1:], part) if part.startswith(":") else part for part in url["path"])
    headers = {pair["key"]: pair["value"] for pair in request["header"] if not pair.get("disabled")}
    if "auth" not in request:
        headers["Authorization"] = f"Bearer {token}"
    query = {pair["key"]: pair["value"] for pair in url["query"] if not pair.get("disabled")}
    raw = request.get("body", {}).get("raw", "")
    body = re.sub(r"\{\{\$guid\}\}", lambda _: str(uuid4()), raw)
    answer = client.request(request["method"], f"/{path}", params=query, headers=headers, content=body)
    wanted = re.search(r"status\((\d+)\)", script_of(item))
    assert wanted
    return int(wanted[1]), answer.status_code, answer.json()
