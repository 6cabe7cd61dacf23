"""HTTP/1.1 spelled out: requests as bytes, and a plain socket that reads answers and can misbehave."""

import json
import select
import socket
import ssl
import struct
from collections.abc import Mapping
from typing import Any, NamedTuple, Self
from urllib.parse import urlencode

from tests.whole.process import PATIENCE, Server

EVENTS = "/api/v1/ingest_events"
BATCH = "/api/v1/ingest_events/batch"
CHECK_INS = "/api/v1/check_ins"
NDJSON = "application/x-ndjson"


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


def head(path: str, token: str, fields: Mapping[str, str | int]) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: test", f"Authorization: Bearer {token}"]
    lines += [f"{name}: {value}" for name, value in fields.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def request(path: str, token: str, payload: Any, *, media: str = "application/json") -> bytes:
    """A whole request; a list of payloads is a batch, one a line."""
    lines = payload if isinstance(payload, list) else [payload]
    body = b"\n".join(json.dumps(line).encode() for line in lines)
    return head(path, token, {"Content-Type": media, "Content-Length": len(body)}) + body


def log_event(message: str, **fields: Any) -> dict[str, Any]:
    return {"event": {"event_type": "log", "message": message, **fields}}


def audit_event(tenant: str, number: int) -> dict[str, Any]:
    return {
        "action": "user.signed_up",
        "category": "auth",
        "actor": {"id": f"user_{number}", "type": "user"},
        "tenant_id": tenant,
        "metadata": {"number": number},
        "idempotency_key": f"{tenant} {number}",
    }


def parse_head(raw: bytes) -> tuple[int, dict[str, str]]:
    """The status and headers of an answer's head, without its blank line."""
    first, *rest = raw.decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in rest if line)
    return int(first.split(" ", 2)[1]), {name.lower(): value.strip() for name, _, value in pairs}


class Wire:
    """One connection to a server. Everything that waits gives up after PATIENCE, with TimeoutError."""

    def __init__(
        self, server: Server, tls: ssl.SSLContext | None = None, *, port: int | None = None, source: str = ""
    ) -> None:
        place = (server.host, port or server.port)
        self._socket = socket.create_connection(place, timeout=PATIENCE, source_address=(source, 0) if source else None)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls is not None:
            self._socket = tls.wrap_socket(self._socket, server_hostname=server.host)
        self._rest = b""
        self.heads: list[bytes] = []
        """Of each answer so far, as it was sent."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def finish_sending(self) -> None:
        """Say that nothing more comes, and go on listening."""
        self._socket.shutdown(socket.SHUT_WR)

    def answer(self) -> Answer:
        """The next answer."""
        while b"\r\n\r\n" not in self._rest:
            self._more()
        raw, _, self._rest = self._rest.partition(b"\r\n\r\n")
        status, headers = parse_head(raw)
        length = int(headers["content-length"]) if status not in {204, 304} else 0
        while len(self._rest) < length:
            self._more()
        body, self._rest = self._rest[:length], self._rest[length:]
        self.heads.append(raw)
        return Answer(status, headers, body)

    def certificate(self) -> dict[str, Any]:
        """What the other side has shown of itself, over TLS."""
        assert isinstance(self._socket, ssl.SSLSocket)
        return dict(self._socket.getpeercert() or {})

    def ask(self, data: bytes) -> Answer:
        self.send(data)
        return self.answer()

    def ended(self) -> bool:
        """Whether the other side closes the connection before it says anything more; waits for either."""
        if not self._rest:
            try:
                self._rest = self._socket.recv(65_536)
            except ConnectionResetError:
                return True
        return not self._rest

    def everything(self, most: int | None = None) -> bytes:
        """All that the other side says before it closes, or its first ``most`` bytes."""
        while most is None or len(self._rest) < most:
            try:
                part = self._socket.recv(65_536)
            except ConnectionResetError:
                break
            if not part:
                break
            self._rest += part
        return self._rest[:most]

    def heard(self) -> bytes:
        """What the other side has said so far, beyond what was taken as answers."""
        return self._rest

    def listen(self, within: float) -> bool:
        """Take in what the other side says within some seconds; False once it has closed."""
        self._socket.settimeout(within)
        try:
            part = self._socket.recv(65_536)
        except TimeoutError:
            return True
        except ConnectionResetError:
            return False
        finally:
            self._socket.settimeout(PATIENCE)
        self._rest += part
        return bool(part)

    def send_until_answered(self, piece: bytes, *, most: int) -> int:
        """Send a piece over and over until the other side says something; returns how many bytes it took."""
        sent, rest = 0, piece
        while sent < most:
            heard, taken, _ = select.select([self._socket], [self._socket], [], PATIENCE)
            if heard or not taken:
                break
            count = self._socket.send(rest)
            sent, rest = sent + count, rest[count:] or piece
        return sent

    def give_up_after(self, seconds: float) -> None:
        """Have what waits give up sooner than PATIENCE."""
        self._socket.settimeout(seconds)

    def line(self) -> bytes:
        """The next line of an answer's head."""
        while b"\r\n" not in self._rest:
            self._more()
        line, _, self._rest = self._rest.partition(b"\r\n")
        return line

    def close(self) -> None:
        self._socket.close()

    def reset(self) -> None:
        """Close without goodbye: the other side gets a reset."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()

    def _more(self) -> None:
        part = self._socket.recv(65_536)
        if not part:
            raise ConnectionError(f"the connection ended within an answer: {self._rest!r}")
        self._rest += part


def ask(server: Server, data: bytes) -> Answer:
    """The answer to one request on a connection of its own."""
    with Wire(server) as wire:
        return wire.ask(data)


def get(wire: Wire, path: str, token: str = "", **query: Any) -> Answer:
    """The answer to a GET with these parameters."""
    asked = f"{path}?{urlencode(query)}" if query else path
    return wire.ask(f"GET {asked} HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
