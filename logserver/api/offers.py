"""Requests that offer another protocol: only WebSockets are taken up; of any other offer nothing is left.

Java's HttpClient offers HTTP/2 (``Upgrade: h2c``) with every request to an address without TLS. A parser takes what
comes after such a head for the other protocol, so the body would be lost: the head is parsed again without the offer.
"""

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from logserver.api.everywhere import Everywhere, lines

_EVERYWHERE = Everywhere()
_OFFERS = frozenset({b"upgrade", b"http2-settings"})


class OfferProtocol(HttpToolsProtocol):
    """uvicorn's httptools protocol, for which a request with an offer it does not take is one without it."""

    def data_received(self, data: bytes) -> None:
        """Take in what has arrived."""
        self._unset_keepalive_if_required()
        rest = memoryview(data)
        try:
            while (taken := self._fed(rest)) is not None:
                if not self.declines():
                    self.handle_websocket_upgrade()
                    return
                rest = rest[taken:]
                head = self._plain_head()
                self.parser = httptools.HttpRequestParser(self)
                self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as its base does
                self.parser.feed_data(head)
        except httptools.HttpParserError:
            message = "Invalid HTTP request received."
            self.logger.warning(message)
            self.send_400_response(message)

    def _fed(self, data: memoryview) -> int | None:
        """Parse what has arrived, up to the end of a head with an offer: how much that was; None without an offer."""
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as offer:
            if self.parser.get_method() == b"CONNECT":
                raise httptools.HttpParserError("a tunnel is no protocol either") from None
            return int(offer.args[0])
        return None

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no request, with the headers that every answer has."""
        body = msg.encode()
        head = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"%d" % len(body))]
        head += [*self.server_state.default_headers, (b"connection", b"close")]
        self.transport.write(b"HTTP/1.1 400 Bad Request\r\n" + lines(_EVERYWHERE.completed(head)) + b"\r\n" + body)
        self.transport.close()

    def declines(self) -> bool:
        """Whether the request whose head has arrived makes an offer that is not taken; it will be told again."""
        return self.parser.should_upgrade() and not self._should_upgrade()

    def _should_upgrade(self) -> bool:
        return super()._should_upgrade() and self.parser.get_method() == b"GET"

    def _plain_head(self) -> bytes:
        """The head of the request as it would have been without its offer."""
        version = self.parser.get_http_version().encode()
        parts = [b"%b %b HTTP/%b\r\n" % (self.parser.get_method(), self.url, version)]
        parts += [b"%b: %b\r\n" % (name, value) for name, value in self.headers if name not in _OFFERS]
        return b"".join([*parts, b"\r\n"])
