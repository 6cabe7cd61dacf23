"""The short way of a small request of a known sender: no ASGI cycle, no task, the answer in one write.

For an event of half a kilobyte, the scope, task, coroutines and two-part answer of ASGI cost as much as storing
it. A hot route's request that has arrived whole is handed to it directly; whatever is unusual about a request (its
body comes in pieces, its sender is not known yet, it is piped behind another) takes the ordinary way.
"""

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from http import HTTPStatus
from typing import Any

from logserver.api.everywhere import Everywhere, lines
from logserver.api.handler import Answer
from logserver.api.hot import Hot
from logserver.api.offers import OfferProtocol
from logserver.api.request import Request

MAX_HEAD_BYTES = 65_536
"""How long the request line and the headers of a request may be together."""

_STATUS_LINES = {status.value: b"HTTP/1.1 %d %s\r\n" % (status, status.phrase.encode()) for status in HTTPStatus}


class Lane:
    """The hot routes of an application by the bytes of their path, and who logs what they answer."""

    def __init__(
        self,
        routes: Mapping[bytes, Hot],
        *,
        head_seconds: float = 30.0,
        logged: Callable[[Request, int, float, int], None] | None = None,
        everywhere: Everywhere | None = None,
    ) -> None:
        self.routes = routes
        self.everywhere = everywhere or Everywhere()
        self.head_seconds = head_seconds
        """How long the head of a request may take, from the connection or from its first byte."""
        self.logged = logged
        self.connections: set[Any] = set()
        """The connections that are open, WebSockets too, once there was one."""


class _Nothing:
    """Stands where a cycle has an event somebody waits for."""

    @staticmethod
    def set() -> None:
        """Nobody waits."""


class _Turn:
    """A request of the lane, with what the protocol expects of a cycle."""

    __slots__ = ("began", "disconnected", "keep_alive", "request", "response_complete")
    message_event = _Nothing
    more_body = False

    def __init__(self, request: Request, began: float, *, keep_alive: bool) -> None:
        self.request = request
        self.began = began
        self.keep_alive = keep_alive
        self.disconnected = False
        self.response_complete = False


