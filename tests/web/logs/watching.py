"""Somebody who watches a live tail in this process: the answer is taken as it is sent."""

import asyncio
from typing import Any

from starlette.types import Message

from tests.serving import Server


class Watching:
    """A request for a stream; ``text`` is what has come so far."""

    def __init__(self, server: Server, path: str, query: str, headers: dict[str, str]) -> None:
        self._server = server
        self._scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "method": "GET",
            "path": path,
            "query_string": query.encode(),
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
            "client": ("testclient", 50_000),
        }
        self.status = 0
        self.text = ""
        self._changed = asyncio.Event()
        self._gone = asyncio.Event()
        server.run(self._begin)

    def until(self, text: str) -> str:
        """All that has come, once this has."""
        self._server.run(self._until, text)
        return self.text

    def leave(self) -> None:
        """Go away, and wait until the server has noticed."""
        self._server.run(self._leave)

    def end(self) -> None:
        """Wait until the server has ended it."""
        self._server.run(self._ended)

    async def _begin(self) -> None:
        self._task = asyncio.create_task(self._server.app(self._scope, self._receive, self._send))

    async def _until(self, text: str) -> None:
        while text not in self.text and not self._task.done():
            self._changed.clear()
            await asyncio.wait_for(self._changed.wait(), 30)
        assert text in self.text, self.text

    async def _leave(self) -> None:
        self._gone.set()
        await self._task

    async def _ended(self) -> None:
        await asyncio.wait_for(asyncio.shield(self._task), 30)

    async def _receive(self) -> Message:
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        self.status = message.get("status", self.status)
        self.text += message.get("body", b"").decode()
        self._changed.set()
