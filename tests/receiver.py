"""A real listening server that webhooks can be pointed at, and that does to each request what a test wants."""

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from types import TracebackType
from typing import NamedTuple, Self

PATIENCE = 60.0
_DRIP_SECONDS = 0.02


class Request(NamedTuple):
    """What came in; the names of headers are in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Receiver:
    """Listens on a loopback port from its making to the end of its ``with``.

    Each behaviour is for one request, the last one for all that follow.
    """

    def __init__(self, *behaviours: "Behaviour", tls: ssl.SSLContext | None = None) -> None:
        self.requests: list[Request] = []
        self.over = threading.Event()
        """Set at the end, and by a test that wants hanging requests to be let go."""
        self._script = list(behaviours or [answer(200)])
        self._tls = tls
        self._changed = threading.Condition()
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port: int = self._listening.getsockname()[1]
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self.port}/hook"
        self._connections: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.over.set()
        for each in (self._listening, *self._connections):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for thread in self._threads:
            thread.join(PATIENCE)

    def wait_for(self, count: int) -> list[Request]:
        """The requests so far, once there are so many."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.requests) >= count, PATIENCE)
            return list(self.requests)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            self._connections.append(connection)
            thread = threading.Thread(target=self._handle, args=(connection,), daemon=True)
            thread.start()
            self._threads.append(thread)

    def _handle(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.settimeout(PATIENCE)
            if self._tls is None:
                self._serve(connection)
            else:
                with self._tls.wrap_socket(connection, server_side=True) as wrapped:
                    self._serve(wrapped)

    def _serve(self, connection: socket.socket) -> None:
        request = _read(connection)
        if request is None:
            return
        with self._changed:
            behaviour = self._script[min(len(self.requests), len(self._script) - 1)]
            self.requests.append(request)
            self._changed.notify_all()
        behaviour(connection, self)


Behaviour = Callable[[socket.socket, Receiver], None]


def answer(status: int, body: bytes = b"{}", **headers: str) -> Behaviour:
    """Answers in good order; ``retry_after="7"`` is the header Retry-After."""
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    head = f"HTTP/1.1 {status} Said\r\n{lines}Content-Length: {len(body)}\r\n\r\n"
    return says(head.encode() + body)


def says(raw: bytes) -> Behaviour:
    """Sends these bytes and closes."""

    def say(connection: socket.socket, _receiver: Receiver) -> None:
        connection.sendall(raw)

    return say


def hang(_connection: socket.socket, receiver: Receiver) -> None:
    """Says nothing until it is over."""
    receiver.over.wait(PATIENCE)


def reset(connection: socket.socket, _receiver: Receiver) -> None:
    """Breaks the connection off."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def endless(head: bytes, piece: bytes, *, slowly: bool = False) -> Behaviour:
    """Sends a beginning, and then a piece again and again for as long as it is listened to."""

    def send(connection: socket.socket, receiver: Receiver) -> None:
        connection.sendall(head)
        while not receiver.over.wait(_DRIP_SECONDS if slowly else 0):
            connection.sendall(piece)

    return send


def _read(connection: socket.socket) -> Request | None:
    data = b""
    while b"\r\n\r\n" not in data:
        if not (more := connection.recv(65_536)):
            return None
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    while len(body) < int(headers.get("content-length", 0)):
        body += connection.recv(65_536)
    method, path, _ = first.split(" ")
    return Request(method, path, headers, body)
