"""Requests of every kind to a running server, with all that it answers kept."""

import json
from http.client import HTTPConnection
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from tests.whole.process import PATIENCE, Server

API = "/api/v1"


class Said(NamedTuple):
    status: int
    raw: bytes
    """Head and body."""
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Talk:
    """Asks a server, and keeps every byte of its answers."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.answers: list[tuple[str, bytes]] = []

    def ask(
        self, method: str, path: str, token: str | None = None, body: Any = None, headers: dict[str, str] | None = None
    ) -> Said:
        """One request; a body of bytes goes as it is, any other value as JSON."""
        sent = dict(headers or {})
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        raw = body if isinstance(body, bytes | None) else json.dumps(body, ensure_ascii=False).encode()
        connection = HTTPConnection(self._server.host, self._server.port, timeout=PATIENCE)
        try:
            connection.request(method, path, raw, sent)
            response = connection.getresponse()
            content = response.read()
        finally:
            connection.close()
        said = Said(response.status, str(response.headers).encode() + content, content)
        self.answers.append((f"answer {len(self.answers)} to {method}, {said.status}", said.raw))
        return said

    def post(self, path: str, token: str | None, body: Any, status: int, /, **headers: str) -> Any:
        """The JSON that a POST is answered with, which must have this status."""
        said = self.ask("POST", API + path, token, body, headers)
        assert said.status == status, (path, said)
        return said.json()

    def get(self, path: str, token: str | None, status: int, /, **query: str) -> Any:
        """The same of a GET."""
        said = self.ask("GET", f"{API}{path}?{urlencode(query)}", token)
        assert said.status == status, (path, said)
        return said.json()


def part(text: str) -> str:
    """A text as a part of a path."""
    return quote(text, safe="")
