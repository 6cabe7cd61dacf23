"""One structured line a request: what was asked, the answer, how long it took. Never a secret, never a query."""

import logging
from collections.abc import Callable

import msgspec
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from logserver.api.request import Request, place

logger = logging.getLogger("logserver.access")

_SECRET_CHARACTERS = 20


class AccessLog:
    """Wraps an application; ``address(client, forwarded)`` is the sender's, ``json`` the form of the line."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        address: Callable[[tuple[str, int] | None, bytes], str],
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
            forwarded = b",".join(value for name, value in scope["headers"] if name == b"x-forwarded-for")
            address = self._address(scope.get("client"), forwarded)
            self._write(address, scope["method"], _without_secrets(scope), status, self._monotonic() - begun, sent)

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


def _without_secrets(scope: Scope) -> str:
    """The path of a request; a token that stands in it, as that of a stream, by its name only.

    Where no route took it, nobody has said what its parts are: whatever is long enough to be a secret is left out.
    """
    path: str = scope["path"]
    if "endpoint" not in scope:
        return "/".join(["{...}" if len(part) >= _SECRET_CHARACTERS else part for part in path.split("/")])
    params = scope.get("path_params", {})
    return place(path, {"token": params["token"]}) if "token" in params else path
