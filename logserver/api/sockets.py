"""WebSockets: whom they let in, refusals before the handshake as HTTP in the dialect, and the end of a credential."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from starlette.routing import WebSocketRoute
from starlette.types import Receive, Scope, Send

from logserver.api.connections import GOING_AWAY, INTERNAL, Connection
from logserver.api.handler import Door, Terms
from logserver.api.request import Request
from logserver.api.rules import Rules
from logserver.core.credentials import Credentials
from logserver.store.traces import trace

logger = logging.getLogger("logserver.api")

CREDENTIAL_ENDED = 4401
"""Close code of a connection whose credential was good when it was opened, and is not any more."""

Talk = Callable[[Connection], Awaitable[None]]


class OpenSockets:
    """All connections that are open; each ends with its credential."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials
        self._open: set[Connection] = set()
        self._empty = asyncio.Event()
        self._empty.set()
        self._checked = -1

    def __len__(self) -> int:
        return len(self._open)

    @contextmanager
    def holding(self, connection: Connection) -> Iterator[None]:
        """Count a connection as open."""
        self._open.add(connection)
        self._empty.clear()
        try:
            yield
        finally:
            self._open.discard(connection)
            if not self._open:
                self._empty.set()

    async def review(self, now_ms: int) -> bool:
        """End the connections of credentials that have expired, or were taken back since the last time."""
        generation = self._credentials.generation
        changed, self._checked = generation != self._checked, generation
        valid: dict[bytes, bool] = {}
        for connection in list(self._open):
            secret, credential = connection.request.secret(), connection.credential
            if secret is None or credential is None:
                continue
            expired = credential.expires_at is not None and credential.expires_at <= now_ms
            if changed and not expired and secret not in valid:
                valid[secret] = await self._credentials.find(secret) is not None
            if expired or not valid.get(secret, True):
                connection.end(CREDENTIAL_ENDED, "the credential has ended")
        return False

    async def ended(self, seconds: float) -> None:
        """Wait until no connection is open, but only so long."""
        try:
            await asyncio.wait_for(self._empty.wait(), seconds)
        except TimeoutError:
            return


class Socket(Door):
    """One WebSocket as an ASGI application.

    ``open(request)`` says what is talked there; what it raises refuses the handshake. With ``token_in_query`` the
    credential may stand in the query as ``token``, because browsers can set no header here.
    """

    def __init__(
        self,
        open_: Callable[[Request], Awaitable[Talk]],
        rules: Rules,
        terms: Terms,
        sockets: OpenSockets,
        *,
        token_in_query: bool = False,
    ) -> None:
        super().__init__(rules, terms)
        self._open = open_
        self._sockets = sockets
        self._token_in_query = token_in_query

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        await receive()
        request = Request.of(scope)
        try:
            if self._token_in_query and request.secret() is None and (token := request.query().get("token")):
                request.headers[b"authorization"] = b"Bearer " + token.encode("utf-8", "replace")
            await self._gate.admit(request, self._rules.kinds, forbids=self._rules.forbids)
            self._permit(request)
            talk = await self._open(request)
        except Exception as error:  # noqa: BLE001 - every failure is answered, and those that are ours are logged
            await self._refuse(request, error, send)
            return
        connection = Connection(request, receive, send)
        with self._sockets.holding(connection):
            await self._talk(connection, talk)

    async def _talk(self, connection: Connection, talk: Talk) -> None:
        try:
            await connection.accept()
            await talk(connection)
        except OSError:
            return  # the peer went away
        except asyncio.CancelledError:
            # The server stops, or the peer reads nothing of what is left for it.
            await _at_once(connection.close(GOING_AWAY))
        except Exception as error:  # noqa: BLE001 - logged, without its words
            logger.error("the WebSocket of request %s failed\n%s", connection.request.id, trace(error))  # noqa: TRY400 - its words stay out
            await connection.close(INTERNAL)

    async def _refuse(self, request: Request, error: Exception, send: Send) -> None:
        answer = self._fail(request, error)
        try:
            await send(
                {"type": "websocket.http.response.start", "status": answer.status, "headers": answer.head()},
            )
            await send({"type": "websocket.http.response.body", "body": answer.body})
        except OSError:
            return


async def _at_once(closing: Awaitable[None]) -> None:
    try:
        await asyncio.wait_for(closing, 0.1)
    except TimeoutError:
        return


class SocketRoute(NamedTuple):
    """The one place where a WebSocket's path is written."""

    path: str
    name: str
    handler: Socket

    def route(self) -> WebSocketRoute:
        """The Starlette route that serves it."""
        return WebSocketRoute(self.path, self.handler, name=self.name)

    def public_path(self) -> str:
        """The path as it is logged."""
        return self.path
