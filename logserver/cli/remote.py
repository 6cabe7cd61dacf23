"""A server's read API, as the shell asks it: one kept connection, bounded answers, refusals in a line."""

import http.client
import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import click
import msgspec

from logserver import __version__
from logserver.cli.output import plain

MOST_BYTES = 64 * 1024 * 1024
"""Of an answer: a page has at most 100 events of 1 MiB, and hardly ever more than one of that size."""

_SHOWN = 300


class Unreachable(click.ClickException):
    """The server cannot be asked now; asking again later may help."""


class Refused(click.ClickException):
    """The server has answered, and refuses."""

    def __init__(self, status: int, body: bytes) -> None:
        self.status = status
        said = _said(body)
        inner = said.get("error")
        if isinstance(inner, dict):  # as LogStitch and LogFleet say it
            said = {**inner, "error": inner.get("message")}
        self.code = str(said.get("code", ""))
        self.retry_after = said.get("retry_after")
        text = said.get("error") or said.get("message") or body[:_SHOWN].decode(errors="replace")
        super().__init__(f"the server answers {status}: {plain(str(text))[:_SHOWN] or 'nothing'}")


class Answer(msgspec.Struct, frozen=True):
    """A status and the JSON of its body; None where it has none."""

    status: int
    value: Any
    body: bytes
    retry_after: int


class Remote:
    """A server at an address, asked with a token. Redirects are not followed: they would take the token along."""

    def __init__(self, url: str, token: str, *, seconds: float = 30.0) -> None:
        parts = urlsplit(url)
        self.url = url
        self._path = parts.path.rstrip("/").removesuffix("/api/v1")
        self._headers = {"Authorization": f"Bearer {token}", "User-Agent": f"logserver/{__version__}"}
        host = parts.hostname or ""
        self._connection: http.client.HTTPConnection
        if parts.scheme == "https":
            trust = ssl.create_default_context()
            self._connection = http.client.HTTPSConnection(host, parts.port, timeout=seconds, context=trust)
        else:
            self._connection = http.client.HTTPConnection(host, parts.port, timeout=seconds)

    def close(self) -> None:
        """Let go of the connection."""
        self._connection.close()

    def get(self, path: str, query: Mapping[str, str] | None = None) -> Any:
        """The JSON of an address below ``/api/v1/cli``; raises Unreachable and Refused."""
        asked = f"/api/v1/cli/{path}" + (f"?{urlencode(query)}" if query else "")
        answer = self.send("GET", asked)
        if answer.status != 200:
            raise Refused(answer.status, answer.body)
        if not isinstance(answer.value, dict):
            raise Refused(answer.status, b"what answers there is no logserver")
        return answer.value

    def send(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """One request, whatever it is answered with; raises Unreachable."""
        try:
            return self._send(method, path, body, headers or {})
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
            # A kept connection that the server has closed meanwhile; whatever is sent here may be sent twice.
            self._connection.close()
        except (OSError, http.client.HTTPException) as error:
            raise self._unreachable(error) from error
        try:
            return self._send(method, path, body, headers or {})
        except (OSError, http.client.HTTPException) as error:
            raise self._unreachable(error) from error

    def _send(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        self._connection.request(method, self._path + path, body=body, headers=self._headers | dict(headers))
        response = self._connection.getresponse()
        raw = response.read(MOST_BYTES + 1)
        if len(raw) > MOST_BYTES:
            self._connection.close()
            raise http.client.HTTPException("the answer is too long")
        wait = response.headers.get("Retry-After", "")
        return Answer(response.status, _decoded(raw), raw, int(wait) if wait.isdigit() else 1)

    def _unreachable(self, error: Exception) -> Unreachable:
        self._connection.close()
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        return Unreachable(f"no answer from {plain(self.url)}: {plain(str(reason))}")


def place(*parts: str) -> str:
    """A path of these parts, whatever they hold."""
    return "/".join(quote(part, safe="") for part in parts)


def _decoded(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body) if body else None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _said(body: bytes) -> dict[str, Any]:
    value = _decoded(body)
    return value if isinstance(value, dict) else {}
