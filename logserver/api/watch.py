"""Sees every answer of an application: counts it, and has it logged."""

from collections.abc import Callable, Iterable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from logserver.api.access import AccessLog
from logserver.api.inside.traffic import BROKEN_OFF, Traffic
from logserver.api.paths import Declared, Paths
from logserver.api.request import Request


class Watch:
    """Wraps an application whose endpoints are these."""

    def __init__(
        self,
        app: ASGIApp,
        endpoints: Iterable[Declared],
        *,
        monotonic: Callable[[], float],
        traffic: Traffic,
        log: AccessLog | None,
    ) -> None:
        self._app = app
        self._paths = Paths(endpoints)
        self._monotonic = monotonic
        self._traffic = traffic
        self._log = log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or a WebSocket from its handshake to its end.

        An answer is counted when it begins, since one that streams ends when its reader likes; it is logged at its end.
        """
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        begun = self._monotonic()
        status = BROKEN_OFF
        sent = 0

        async def watched(message: Message) -> None:
            nonlocal status, sent
            kind = message["type"]
            if kind.endswith("http.response.start"):
                status = message["status"]
                self._count(scope, status, self._monotonic() - begun)
            elif kind == "websocket.accept":
                status = 101
                self._count(scope, status, None)
            else:
                sent += len(message.get("body") or message.get("text") or "")
            await send(message)

        try:
            await self._app(scope, receive, watched)
        finally:
            if status == BROKEN_OFF:
                self._count(scope, status, None)
            if self._log is not None:
                forwarded = b",".join(value for name, value in scope["headers"] if name == b"x-forwarded-for")
                asked = (scope.get("method", "GET"), self._paths.of(scope))
                sender = (scope.get("client"), forwarded)
                self._log.write(sender, asked, status, seconds=self._monotonic() - begun, sent=sent)

    def answered(self, request: Request, status: int, seconds: float, sent: int) -> None:
        """Take note of a request that was answered without the application."""
        self._traffic.count("POST", request.path, status, seconds)
        if self._log is not None:
            sender = (request.client, request.headers.get(b"x-forwarded-for", b""))
            self._log.write(sender, ("POST", request.path), status, seconds=seconds, sent=sent)

    def _count(self, scope: Scope, status: int, seconds: float | None) -> None:
        self._traffic.count(scope.get("method", "GET"), self._paths.of(scope), status, seconds)
