"""Where connections come in: all that wait are taken at once, and no more than there is room for.

The loop's own server takes one connection a turn. Under load a turn takes long, and those who knock would wait for
minutes behind those who are inside; and where descriptors run out it closes what it took without a word.
"""

import asyncio
import errno
import logging
import os
import resource
import socket
import ssl
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress

logger = logging.getLogger("logserver.api")

_AT_ONCE = 1_024
"""Connections taken in a turn of the loop."""

_OWN_FILES = 128
"""Descriptors that are kept for the store, its readers, jobs and what is sent to others."""

_ENDLESS = 1_000_000
"""Where the system sets no bound."""

_LOOK_SECONDS = 5.0
_PAUSE_SECONDS = 1.0
_EXHAUSTED = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}

_FULL = b'{"error":"as many connections are open as there may be; try again shortly"}'
_TURNED_AWAY = (
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\ncontent-length: %d\r\n"
    b"retry-after: 5\r\nconnection: close\r\n\r\n%b" % (len(_FULL), _FULL)
)


def room() -> int:
    """How many connections this process's bound on open files leaves room for."""
    bound, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if bound == resource.RLIM_INFINITY:
        return _ENDLESS
    return bound - min(_OWN_FILES, bound // 2)


class Doorway:
    """Listening sockets, and who is let in; stands where uvicorn has an ``asyncio.Server``.

    ``held`` are the protocols of open connections, of which there may be ``most()``. One more is answered with 503 and
    Retry-After, and closed; so are all while the system has no descriptor left. Over TLS, which is not spoken with
    somebody who is not let in, it is just closed.
    """

    def __init__(
        self,
        sockets: Sequence[socket.socket],
        protocol: Callable[[], asyncio.BaseProtocol],
        *,
        most: Callable[[], int],
        held: AbstractSet[object],
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.sockets = sockets
        self._protocol = protocol
        self._most = most
        self._held = held
        self._tls = tls
        self._loop = asyncio.get_running_loop()
        self._entering: dict[asyncio.BaseProtocol, asyncio.Task[object]] = {}
        self._spare: int | None = None
        self._turned_away = 0
        self._timers: set[asyncio.TimerHandle] = set()

    def open(self) -> None:
        """Begin to let connections in."""
        self._take_spare()
        for listening in self.sockets:
            listening.settimeout(0)
            self._loop.add_reader(listening, self._knock, listening)

    def close(self) -> None:
        """Let nobody in any more."""
        for timer in self._timers:
            timer.cancel()
        for listening in self.sockets:
            self._loop.remove_reader(listening)
            listening.close()
        self._give_spare()

    async def wait_closed(self) -> None:
        """Wait for those who were just coming in."""
        await asyncio.gather(*self._entering.values(), return_exceptions=True)

    def _knock(self, listening: socket.socket) -> None:
        for _ in range(_AT_ONCE):
            try:
                connection, _ = listening.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno not in _EXHAUSTED:
                    raise
                self._use_spare(listening, error)
                return
            if self._full(most := self._most()):
                self._turn_away(connection, f"as many connections are open as there may be ({most})")
            else:
                connection.settimeout(0)
                protocol = self._protocol()
                self._entering[protocol] = self._loop.create_task(self._enter(connection, protocol))

    def _full(self, most: int) -> bool:
        if len(self._held) + len(self._entering) < most:
            return False
        # For a turn or two a connection is open and still coming in, and is not to be counted twice.
        return len(self._held) + sum(each not in self._held for each in self._entering) >= most

    async def _enter(self, connection: socket.socket, protocol: asyncio.BaseProtocol) -> None:
        # Who leaves, or speaks no TLS, while coming in is nobody's fault here.
        try:
            with suppress(OSError, asyncio.CancelledError):
                await self._loop.connect_accepted_socket(lambda: protocol, connection, ssl=self._tls)
        finally:
            del self._entering[protocol]

    def _use_spare(self, listening: socket.socket, error: OSError) -> None:
        """Answer one who knocks with the descriptor that was kept for it; pause, where even that is gone."""
        self._give_spare()
        try:
            connection, _ = listening.accept()
        except OSError:
            self._note(str(error))
            self._loop.remove_reader(listening)
            self._later(_PAUSE_SECONDS, self._resume, listening)
        else:
            self._turn_away(connection, str(error))
        self._take_spare()

    def _resume(self, listening: socket.socket) -> None:
        self._loop.add_reader(listening, self._knock, listening)

    def _turn_away(self, connection: socket.socket, why: str) -> None:
        self._note(why)
        connection.settimeout(0)
        # Who has gone already hears nothing; a connection that is closed with something unread takes its answer along.
        with suppress(OSError):
            if self._tls is None:
                connection.send(_TURNED_AWAY)
                connection.shutdown(socket.SHUT_WR)
                connection.recv(65_536)
        connection.close()

    def _note(self, why: str) -> None:
        """Say once that connections are turned away, and how many it were when it is over."""
        self._turned_away += 1
        if self._turned_away == 1:
            logger.error("new connections are turned away: %s", why)
            self._later(_LOOK_SECONDS, self._look, 1)

    def _look(self, before: int) -> None:
        if self._turned_away > before:
            self._later(_LOOK_SECONDS, self._look, self._turned_away)
            return
        logger.warning("connections are let in again; %d were turned away", self._turned_away)
        self._turned_away = 0

    def _later(self, seconds: float, act: Callable[..., None], argument: object) -> None:
        def run() -> None:
            self._timers.discard(timer)
            act(argument)

        timer = self._loop.call_later(seconds, run)
        self._timers.add(timer)

    def _take_spare(self) -> None:
        with suppress(OSError):
            self._spare = os.open(os.devnull, os.O_RDONLY)

    def _give_spare(self) -> None:
        if self._spare is not None:
            os.close(self._spare)
            self._spare = None
