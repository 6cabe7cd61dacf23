"""HTTP to the server: one key, kept connections, bounded answers, and few words for what can go wrong."""

import asyncio
import logging
import os
import socket
import ssl
from email.utils import parsedate_to_datetime
from typing import NamedTuple
from urllib.parse import urlsplit

import httpcore2
import msgspec

from logserver import __version__
from logserver.core.clock import Clock

logger = logging.getLogger("logserver.agent")

MAX_ANSWER = 8 * 1024 * 1024
"""Bytes of an answer that are read."""

AGENT = f"logserver-agent/{__version__}"
"""How the agent calls itself."""

_CONNECT_SECONDS = 10.0
_WHOLE_SECONDS = 60.0
_KEPT_SECONDS = 45.0
_SHOWN = 300


class Answer(NamedTuple):
    """What the server said: 2xx, 304, or a 4xx that is about what was sent."""

    status: int
    body: bytes
    etag: str

    @property
    def ok(self) -> bool:
        """Whether it was taken."""
        return 200 <= self.status < 300

    def refusal(self) -> str:
        """What it says to people, where it is none of the good ones."""
        return f"it answers {self.status}: {said(self.body)}"


class Away(Exception):
    """Nothing was taken, through no fault of what was sent; ``wait`` is how many seconds the server asked for."""

    def __init__(self, reason: str, wait: float = 0.0) -> None:
        super().__init__(reason)
        self.wait = wait


class Denied(Exception):
    """The key is not known, was revoked, or may not do this."""


class Address(NamedTuple):
    """Where the server is: its scheme and host, and the path before its own ones, without a slash at the end."""

    scheme: str
    host: str
    port: int
    path: str

    @classmethod
    def of(cls, url: str) -> "Address":
        """Read an address as people type it; raises ValueError with what is wrong with it."""
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError(f"{url!r} is no address of a server; write it like https://logs.example.com")
        if parts.username or parts.password or parts.query or parts.fragment:
            raise ValueError("the address of a server has no user, no ? and no #")
        port = parts.port or (443 if parts.scheme == "https" else 80)
        path = parts.path.rstrip("/").removesuffix("/api/v1")
        return cls(parts.scheme, parts.hostname, port, path)

    @property
    def authority(self) -> str:
        """The host, with its port where that is not the usual one."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == {"http": 80, "https": 443}[self.scheme] else f"{host}:{self.port}"

    def url(self, path: str) -> str:
        """The whole address of one of the server's paths."""
        return f"{self.scheme}://{self.authority}{self.path}{path}"

    def exposed(self) -> bool:
        """Whether the key would travel in plain text, and not only within this machine."""
        return self.scheme == "http" and self.host not in {"localhost", "127.0.0.1", "::1"}


