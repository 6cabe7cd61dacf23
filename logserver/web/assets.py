"""Style sheets, scripts and pictures: read once, compressed once, and kept by browsers until the next version."""

import gzip
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

FOLDER = Path(__file__).parent / "static"

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
}
_COMPRESSED = {".css", ".js", ".svg"}


class _Asset(NamedTuple):
    media: str
    plain: bytes
    packed: bytes | None


class Assets:
    """The files below ``web/static``; their address has a digest of all of them, so what is cached is never old."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._files: dict[str, _Asset] = {}
        tag = blake2b(digest_size=8)
        for path in sorted(folder.rglob("*")):
            if path.suffix in _TYPES:
                plain = path.read_bytes()
                packed = gzip.compress(plain, mtime=0) if path.suffix in _COMPRESSED else None
                name = path.relative_to(folder).as_posix()
                self._files[name] = _Asset(_TYPES[path.suffix], plain, packed)
                tag.update(name.encode() + b"\0" + plain)
        self._tag = tag.hexdigest()

    def path(self, name: str) -> str:
        """Where a file is served; raises KeyError for one there is not."""
        if name not in self._files:
            raise KeyError(name)
        return f"/static/{self._tag}/{name}"

    def routes(self) -> list[Route]:
        """The route that serves the files."""
        return [Route("/static/{tag}/{name:path}", self._answer, name="static_file")]

    async def _answer(self, request: Request) -> Response:
        asset = self._files.get(request.path_params["name"])
        if asset is None:
            return PlainTextResponse("Not Found", 404)
        # A page of the version before may still ask; what it gets must not be kept under the old name.
        current = request.path_params["tag"] == self._tag
        headers = {
            "Cache-Control": "public, max-age=31536000, immutable" if current else "no-cache",
            "X-Content-Type-Options": "nosniff",
            "Content-Type": asset.media,
            "Vary": "Accept-Encoding",
        }
        if asset.packed is not None and "gzip" in request.headers.get("accept-encoding", ""):
            return Response(asset.packed, headers=headers | {"Content-Encoding": "gzip"})
        return Response(asset.plain, headers=headers)
