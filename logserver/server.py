"""Runs the application: listens, says where, and stops in good order."""

import asyncio
import gc
import logging
import os
import resource
import shlex
import shutil
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from logserver.api.certificates import Certificate
from logserver.api.doorway import Doorway, room
from logserver.api.lane import LaneProtocol
from logserver.api.socket_protocol import MAX_MESSAGE_BYTES, PING_SECONDS, PONG_SECONDS, SocketProtocol
from logserver.app import Application
from logserver.core.people import links
from logserver.settings import Settings

_GC_THRESHOLD = (20_000, 10, 10)
"""A group of requests allocates thousands of objects that die with it; looking for cycles among them is waste."""

SHUTDOWN_SECONDS = 3
"""How long requests in flight may take after SIGTERM; what is queued is committed after that."""

BACKLOG = 65_535
"""Connections that may wait to be taken, as far as the system allows; one more is dropped, and tried again a second
or three later."""


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, application: Application) -> None:
        super().__init__(config)
        self._application = application

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop on SIGTERM and SIGINT, and leave with 0: being told to stop is no failure."""
        held = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in held.items():
                signal.signal(number, handler)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        # Before its lifespan, in which whatever keeps the store from opening would become a traceback.
        await self._application.database.open()
        await super().startup(sockets)
        if self.started:
            # What lives as long as the process need not be looked at by every collection.
            gc.collect()
            gc.freeze()
            gc.set_threshold(*_GC_THRESHOLD)
            self._open_door()
            _announce(self, self._application.settings, await self._application.people.setup_token())

    def _open_door(self) -> None:
        """Let connections in at the doorway, by the sockets that uvicorn has made."""
        listening = [socket.socket(fileno=os.dup(made.fileno())) for each in self.servers for made in each.sockets]
        for each in self.servers:
            each.close()
        held, config, state = self.server_state.connections, self.config, self.lifespan.state
        most = self._application.settings.max_connections
        doorway = Doorway(
            listening,
            lambda: LaneProtocol(config=config, server_state=self.server_state, app_state=state),
            most=lambda: min(most, room()),
            held=held,
            tls=config.ssl,
        )
        doorway.open()
        self.servers = [doorway]  # type: ignore[list-item] # all that uvicorn does with them is to close them

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if not self.force_exit:
            await self._application.farewell()
        await super().shutdown(sockets)


def _announce(server: uvicorn.Server, settings: Settings, setup_token: str | None) -> None:
    listening = server.servers[0].sockets[0].getsockname()
    host = f"[{listening[0]}]" if ":" in listening[0] else listening[0]
    command = _command()
    data = "" if settings.data == Settings.data else f" --data {shlex.quote(str(settings.data.absolute()))}"
    sys.stdout.write(
        f"logserver listens on {settings.scheme()}://{host}:{listening[1]}\nits data is in {settings.data}\n"
    )
    if setup_token is not None:
        # The address of every interface is no address that a browser of another machine could open.
        reached = "localhost" if host in {"0.0.0.0", "[::]"} else host  # noqa: S104 - nothing is bound here
        address = settings.public_url.strip().rstrip("/") or f"{settings.scheme()}://{reached}:{listening[1]}"
        sys.stdout.write(
            "nobody can sign in yet; open this address to set it up, which works once:\n"
            f"  {links.setup_url(address, setup_token)}\n"
            "or go on without a browser, in another shell:\n"
            f"  {command} user create YOU@EXAMPLE.COM{data}\n"
        )
    else:
        sys.stdout.write("next, in another shell:\n")
    sys.stdout.write(f"  {command} token create my-app --project my-app{data}\n  {command} search --follow{data}\n")
    sys.stdout.flush()


def _command() -> str:
    """How this program was called, so that what is printed can be typed."""
    called = Path(sys.argv[0])
    if called.name == "__main__.py":
        return f"{shlex.quote(sys.executable)} -m logserver"
    return "logserver" if shutil.which("logserver") else shlex.quote(str(called))


def certificate(settings: Settings) -> Certificate | None:
    """What the server speaks HTTPS with; None where it does not. Raises Unusable."""
    return Certificate(Path(settings.tls_cert), Path(settings.tls_key)) if settings.tls_cert else None


def run(settings: Settings, shown: Certificate | None = None) -> None:
    """Serve until told to stop, by HTTPS with a certificate. Exits with 1 where the server cannot start."""
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    logging.basicConfig(
        stream=sys.stderr,
        # At debug level libraries quote the arguments of every call, and tokens are among them.
        level=max(level, logging.INFO),
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    logging.getLogger("logserver").setLevel(level)
    # What uvicorn tells of a start is told better by the lines above; what goes wrong it still says.
    logging.getLogger("uvicorn.error").setLevel(max(logging.WARNING, logging.getLogger().level))
    application = Application(settings, certificate=shown)
    config = uvicorn.Config(
        application,
        host=settings.host,
        port=settings.port,
        http=LaneProtocol,
        ws=SocketProtocol,
        ws_max_size=MAX_MESSAGE_BYTES,
        ws_ping_interval=PING_SECONDS,
        ws_ping_timeout=PONG_SECONDS,
        # Each compressed connection holds its own window; a line of text is not worth it.
        ws_per_message_deflate=False,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        lifespan="on",
        backlog=BACKLOG,
        ssl_context_factory=None if shown is None else lambda _config, _default: shown.context,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )
    server = _Server(config, application)
    _raise_file_limit()
    try:
        with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
            runner.run(server.serve())
    except SystemExit:
        sys.exit(1)
    if not server.started:
        sys.exit(1)


def _raise_file_limit() -> None:
    """Allow as many connections as the system lets this process have without asking."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
