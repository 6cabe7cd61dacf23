"""The least a Python server can do: a Starlette route that reads the body and answers 201 with JSON.

It runs under uvicorn with the same event loop and HTTP parser as the program, with Starlette's default
middleware and without the access log, and without what only costs time: server and proxy headers.
"""

import asyncio
import socket
import sys

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

ARGUMENTS = ["tests.benchmarks.yardstick"]
"""What starts it."""

PATH = "/api/v1/ingest_events"
_ANSWER = {"id": "0198c5a0-0000-7000-8000-000000000000", "legacy_id": 123_456_789_012_345, "status": "accepted"}


async def _read(request: Request) -> JSONResponse:
    await request.body()
    return JSONResponse(_ANSWER, 201)


async def _alive(_request: Request) -> JSONResponse:
    return JSONResponse({"status": "ok"})


class _Server(uvicorn.Server):
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        port = self.servers[0].sockets[0].getsockname()[1]
        sys.stdout.write(f"yardstick listens on http://127.0.0.1:{port}\n")
        sys.stdout.flush()


def main() -> None:
    """Serve until told to stop."""
    app = Starlette(routes=[Route(PATH, _read, methods=["POST"]), Route("/healthz", _alive)])
    config = uvicorn.Config(
        app, port=0, log_config=None, access_log=False, server_header=False, proxy_headers=False, lifespan="on"
    )
    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(_Server(config).serve())


if __name__ == "__main__":
    main()
