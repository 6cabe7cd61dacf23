"""A request to a hot route: its headers looked at once, its credential, its body read within bounds."""

import asyncio
import secrets
import zlib
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from starlette.types import Message, Receive, Scope

from logserver.core.faults import Malformed, TooLarge, TooSlow
from logserver.core.limits import Standing
from logserver.core.tokens import Credential
from logserver.store.errors import StoreBusy

_MOST_MEMBERS = 64
"""A gzip body may be several one behind the other; each costs a copy of what follows it."""


class Disconnected(Exception):
    """The client went away before its request was complete; there is nobody to answer."""


class Request:
    """What a handler sees of a request. Header names are lower case, as in ASGI."""

    __slots__ = (
        "_deadline",
        "_id",
        "_query",
        "body_digest",
        "body_secret",
        "client",
        "credential",
        "headers",
        "method",
        "params",
        "path",
        "raw",
        "secure",
        "standing",
        "version",
        "whole",
    )

    def __init__(
        self,
        path: str,
        headers: list[tuple[bytes, bytes]],
        client: tuple[str, int] | None,
        *,
        method: str = "POST",
        query: bytes = b"",
        params: Mapping[str, Any] | None = None,
        version: str = "1.1",
        secure: bool = False,
    ) -> None:
        self._deadline: float | None = None
        self._id = ""
        self._query = query
        self.whole = False
        self.method = method
        self.path = path
        self.params: Mapping[str, Any] = params or {}
        """What stands in the places of the declared path."""
        self.headers: dict[bytes, bytes] = dict(headers)
        self.client = client
        """The peer's address and port."""
        self.version = version
        """That of HTTP; the short way of small requests does not look."""
        self.secure = secure
        """Whether it came by HTTPS to this server itself; Gate.is_secure knows of proxies, too."""
        self.body_digest = b""
        """A digest of the body as it was sent, once somebody has needed one."""
        self.body_secret: bytes | None = None
        """The credential in the body, where no header has one and the route looks for it there."""
        self.credential: Credential | None = None
        """Who is asking, once that is known."""
        self.standing: Standing | None = None
        """Where the sender stands in its window, once it was counted."""
        self.raw = b""
        """The body as it was sent, once it was read; without its content encoding, once that was taken off."""

    @classmethod
    def of(cls, scope: Scope) -> "Request":
        """The request of an ASGI scope."""
        return cls(
            scope["path"],
            scope["headers"],
            scope.get("client"),
            method=scope.get("method", "GET"),  # a WebSocket has none
            query=scope.get("query_string", b""),
            params=scope.get("path_params"),
            version=scope.get("http_version", "1.1"),
            secure=scope.get("scheme") in {"https", "wss"},
        )

    @property
    def id(self) -> str:
        """What the request is called in its answer and in the log; made when it is first asked for."""
        if not self._id:
            self._id = f"req_{secrets.token_hex(10)}"
        return self._id

    def place(self) -> str:
        """The path with the names of what stands in its places: fit to be kept, whatever a sender put there."""
        return place(self.path, self.params)

    def query(self) -> dict[str, str]:
        """The values of the query by name, the last of those that stand there more than once."""
        if not self._query:
            return {}
        # Bytes that are no UTF-8 become U+FFFD, which no value that is looked for has.
        return dict(parse_qsl(self._query.decode("latin-1"), keep_blank_values=True, errors="replace"))

    def values(self, name: str) -> list[str]:
        """All values that a name has in the query, in their order."""
        pairs = parse_qsl(self._query.decode("latin-1"), keep_blank_values=True, errors="replace")
        return [value for key, value in pairs if key == name]

    def secret(self) -> bytes | None:
        """The credential of ``Authorization: Bearer``; without one, of ``X-Api-Key``, or that of the body."""
        authorization = self.headers.get(b"authorization")
        if authorization is not None:
            scheme, _, value = authorization.partition(b" ")
            if scheme.lower() == b"bearer" and (value := value.strip()):
                return value
        return self.headers.get(b"x-api-key", b"").strip() or self.body_secret

    async def read(
        self,
        receive: Receive,
        *,
        limit: int,
        seconds: float,
        code: str,
        arrived: Callable[[int], None] | None = None,
        enough: int | None = None,
    ) -> None:
        """Read the whole body into ``raw``, or until ``enough`` bytes are there; another call goes on from there.

        ``arrived`` is told the size of each part, and may raise. Raises TooLarge (``code``) as soon as the body is
        known to exceed ``limit`` bytes, TooSlow when it is not there within ``seconds`` of the first call, and
        Disconnected.
        """
        length = self.headers.get(b"content-length")
        if length is not None and length.isdigit() and int(length) > limit:
            raise body_too_large(code, limit, int(length))
        if self._deadline is None:
            self._deadline = asyncio.get_running_loop().time() + seconds
        parts = bytearray(self.raw)
        try:
            async with asyncio.timeout_at(self._deadline):
                while not self.whole and (enough is None or len(parts) < enough):
                    message: Message = await receive()
                    if message["type"] == "http.disconnect":
                        raise Disconnected
                    part = message.get("body", b"")
                    if arrived is not None:
                        arrived(len(part))
                    parts += part
                    if len(parts) > limit:
                        raise body_too_large(code, limit, len(parts))
                    self.whole = not message.get("more_body", False)
        except TimeoutError:
            raise TooSlow(f"the body did not arrive within {seconds:g} seconds") from None
        except asyncio.CancelledError:
            # The server stops and has waited as long as it may; the sender is still owed an answer.
            raise StoreBusy("the server is stopping", retry_after=5) from None
        self.raw = bytes(parts)


def place(path: str, params: Mapping[str, Any]) -> str:
    """A path with every part that is one of these values by the value's name, as ``{token}``."""
    names = {str(value): f"{{{name}}}" for name, value in params.items()}
    return "/".join([names.get(part, part) for part in path.split("/")])


def unpacked(body: bytes, *, limit: int, code: str = "decompressed_bytes") -> bytes:
    """A gzip body unpacked, never further than ``limit`` bytes.

    Raises TooLarge (``code``) at the limit, Malformed (``invalid_gzip``) for what is no complete gzip data.
    """
    parts: list[bytes] = []
    total = members = 0
    rest = body
    try:
        while rest:
            stream = zlib.decompressobj(wbits=31)
            while rest and not stream.eof:
                part = stream.decompress(rest, limit + 1 - total)
                total += len(part)
                if total > limit:
                    raise body_too_large(code, limit, total)
                parts.append(part)
                rest = stream.unconsumed_tail
            if not stream.eof:
                raise Malformed("the body is not complete gzip data", "invalid_gzip")
            rest = stream.unused_data
            members += 1
            if members > _MOST_MEMBERS:
                raise Malformed(f"the body has more than {_MOST_MEMBERS} gzip members", "invalid_gzip")
    except zlib.error:
        raise Malformed("the body is not gzip data", "invalid_gzip") from None
    if not body:
        raise Malformed("the body is not gzip data", "invalid_gzip")
    return b"".join(parts)


def body_too_large(code: str, limit: int, actual: int) -> TooLarge:
    """The refusal of a body; ``actual`` is what was known of its size when that was decided, in bytes."""
    return TooLarge(f"the body exceeds {limit} bytes", code=code, limit=limit, actual=actual)
