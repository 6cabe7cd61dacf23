"""Where the derived documents are read: OpenAPI in both spellings, the Postman collection, Swagger UI."""

from collections.abc import Callable, Sequence
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from logserver.api.endpoint import Endpoint
from logserver.api.openapi import document, json_text, yaml_text
from logserver.api.postman import collection

_STATIC = Path(__file__).parent / "static"

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>API reference</title>
<link rel="icon" href="docs/swagger-ui/favicon-32x32.png">
<link rel="stylesheet" href="docs/swagger-ui/swagger-ui.css">
<div id="reference"></div>
<script src="docs/swagger-ui/swagger-ui-bundle.js"></script>
<script src="docs/reference.js"></script>
</html>
"""

_PAGE_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-cache",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def routes(endpoints: Sequence[Endpoint], *, title: str, version: str, description: str = "") -> list[BaseRoute]:
    """The routes of the documents of these endpoints; a document is made when it is first asked for."""

    def made() -> dict[str, Any]:
        return document(endpoints, title=title, version=version, description=description)

    def requests() -> dict[str, Any]:
        return collection(endpoints, title=title, description=description)

    texts = {
        "/openapi.json": _Text(lambda: json_text(made()), "application/json"),
        "/openapi.yaml": _Text(lambda: yaml_text(made()), "application/yaml"),
        "/postman.json": _Text(lambda: json_text(requests()), "application/json"),
    }
    return [
        *(Route(path, text.answer, name=path[1:].replace(".", "_")) for path, text in texts.items()),
        Route("/docs", _page, name="docs"),
        Route("/docs/", _page_beside),
        Mount("/docs", _Assets(directory=_STATIC), name="docs_assets"),
    ]


class _Text:
    """A text that costs nothing until it is asked for, and then is made once."""

    def __init__(self, make: Callable[[], bytes], media: str) -> None:
        self._make = make
        self._media = media

    @cached_property
    def body(self) -> bytes:
        return self._make()

    @cached_property
    def tag(self) -> str:
        return f'"{blake2b(self.body, digest_size=12).hexdigest()}"'

    def answer(self, request: Request) -> Response:
        """The text, or 304 to one who has it; no coroutine, so that it is made on a thread, off the loop."""
        headers = {"ETag": self.tag, "Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}
        held = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
        if self.tag in held or "*" in held:
            return Response(status_code=304, headers=headers)
        return Response(self.body, media_type=self._media, headers=headers)


class _Assets(StaticFiles):
    """The files of the reference page; revalidated each time, so an upgrade never mixes two versions."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(*args, **kwargs)
        response.headers["Cache-Control"] = "no-cache"
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response


async def _page(_: Request) -> Response:
    return HTMLResponse(_PAGE, headers=_PAGE_HEADERS)


async def _page_beside(_: Request) -> Response:
    """The page's own links are relative to ``/docs``, whatever prefix a proxy puts before it."""
    return RedirectResponse("../docs")
