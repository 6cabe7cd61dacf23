"""One structured line a request: what was asked, the answer, how long it took. Never a secret, never a query."""

import logging
from collections.abc import Callable

import msgspec
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from logserver.api.lane import STATUS

logger = logging.getLogger("logserver.access")


class AccessLog:
    """Wraps an application; ``address(scope)`` is the sender's, ``json`` the form of the line."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        address: Callable[[Scope], str],
        monotonic: Callable[[], float],
        json: bool,
    ) -> None:
        self._app = app
        self._address = address
        self._monotonic = monotonic
        self._json = json

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request and log it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = self._monotonic()
        status = 0
        sent = 0

        async def watched(message: Message) -> None:
            nonlocal status, sent
            if message["type"] == "http.response.start":
                status = message["status"]
            else:
                sent += len(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, receive, watched)
        finally:
            took = (self._monotonic() - begun) * 1000
            self._log(scope, scope.get(STATUS, status), sent, took)

    def _log(self, scope: Scope, status: int, sent: int, took: float) -> None:
        address = self._address(scope)
        if self._json:
            line = {
                "method": scope["method"],
                "path": scope["path"],
                "status": status,
                "ms": round(took, 2),
                "bytes": sent,
                "address": address,
            }
            logger.info("%s", msgspec.json.encode(line).decode())
        else:
            path = scope["path"].encode("unicode_escape").decode()
            logger.info("%s %s %s %d %.1fms %dB", address, scope["method"], path, status, took, sent)
