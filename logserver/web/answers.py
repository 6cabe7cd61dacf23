"""Answers that are no pages: JSON for scripts, files to be kept, and streams."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send


def json(value: Any, status: int = 200) -> Response:
    """A value as JSON."""
    return Response(msgspec.json.encode(value), status, media_type="application/json")


def attachment(name: str) -> dict[str, str]:
    """The header that makes a browser keep an answer as a file; ``name`` is ASCII without quotes."""
    return {"Content-Disposition": f'attachment; filename="{name}"'}


def download(text: str, name: str, media: str) -> Response:
    """A text as a file."""
    return Response(text, media_type=media, headers=attachment(name))


class Stream(StreamingResponse):
    """An answer that is sent as it is made; ``ended`` is called at its end, also where it never began."""

    def __init__(
        self, parts: AsyncIterator[bytes], ended: Callable[[], None], *, media: str, headers: dict[str, str]
    ) -> None:
        # Proxies that gather what passes would keep it until there is enough of it.
        super().__init__(parts, media_type=media, headers={"X-Accel-Buffering": "no", **headers})
        self._ended = ended

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it, until its end or until the one who reads it has gone."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._ended()
