"""Hot routes: plain ASGI applications that decode, call and encode, in the dialect of their contract."""

import logging
import secrets
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from starlette.types import Receive, Scope, Send

from logserver.api.exchange import Disconnected, Exchange
from logserver.api.faults import REFUSALS, headers_of

logger = logging.getLogger("logserver.api")


class Reply(NamedTuple):
    """A status and the value its JSON body is made of."""

    status: int
    payload: Any


class Hot:
    """Runs one handler. Refusals are spoken by ``refuse``; whatever else goes wrong is a 500 with a request id.

    ``refused(exchange, fault, status)`` is told of every refusal.
    """

    def __init__(
        self,
        handle: Callable[[Exchange], Awaitable[Reply]],
        *,
        refuse: Callable[[Exception], Reply],
        refused: Callable[[Exchange, Exception, int], None],
    ) -> None:
        self._handle = handle
        self._refuse = refuse
        self._refused = refused

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        exchange = Exchange(scope, receive, send)
        headers = None
        try:
            status, payload = await self._handle(exchange)
        except REFUSALS as fault:
            status, payload = self._refuse(fault)
            headers = headers_of(fault)
            self._refused(exchange, fault, status)
        except Disconnected:
            return
        except Exception as error:
            request_id = f"req_{secrets.token_hex(8)}"
            logger.exception("request %s failed", request_id)
            status, payload = self._refuse(error)
            headers = [(b"x-request-id", request_id.encode())]
        await exchange.answer(status, payload, headers)
