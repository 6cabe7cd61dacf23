"""One structured line a request: what was asked, the answer, how long it took. Never a secret, never a query."""

import logging
from collections.abc import Callable, Iterable
from typing import Any, Protocol

import msgspec
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from logserver.api.request import Request

logger = logging.getLogger("logserver.access")


class Declared(Protocol):
    """A route as it is declared."""

    @property
    def handler(self) -> Any:
        """What serves it."""
        ...

    def public_path(self) -> str:
        """Its path with the names of its places."""
        ...


class Paths:
    """What the paths of requests are called in the log: as they are declared, with nothing a sender put into them."""

    def __init__(self, endpoints: Iterable[Declared]) -> None:
        self._declared: dict[Any, str] = {endpoint.handler: endpoint.public_path() for endpoint in endpoints}
        self._beginnings = {""}
        for path in self._declared.values():
            steps = path.partition("{")[0].rstrip("/").split("/")
            self._beginnings.update("/".join(steps[:end]) for end in range(1, len(steps) + 1))

    def of(self, scope: Scope) -> str:
        """``/things/{id}`` of a path that a route has; of another one its known beginning, and ``/...``."""
        endpoint = scope.get("endpoint")
        if endpoint is not None and (declared := self._declared.get(endpoint)) is not None:
            return declared
        if endpoint is not None and not scope.get("root_path") and not scope.get("path_params"):
            return str(scope["path"])
        steps = scope["path"].rstrip("/").split("/")
        for end in range(len(steps), 0, -1):
            if (beginning := "/".join(steps[:end])) in self._beginnings:
                return beginning + "/..." if end < len(steps) else beginning or "/"
        return "/..."


class AccessLog:
    """Wraps an application whose endpoints are these.

    ``address(client, forwarded)`` is the sender's, ``json`` the form of the line.
    """

    def __init__(
        self,
        app: ASGIApp,
        endpoints: Iterable[Declared],
        *,
        address: Callable[[tuple[str, int] | None, bytes], str],
        monotonic: Callable[[], float],
        json: bool,
    ) -> None:
        self._app = app
        self._paths = Paths(endpoints)
        self._address = address
        self._monotonic = monotonic
        self._json = json

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or a WebSocket from its handshake to its end, and log it."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        begun = self._monotonic()
        status = 0
        sent = 0

        async def watched(message: Message) -> None:
            nonlocal status, sent
            kind = message["type"]
            if kind.endswith("http.response.start"):
                status = message["status"]
            elif kind == "websocket.accept":
                status = 101
            else:
                sent += len(message.get("body") or message.get("text") or "")
            await send(message)

        try:
            await self._app(scope, receive, watched)
        finally:
            forwarded = b",".join(value for name, value in scope["headers"] if name == b"x-forwarded-for")
            address = self._address(scope.get("client"), forwarded)
            method = scope.get("method", "GET")
            self._write(address, method, self._paths.of(scope), status, self._monotonic() - begun, sent)

    def answered(self, request: Request, status: int, seconds: float, sent: int) -> None:
        """Log a request that was answered without the application."""
        address = self._address(request.client, request.headers.get(b"x-forwarded-for", b""))
        self._write(address, "POST", request.path, status, seconds, sent)

    def _write(self, address: str, method: str, path: str, status: int, seconds: float, sent: int) -> None:  # noqa: PLR0917 - the columns of the line, in their order
        if self._json:
            line = {
                "method": method,
                "path": path,
                "status": status,
                "ms": round(seconds * 1000, 2),
                "bytes": sent,
                "address": address,
            }
            logger.info("%s", msgspec.json.encode(line).decode())
        else:
            plain = path.encode("unicode_escape").decode()
            logger.info("%s %s %s %d %.1fms %dB", address, method, plain, status, seconds * 1000, sent)
