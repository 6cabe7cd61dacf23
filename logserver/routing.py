"""Where a request goes: to a hot route, a WebSocket, or the router."""

from collections.abc import Mapping, Sequence

from starlette.routing import WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from logserver.api import cors
from logserver.api.hot import Hot
from logserver.contracts.luminalog import routes as luminalog
from logserver.dialects import route_socket


class Routing:
    """The ASGI application that chooses; ``hot`` are the routes that write, by path."""

    def __init__(self, hot: Mapping[str, Hot], sockets: Sequence[WebSocketRoute], router: ASGIApp) -> None:
        self._hot = hot
        self._sockets = sockets
        self._router = router

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or the lifespan."""
        # What is sent thousands of times a second does not wait for the router to look through its list.
        if scope["type"] == "http":
            hot = self._hot.get(scope["path"]) or self._hot.get(_plain_path(scope["path"]))
            if hot is not None:
                scope["endpoint"] = hot  # as the router notes what it has found
            if hot is not None and scope["method"] == "POST":
                scope["endpoint"] = hot
                await hot(scope, receive, send)
                return
            # Clients join addresses with slashes too many; no path of the API begins with two or ends with one.
            stripped = "/" + scope["path"].strip("/")
            if stripped.startswith(("/api/", luminalog.PREFIX)):
                if cors.is_preflight(scope):
                    await cors.allow(send)
                    return
                scope["path"] = stripped
        elif scope["type"] == "websocket":
            scope["path"] = "/" + scope["path"].strip("/")
            await route_socket(self._sockets, scope, receive, send)
            return
        await self._router(scope, receive, send)


def _plain_path(path: str) -> str:
    """A path as it is declared, from one that a client joined with slashes too many or a format behind it."""
    return "/" + path.strip("/").removesuffix(".json")
