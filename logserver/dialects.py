"""Which contract answers where no route does: the one whose prefix the request came nearest to."""

from collections.abc import Callable, Sequence

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request as HTTPRequest
from starlette.responses import Response
from starlette.routing import Match, Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from logserver.api.faults import MethodNotAllowed
from logserver.api.handler import Reply
from logserver.api.request import Request
from logserver.contracts.logfleet import refusals as logfleet_refusals
from logserver.contracts.logfleet import routes as logfleet
from logserver.contracts.logister import refusals as logister_refusals
from logserver.contracts.logister import routes as logister
from logserver.contracts.logister.reads import refusals as reads_refusals
from logserver.contracts.logister.reads import routes as reads
from logserver.contracts.logstitch import refusals as logstitch_refusals
from logserver.contracts.logstitch import routes as logstitch
from logserver.contracts.luminalog import refusals as luminalog_refusals
from logserver.contracts.luminalog import routes as luminalog
from logserver.core.faults import NotFound

_Refuse = Callable[[Exception, str], Reply]

_DIALECTS: list[tuple[tuple[str, ...], _Refuse, bool]] = [
    (logister.PREFIXES, logister_refusals.refuse, False),
    ((reads.PREFIX,), reads_refusals.refuse, False),
    (logfleet.PREFIXES, logfleet_refusals.refuse, False),
    (logstitch.PREFIXES, logstitch_refusals.refuse, True),
    ((luminalog.PREFIX,), luminalog_refusals.refuse, False),
]
"""Prefixes, how the contract refuses, and whether its answers carry the id of their request."""


class Unmatched:
    """What is answered for a path or method that no route has; ``page`` is what a browser is shown."""

    def __init__(self, page: ASGIApp) -> None:
        self._page = page

    async def __call__(self, request: HTTPRequest, error: Exception) -> Response:
        """The answer to an HTTPException of the router."""
        assert isinstance(error, HTTPException)  # noqa: S101 - it is registered for no other
        if error.status_code == 404 and _is_of_pages(request):
            return _Page(self._page)
        refuse, stamped = _nearest(request.url.path)
        request_id = Request.of(request.scope).id
        fault = MethodNotAllowed(error.detail) if error.status_code == 405 else NotFound(error.detail)
        payload = refuse(fault, request_id).payload
        headers = dict(error.headers or {})
        if error.status_code == 405:
            headers["Allow"] = ", ".join(_methods(request))
        if stamped:
            headers["X-Request-Id"] = request_id
        return Response(msgspec.json.encode(payload), error.status_code, headers=headers, media_type="application/json")


class _Page(Response):
    """A page in place of an answer."""

    def __init__(self, page: ASGIApp) -> None:
        super().__init__(status_code=404)
        self._page = page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._page(scope, receive, send)


def _is_of_pages(request: HTTPRequest) -> bool:
    """Whether a browser asks for a page, and no program for one of the contracts' paths."""
    of_contract = request.url.path.startswith(("/api/", "/v1/"))
    return not of_contract and request.method == "GET" and "text/html" in request.headers.get("accept", "")


async def route_socket(routes: Sequence[WebSocketRoute], scope: Scope, receive: Receive, send: Send) -> None:
    """Serve a WebSocket by the route of its path; without one, refuse its handshake."""
    for route in routes:
        match, found = route.matches(scope)
        if match is Match.FULL:
            scope.update(found)
            await route.handle(scope, receive, send)
            return
    await receive()
    refuse, _ = _nearest(scope["path"])
    body = msgspec.json.encode(refuse(NotFound("Not Found"), Request.of(scope).id).payload)
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "websocket.http.response.start", "status": 404, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": body})


def _methods(request: HTTPRequest) -> list[str]:
    """The methods that the path of a request has: the router names those of one route only."""
    routes = [route for route in request.app.routes if isinstance(route, Route)]
    path = next((route.path for route in routes if route.matches(request.scope)[0] is not Match.NONE), None)
    return sorted({method for route in routes if route.path == path for method in route.methods or ()})


def _nearest(path: str) -> tuple[_Refuse, bool]:
    for prefixes, refuse, stamped in _DIALECTS:
        if path.startswith(prefixes):
            return refuse, stamped
    return _DIALECTS[0][1:]
