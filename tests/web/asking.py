"""Asks the pages of a server in this process one by one, also those whose answer has no end (live streams)."""

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from httpx2 import Response

from tests.serving import Server
from tests.web.browsing import Visitor

PATIENCE = 10
"""Seconds that a stream has to notice that its reader has gone."""


class Asker(Visitor):
    """A visitor that has what it needs of a stream once the stream has begun; ``answers`` are all it got."""

    def __init__(self, server: Server) -> None:
        super().__init__(server)
        self.answers: list[tuple[str, Response]] = []

    @classmethod
    def like(cls, visitor: Visitor) -> "Asker":
        """One with the cookies of another."""
        made = cls(visitor.server)
        made.cookies, made.form_token = dict(visitor.cookies), visitor.form_token
        return made

    def _sent(self, method: str, path: str, content: str | None, headers: Mapping[str, str]) -> Response:
        answer = self.server.run(_exchange, self.server.app, method, path, (content or "").encode(), headers)
        self.answers.append((f"{method} {path}", answer))
        return answer


async def _exchange(app: Any, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Response:
    place, _, query = path.partition("?")
    messages: list[Any] = [{"type": "http.request", "body": body, "more_body": False}]
    enough = asyncio.Event()
    started: dict[str, Any] = {}
    parts: list[bytes] = []

    async def receive() -> Any:
        if messages:
            return messages.pop()
        await enough.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            started.update(message)
            if any(value.startswith(b"text/event-stream") for _, value in message["headers"]):
                enough.set()
            return
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            enough.set()

    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": place,
        "raw_path": quote(place).encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [
            (b"host", b"testserver"),
            (b"content-length", b"%d" % len(body)),
            *((name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()),
        ],
        "client": ("testclient", 50_000),
        "server": ("testserver", 80),
    }
    async with asyncio.timeout(PATIENCE):
        await app(scope, receive, send)
    return Response(started["status"], headers=started["headers"], content=b"".join(parts))
