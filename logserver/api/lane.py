"""The short way through the HTTP server for hot routes: the body as it lies there, the answer in one write.

An ASGI answer is two messages, so two writes to the socket and two passes through checks of what is sent. For a
small JSON answer that is the largest single cost of a request. The protocol here hands the request's cycle to
the application; an Exchange that finds it uses it, and any other application goes the ordinary way.
"""

from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

CYCLE = "logserver.cycle"
"""Where the cycle of a request stands in its scope."""

STATUS = "logserver.status"
"""Where an answer that took the short way leaves its status, for those who log it."""

_STATUS_LINES = {status.value: b"HTTP/1.1 %d %s\r\n" % (status, status.phrase.encode()) for status in HTTPStatus}


class LaneProtocol(HttpToolsProtocol):
    """The httptools protocol of uvicorn, with its cycle in the scope."""

    def on_headers_complete(self) -> None:
        """Begin a request."""
        super().on_headers_complete()
        scope: dict[str, Any] = self.scope  # type: ignore[assignment] # ASGI allows keys of our own beside its own
        scope[CYCLE] = self.cycle


def whole_body(cycle: RequestResponseCycle) -> bytes | None:
    """The body of a request that has arrived completely; None where it must be waited for."""
    if cycle.more_body or cycle.disconnected:
        return None
    body = bytes(cycle.body)
    cycle.body = bytearray()
    return body


def respond(
    scope: Any, cycle: RequestResponseCycle, status: int, headers: list[tuple[bytes, bytes]], body: bytes
) -> bool:
    """Answer in one write; False, with nothing done, where the ordinary way must be taken.

    The headers hold a Content-Length and are made by this program, so they are not checked again.
    """
    if cycle.response_started or cycle.flow.write_paused or cycle.disconnected:
        return False
    if (b"connection", b"close") in headers:
        cycle.keep_alive = False
    elif not cycle.keep_alive:
        headers.append((b"connection", b"close"))
    parts = [_STATUS_LINES[status]]
    for name, value in cycle.default_headers:
        parts += (name, b": ", value, b"\r\n")
    for name, value in headers:
        parts += (name, b": ", value, b"\r\n")
    parts += (b"\r\n", body)
    cycle.response_started = True
    cycle.waiting_for_100_continue = False
    cycle.transport.write(b"".join(parts))
    cycle.response_complete = True
    cycle.message_event.set()
    if not cycle.keep_alive:
        cycle.transport.close()
    cycle.on_response()
    scope[STATUS] = status
    return True