class Client:
    """The server as the agent's tasks see it. Proxies and redirects are not followed.

    It tells in the log, once, that the server is away and that it is back.
    """

    def __init__(self, address: Address, key: str, clock: Clock, trust: ssl.SSLContext | None = None) -> None:
        self.address = address
        self._clock = clock
        self._headers = [("Host", address.authority), ("X-API-Key", key), ("User-Agent", AGENT)]
        self.trust = trust or (ssl.create_default_context() if address.scheme == "https" else None)
        self._pool = httpcore2.AsyncConnectionPool(
            self.trust, max_connections=6, max_keepalive_connections=2, keepalive_expiry=_KEPT_SECONDS
        )
        self.away = False
        """Whether the last call found nobody."""
        self._back: asyncio.Future[None] | None = None

    async def call(
        self, method: str, path: str, body: bytes | None = None, *, packed: bool = False, etag: str = ""
    ) -> Answer:
        """One request and its answer; ``packed``: the body is gzip already; ``etag``: what is known already.

        Raises Away where trying again later may help, and Denied where only another key will.
        """
        headers = list(self._headers)
        if body is not None:
            headers += [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
            headers += [("Content-Encoding", "gzip")] if packed else []
        if etag:
            headers.append(("If-None-Match", etag))
        try:
            async with asyncio.timeout(_WHOLE_SECONDS):
                status, named, answered = await self._exchange(method, self.address.url(path), headers, body)
        except TimeoutError:
            raise self._lost(f"no whole answer within {_WHOLE_SECONDS:g} s") from None
        except (httpcore2.NetworkError, httpcore2.TimeoutException, httpcore2.ProtocolError, OSError) as error:
            raise self._lost(reason(error)) from error
        self._found()
        return self._judged(status, named, answered)

    async def _exchange(
        self, method: str, url: str, headers: list[tuple[str, str]], body: bytes | None
    ) -> tuple[int, dict[str, str], bytes]:
        timeouts = {"timeout": {"connect": _CONNECT_SECONDS, "pool": _WHOLE_SECONDS}}
        request = self._pool.stream(method, url, headers=headers, content=body, extensions=timeouts)
        async with request as response:
            parts, size = [], 0
            async for part in response.aiter_stream():
                size += len(part)
                if size > MAX_ANSWER:
                    raise httpcore2.ProtocolError
                parts.append(part)
        named = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
        return response.status, named, b"".join(parts)

    def _judged(self, status: int, named: dict[str, str], body: bytes) -> Answer:
        if status in {401, 403}:
            raise Denied(f"{status}: {said(body)}")
        if status in {408, 429} or status >= 500:
            wait = seconds(named.get("retry-after", ""), self._clock.now_ms())
            raise Away(f"it answers {status}: {said(body)}", wait)
        if 300 <= status < 400 and status != 304:
            raise Away(f"it answers {status}: redirects are not followed, so name the address it leads to")
        return Answer(status, body, named.get("etag", ""))

    async def back(self, within: float) -> None:
        """Wait so many seconds, or less where the server was away and is there again."""
        if self._back is None:
            self._back = asyncio.get_running_loop().create_future()
        await asyncio.wait([self._back], timeout=within)

    def _lost(self, why: str) -> Away:
        if not self.away:
            logger.warning("the server at %s is away: %s", self.address.authority, why)
        self.away = True
        return Away(why)

    def _found(self) -> None:
        if self.away:
            logger.info("the server at %s is there again", self.address.authority)
            if self._back is not None:
                self._back.set_result(None)
                self._back = None
        self.away = False

    async def close(self) -> None:
        """End the connections."""
        await self._pool.aclose()


def said(body: bytes) -> str:
    """What a refusal says to people, in a line."""
    try:
        answer = msgspec.json.decode(body)
        text = str(answer["message"])
        details = answer.get("details")
    except (msgspec.DecodeError, UnicodeDecodeError, LookupError, TypeError, AttributeError):
        return "(no reason that can be read)"
    whole = f"{text} {details}" if details else text
    return "".join(char if char.isprintable() else " " for char in whole[:_SHOWN])


def seconds(retry_after: str, now_ms: int) -> float:
    """The seconds of a Retry-After, which is a number or a date; 0 where it is neither."""
    text = retry_after.strip()
    try:
        if text.isascii() and text.isdecimal():
            return float(text)
        return max(0.0, parsedate_to_datetime(text).timestamp() - now_ms / 1_000)
    except (ValueError, OverflowError):
        return 0.0


def reason(error: BaseException) -> str:
    """What went wrong with a connection, in few words."""
    cause = error
    while (behind := cause.__cause__ or cause.__context__) is not None:
        cause = behind
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {cause.verify_message}"
    if isinstance(cause, ssl.SSLError):
        return "the TLS handshake failed"
    if isinstance(cause, socket.gaierror):
        return "its name could not be resolved"
    if isinstance(cause, OSError) and cause.errno:
        return os.strerror(cause.errno)
    if isinstance(error, httpcore2.ConnectTimeout):
        return "no connection in time"
    return "the connection broke off" if isinstance(error, httpcore2.NetworkError) else "the answer is not HTTP"
