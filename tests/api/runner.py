"""Sends the requests of a Postman collection to a server, as its own program would."""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple
from uuid import uuid4

from starlette.testclient import TestClient


class Sent(NamedTuple):
    """The status an item expects, the status it got, and the body of the answer."""

    wanted: int
    got: int
    body: Any


def requests_of(collection: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for folder in collection["item"]:
        for item in folder["item"]:
            yield f"{folder['name']}: {item['name']}", item


def script_of(item: dict[str, Any]) -> str:
    return "\n".join(item["event"][0]["script"]["exec"])


def send(client: TestClient, collection: dict[str, Any], item: dict[str, Any], variables: dict[str, str]) -> Sent:
    """Send an item with these variables, among which what it keeps of the answer is put."""

    def filled(text: str) -> str:
        return re.sub(r"\{\{(\w+)\}\}", lambda found: variables[found[1]], text)

    request = item["request"]
    url = request["url"]
    values = {pair["key"]: filled(pair["value"]) for pair in url["variable"]}
    path = "/".join(values.get(part[1:], part) if part.startswith(":") else part for part in url["path"])
    headers = {pair["key"]: pair["value"] for pair in request["header"] if not pair.get("disabled")}
    auth = request.get("auth", collection["auth"])
    if auth["type"] == "bearer":
        headers["Authorization"] = f"Bearer {filled(auth['bearer'][0]['value'])}"
    query = {pair["key"]: filled(pair["value"]) for pair in url["query"] if not pair.get("disabled")}
    raw = request.get("body", {}).get("raw", "")
    body = filled(re.sub(r"\{\{\$guid\}\}", lambda _: str(uuid4()), raw))
    answer = client.request(request["method"], f"/{path}", params=query, headers=headers, content=body)
    wanted = re.search(r"status\((\d+)\)", script_of(item))
    assert wanted
    for name, steps in re.findall(r'Variables\.set\("(\w+)", pm\.response\.json\(\)(.*)\);', script_of(item)):
        value = answer.json()
        for step in re.findall(r'\["(\w+)"\]', steps):
            value = value[int(step) if isinstance(value, list) else step]
        variables[name] = str(value)
    return Sent(int(wanted[1]), answer.status_code, answer.json())
