"""The headers that every answer has, whoever gives it: they tell browsers to make as little of it as they can."""

from collections.abc import Iterable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

Header = tuple[bytes, bytes]

STRICT: tuple[Header, ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
)
"""For what is no page: it loads nothing, stands in no frame, is kept nowhere."""

HTTPS_ONLY: Header = (b"strict-transport-security", b"max-age=31536000")
"""For a host that is asked by HTTPS only, on all its ports (RFC 6797)."""


class Everywhere:
    """These headers, ``STRICT`` and perhaps ``HTTPS_ONLY``, for whoever writes answers."""

    def __init__(self, *, https_only: bool = False) -> None:
        self._headers = (*STRICT, HTTPS_ONLY) if https_only else STRICT
        self.lines = lines(self._headers)
        """All of them as they stand in the head of an answer."""

    def completed(self, headers: Iterable[Header]) -> list[Header]:
        """The headers of an answer, with those of these that it does not have itself."""
        own = list(headers)
        names = {name for name, _ in own}
        return own + [header for header in self._headers if header[0] not in names]


def lines(headers: Iterable[Header]) -> bytes:
    """Headers as they stand in the head of an answer."""
    return b"".join([b"%b: %b\r\n" % header for header in headers])


class Headed:
    """An application whose every answer has these headers."""

    def __init__(self, app: ASGIApp, everywhere: Everywhere) -> None:
        self._app = app
        self._everywhere = everywhere

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or the lifespan."""

        async def headed(message: Message) -> None:
            if message["type"].endswith("http.response.start"):  # also of a WebSocket that is refused
                message["headers"] = self._everywhere.completed(message.get("headers", ()))
            await send(message)

        await self._app(scope, receive, send if scope["type"] == "lifespan" else headed)