class LaneProtocol(OfferProtocol):
    """uvicorn's httptools protocol with a lane beside it, where the application has one (attribute ``lane``)."""

    _hot: Hot | None = None
    _body: bytes | None = None
    _head_bytes = 0
    _head_timer: asyncio.TimerHandle | None = None
    _idle_since = 0.0

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._lane: Lane = getattr(self.app, "lane", None) or Lane({})
        self._lane.connections = self.connections

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as in its base
        """Begin a connection; the head of its first request is waited for only so long."""
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """End a connection."""
        self._head_arrived()
        super().connection_lost(exc)
        if self.timeout_keep_alive_task is not None:
            self.timeout_keep_alive_task.cancel()
            self.timeout_keep_alive_task = None

    def eof_received(self) -> bool:  # type: ignore[override] # a transport keeps open for what is true
        """The client sends no more; what it has sent whole is still answered, and nothing else is waited for."""
        owed = self.cycle is not None and not self.cycle.response_complete and not self.pipeline
        if owed and self.cycle.more_body:
            return False
        if owed:
            self.cycle.keep_alive = False
        return owed and self.scheme != "https"  # TLS closes both ways at once

    def data_received(self, data: bytes) -> None:
        """Take in what has arrived; a request that has not arrived whole leaves the lane."""
        if self._head_bytes:
            # The parser holds back a part it has not seen the end of, so what arrives is counted, not what it tells.
            self._head_bytes += len(data)
        super().data_received(data)
        if self._hot is not None:
            self._leave()
        elif self._head_bytes > MAX_HEAD_BYTES and not self.transport.is_closing():
            self.send_400_response("The head of the request is too large.")
        elif self._head_bytes == 1 and self._head_timer is None:
            self._head_bytes = len(data)
            self._await_head()

    def _await_head(self) -> None:
        self._head_timer = self.loop.call_later(self._lane.head_seconds, self._head_overdue)

    def _head_arrived(self) -> None:
        self._head_bytes = 0
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _head_overdue(self) -> None:
        self._head_timer = None
        if not self.transport.is_closing():
            self.transport.close()

    def on_message_begin(self) -> None:
        """Begin a request; its scope is made only where it is needed."""
        self.url = b""
        self.expect_100_continue = False
        self.headers = []
        self._hot = None
        self._head_bytes = 1

    def on_headers_complete(self) -> None:
        """Choose the way of a request."""
        if self.declines():
            return
        self._head_arrived()
        busy = self.cycle is not None and not self.cycle.response_complete
        if not busy and not self.expect_100_continue and self.parser.get_method() == b"POST":
            self._hot = self._lane.routes.get(self.url)
            self._body = None
        if self._hot is None:
            self._begin_cycle()

    def _begin_cycle(self) -> None:
        url, headers, expects = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.headers, self.expect_100_continue = url, headers, expects
        self.scope["headers"] = headers
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take in a part of a body."""
        if self._hot is None:
            super().on_body(body)
        else:
            self._body = body if self._body is None else self._body + body

    def on_message_complete(self) -> None:
        """Hand over a request that has arrived whole."""
        if self.declines():
            return
        hot = self._hot
        if hot is None:
            super().on_message_complete()
            return
        secure = self.scheme == "https"
        request = Request(self.url.decode("ascii"), self.headers, self.client, secure=secure)
        request.raw = self._body or b""
        keep_alive = self.parser.get_http_version() != "1.0" and self.parser.should_keep_alive()
        turn = _Turn(request, self.loop.time(), keep_alive=keep_alive)
        cycle, self.cycle = self.cycle, turn  # type: ignore[assignment] # all that is used of a cycle
        if hot.take(request, partial(self._answer, turn)):
            self._hot = self._body = None
        else:
            self.cycle = cycle
            self._leave()
            super().on_message_complete()

    def _leave(self) -> None:
        """Go on with the ordinary way, from what has arrived so far."""
        body, self._hot, self._body = self._body, None, None
        self._begin_cycle()
        if body:
            super().on_body(body)

    def handle_websocket_upgrade(self) -> None:
        """Let a WebSocket have the connection; the timers of this protocol are not its own."""
        self._head_arrived()
        if self.timeout_keep_alive_task is not None:
            self.timeout_keep_alive_task.cancel()
            self.timeout_keep_alive_task = None
        super().handle_websocket_upgrade()

    def _unset_keepalive_if_required(self) -> None:
        """Nothing: the one timer of a connection looks, when it rings, whether there was a request meanwhile."""

    def on_response_complete(self) -> None:
        """Go on to what is piped behind, or wait for the next request, but not for ever."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            cycle, app = self.pipeline.pop()
            self._start_asgi_task(cycle, app)
            return
        self._idle_since = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self._wait(self.timeout_keep_alive)

    def _wait(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(seconds, self.timeout_keep_alive_handler)

    def timeout_keep_alive_handler(self) -> None:
        """Close a connection that has been idle for as long as it may; look again later otherwise."""
        self.timeout_keep_alive_task = None
        if self.transport.is_closing() or (self.cycle is not None and not self.cycle.response_complete):
            return
        left = self._idle_since + self.timeout_keep_alive - self.loop.time()
        if left > 0 or self._head_bytes:
            self._wait(max(left, 1.0))
        else:
            self.transport.close()

    def _answer(self, turn: _Turn, answer: Answer) -> None:
        if turn.disconnected:
            return
        headers = answer.headers
        if (b"connection", b"close") in headers:
            turn.keep_alive = False
        elif not turn.keep_alive:
            headers.append((b"connection", b"close"))
        head = lines((*self.server_state.default_headers, *answer.head())) + self._lane.everywhere.lines
        self.transport.write(b"%b%b\r\n%b" % (_STATUS_LINES[answer.status], head, answer.body))
        turn.response_complete = True
        if self._lane.logged is not None:
            self._lane.logged(turn.request, answer.status, self.loop.time() - turn.began, len(answer.body))
        if not turn.keep_alive:
            self.transport.close()
        self.on_response_complete()
