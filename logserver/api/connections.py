"""An open WebSocket: what it hears and what it tells, side by side, until one of the two ends it."""

import asyncio
from collections.abc import Awaitable, Callable

from starlette.types import Receive, Send

from logserver.api.request import Request
from logserver.core.tokens import Credential

GOING_AWAY = 1001
UNREADABLE = 1007
POLICY = 1008
INTERNAL = 1011
_CUT_SECONDS = 5.0


class Unfit(Exception):
    """What the peer has sent ends the connection, with this code."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class Connection:
    """One WebSocket, from the acceptance on; ``woken`` whenever there may be something to tell."""

    def __init__(self, request: Request, receive: Receive, send: Send) -> None:
        self.request = request
        self._receive = receive
        self._send = send
        self._woken = asyncio.Event()
        self._woken.set()
        self._task = asyncio.current_task()
        self._cut: asyncio.TimerHandle | None = None
        self._gone = False
        self._over: tuple[int, str] | None = None

    @property
    def credential(self) -> Credential | None:
        """Who is there."""
        return self.request.credential

    def wake(self) -> None:
        """Let it look whether there is something to tell."""
        self._woken.set()

    def end(self, code: int, reason: str) -> None:
        """Let it end, with a close code of the server's choice, whatever there is left to tell."""
        if self._over is None:
            self._over = (code, reason)
            self.wake()
            self.cut()

    def cut(self) -> None:
        """Let it end within seconds, also where the peer does not read."""
        if self._cut is None and self._task is not None:
            self._cut = asyncio.get_running_loop().call_later(_CUT_SECONDS, self._task.cancel)

    async def accept(self) -> None:
        """Open it."""
        await self._send({"type": "websocket.accept"})

    async def send(self, text: str) -> None:
        """Send a message; to a peer that has gone, nothing."""
        if self._gone:
            return
        try:
            await self._send({"type": "websocket.send", "text": text})
        except OSError:
            self._gone = True

    async def close(self, code: int, reason: str = "") -> None:
        """Close it."""
        if self._gone:
            return
        self._gone = True
        try:
            await self._send({"type": "websocket.close", "code": code, "reason": reason})
        except OSError:
            return

    async def converse(
        self, tell: Callable[[], Awaitable[bool]], hear: Callable[[str | bytes], Awaitable[None]]
    ) -> None:
        """Hear every message, and ``tell`` whenever woken until it says that all is told, or either side ends it.

        ``hear`` may raise Unfit; what else it raises is raised here. A connection that was not closed by ``tell`` is
        closed.
        """
        listening = asyncio.create_task(self._listen(hear))
        try:
            while not self._gone and self._over is None and not listening.done():
                self._woken.clear()
                if await tell():
                    return
                await self._woken.wait()
            if listening.done():
                listening.result()
            if self._over is not None:
                await self.close(*self._over)
        finally:
            listening.cancel()
            await asyncio.wait([listening])
            if self._cut is not None:
                self._cut.cancel()

    async def _listen(self, hear: Callable[[str | bytes], Awaitable[None]]) -> None:
        try:
            while True:
                message = await self._receive()
                if message["type"] != "websocket.receive":
                    self._gone = True
                    break
                text = message.get("text")
                await hear(text if text is not None else message.get("bytes") or b"")
        except Unfit as unfit:
            self._over = (unfit.code, str(unfit))
        finally:
            self.wake()
