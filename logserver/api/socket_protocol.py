"""The WebSocket protocol of the server: uvicorn's, held within bounds where a peer does not do its part."""

from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import CloseCode, Frame

from logserver.api.everywhere import STRICT, lines

MAX_MESSAGE_BYTES = 1_048_576
MAX_FRAGMENTS = 1_024
PING_SECONDS = 20.0
PONG_SECONDS = 40.0
"""How long the answer to a ping may take; one who does not read for a while has it waiting behind what he was sent."""
FAREWELL_SECONDS = 5.0
"""How long a peer may take for what it is still to be sent when a connection ends."""

_BAD_REQUEST = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class SocketProtocol(WebSocketsSansIOProtocol):
    """As its base, but what a peer does not read never piles up, and no connection outlives its end."""

    def data_received(self, data: bytes) -> None:
        """Take in what has arrived; what is no handshake is refused, which its base leaves unsaid."""
        super().data_received(data)
        if not self.handshake_initiated and self.conn.handshake_exc is not None and not self.close_sent:
            # Where the library has no answer of its own, these are only ends of file.
            self._refuse(b"".join(self.conn.data_to_send()) or _BAD_REQUEST)

    def handle_parser_exception(self) -> None:
        """End a connection whose bytes are no frames; its base expects them after the handshake only."""
        if self.conn.close_sent is None:
            self._refuse(_BAD_REQUEST)
        else:
            super().handle_parser_exception()

    def _refuse(self, answer: bytes) -> None:
        self.handshake_complete = self.close_sent = True
        self.queue.put_nowait({"type": "websocket.disconnect", "code": 1006})
        status, _, rest = answer.partition(b"\r\n")
        self.transport.write(status + b"\r\n" + lines(STRICT) + rest)
        self.transport.close()

    def handle_cont(self, event: Frame) -> None:
        """Take in a part of a message, which may have only so many."""
        if len(self.frames) < MAX_FRAGMENTS:
            super().handle_cont(event)
        elif not self.close_sent:
            self.frames = []
            self.conn.fail(CloseCode.MESSAGE_TOO_BIG, "too many fragments")
            self.handle_parser_exception()  # which is how its base ends a connection

    def handle_text(self, event: Frame) -> None:
        """Pass a text on as its bytes: who reads it finds out whether they are UTF-8."""
        self.handle_bytes(event)

    def handle_ping(self) -> None:
        """Answer a ping, unless its sender does not read the answers."""
        if self.writable.is_set():
            super().handle_ping()
        else:
            self.conn.data_to_send()

    def keepalive_timeout(self) -> None:
        """Cut off a peer that does not answer; it would not read what is left for it either."""
        super().keepalive_timeout()
        self.transport.abort()

    async def run_asgi(self) -> None:
        """Serve the connection; afterwards its peer has only so long to take what is left."""
        await super().run_asgi()
        if not self.disconnected:
            self.loop.call_later(FAREWELL_SECONDS, self.transport.abort)

    async def send(self, message: Any) -> None:
        """Send, and wait only so long for the answer to a close."""
        await super().send(message)
        if message["type"] == "websocket.http.response.body" and not message.get("more_body"):
            self.handshake_complete = True  # its base takes a refusal for an omission
        elif message["type"] == "websocket.accept":
            # Kilobytes that nobody looks at again, of a connection that may last for weeks.
            del self.request, self.response
        elif message["type"] == "websocket.close" and self.close_timer is not None:
            self.close_timer.cancel()
            self.close_timer = self.loop.call_later(FAREWELL_SECONDS, self.transport.abort)
