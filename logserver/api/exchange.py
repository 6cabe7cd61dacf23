"""One HTTP exchange of a hot route: its headers looked at once, its body read within bounds, one answer."""

import asyncio
import zlib
from typing import Any

import msgspec
from starlette.types import Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from logserver.api.lane import CYCLE, respond, whole_body
from logserver.core.faults import Malformed, TooLarge, TooSlow
from logserver.core.limits import Standing
from logserver.core.tokens import Credential

_encode = msgspec.json.Encoder().encode
_JSON = (b"content-type", b"application/json")
_CHUNK = 65_536


class Disconnected(Exception):
    """The client went away before its request was complete; there is nobody to answer."""


class Exchange:
    """A request as its handler needs it, and the way back. Header names are lower case, as in ASGI."""

    __slots__ = ("_cycle", "_receive", "_send", "credential", "headers", "raw", "scope", "standing")

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope = scope
        self.headers: dict[bytes, bytes] = dict(scope["headers"])
        self.standing: Standing | None = None
        """Where the sender stands in its window, for the headers of the answer."""
        self.credential: Credential | None = None
        """Who is asking, once that is known."""
        self.raw = b""
        """The body as it was sent, once it was read."""
        self._cycle: RequestResponseCycle | None = scope.get(CYCLE)
        self._receive = receive
        self._send = send

    def secret(self) -> bytes | None:
        """The credential of ``Authorization: Bearer`` or, without one, of ``X-Api-Key``."""
        authorization = self.headers.get(b"authorization")
        if authorization is not None:
            scheme, _, value = authorization.partition(b" ")
            if scheme.lower() == b"bearer" and (value := value.strip()):
                return value
        return self.headers.get(b"x-api-key", b"").strip() or None

    async def body(self, *, limit: int, seconds: float, code: str = "body_bytes") -> bytes:
        """The whole body.

        Raises TooLarge (``code``) as soon as it is known to exceed ``limit`` bytes, TooSlow when it is not there
        within ``seconds``, and Disconnected.
        """
        length = self.headers.get(b"content-length")
        if length is not None and length.isdigit() and int(length) > limit:
            raise _too_large(code, limit, int(length))
        if self._cycle is not None:
            arrived = whole_body(self._cycle)
            if arrived is not None:
                if len(arrived) > limit:
                    raise _too_large(code, limit, len(arrived))
                self.raw = arrived
                return arrived
        message = await self._part(seconds)
        if not message.get("more_body", False):
            whole: bytes = message.get("body", b"")
            if len(whole) > limit:
                raise _too_large(code, limit, len(whole))
            self.raw = whole
            return whole
        parts = bytearray(message.get("body", b""))
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while message.get("more_body", False):
            if len(parts) > limit:
                raise _too_large(code, limit, len(parts))
            message = await self._part(end - loop.time())
            parts += message.get("body", b"")
        if len(parts) > limit:
            raise _too_large(code, limit, len(parts))
        self.raw = bytes(parts)
        return self.raw

    async def _part(self, seconds: float) -> Message:
        try:
            async with asyncio.timeout(seconds):
                message = await self._receive()
        except TimeoutError:
            raise TooSlow(f"the body did not arrive within {seconds:.0f} seconds") from None
        if message["type"] == "http.disconnect":
            raise Disconnected
        return message

    async def answer(self, status: int, payload: Any, headers: list[tuple[bytes, bytes]] | None = None) -> None:
        """Send a JSON answer with the rate-limit headers of the sender's window."""
        body = _encode(payload)
        head = [_JSON, (b"content-length", b"%d" % len(body))]
        standing = self.standing
        if standing is not None:
            head += (
                (b"x-ratelimit-limit", b"%d" % standing.limit),
                (b"x-ratelimit-remaining", b"%d" % standing.remaining),
                (b"x-ratelimit-reset", b"%d" % standing.reset_at),
            )
        if headers:
            head += headers
        if self._cycle is not None and respond(self.scope, self._cycle, status, head, body):
            return
        await self._send({"type": "http.response.start", "status": status, "headers": head})
        await self._send({"type": "http.response.body", "body": body})


def unpacked(body: bytes, *, limit: int, code: str = "decompressed_bytes") -> bytes:
    """A gzip body unpacked, never further than ``limit`` bytes.

    Raises TooLarge (``code``) at the limit, Malformed (``invalid_gzip``) for what is no complete gzip data.
    """
    parts: list[bytes] = []
    total = 0
    rest = body
    try:
        while rest:
            stream = zlib.decompressobj(wbits=31)
            while rest and not stream.eof:
                part = stream.decompress(rest, limit + 1 - total)
                total += len(part)
                if total > limit:
                    raise _too_large(code, limit, total)
                parts.append(part)
                rest = stream.unconsumed_tail
            if not stream.eof:
                raise Malformed("the body is not complete gzip data", "invalid_gzip")
            rest = stream.unused_data
    except zlib.error:
        raise Malformed("the body is not gzip data", "invalid_gzip") from None
    if not body:
        raise Malformed("the body is not gzip data", "invalid_gzip")
    return b"".join(parts)


def _too_large(code: str, limit: int, actual: int) -> TooLarge:
    return TooLarge(f"the body exceeds {limit} bytes", code=code, limit=limit, actual=actual)
