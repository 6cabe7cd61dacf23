"""HTTP to addresses that users typed: each is looked at when it is connected to, and nothing they answer is trusted.

The name is resolved once an attempt, every address of it must be a public one, and the connection goes to one of
those very addresses; so a name cannot show one address to the check and another to the connection. No proxy is
used and no redirect followed.
"""

import asyncio
import os
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable
from email.utils import parsedate_to_datetime
from functools import partial
from ipaddress import ip_address

import httpcore2
import msgspec
from httpcore2 import SOCKET_OPTION, AsyncNetworkBackend, AsyncNetworkStream

from logserver.core.aside import Aside
from logserver.core.posting import targets
from logserver.core.posting.post import Outcome
from logserver.core.posting.targets import Address, Target

MAX_ANSWER = 64 * 1024
"""Bytes of an answer that are read, head and body together."""

Resolve = Callable[[str], Awaitable[list[str]]]
"""From a name to its addresses; raises OSError or UnicodeError where there are none."""

_MOST_ADDRESSES = 3
_MOST_LOOKUPS = 256


class Patience(msgspec.Struct, frozen=True):
    """Seconds that are waited: to connect, to look up a name before that as many, and for a whole attempt.

    ``closing`` is for those under way when the server stops.
    """

    connect: float = 5.0
    whole: float = 15.0
    closing: float = 2.0


class Forbidden(Exception):
    """The name leads to an address that is not public."""


class TooLong(Exception):
    """The answer has more bytes than are read."""


class Outbound:
    """Sends POST requests, each on a connection of its own."""

    def __init__(
        self,
        *,
        allow_private: bool,
        patience: Patience,
        resolve: Resolve | None = None,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        self._patience = patience
        self._network = _Checked(resolve or _Resolver(), allow_private=allow_private, seconds=patience.connect)
        self._trust = trust

    async def post(self, target: Target, headers: dict[str, str], body: bytes, now_ms: int) -> Outcome:
        """Send a body and read the answer: 2xx, and nothing else, means that it was taken.

        ``now_ms`` is what a Retry-After that is a date is measured from. Whatever goes wrong is in the outcome.
        """
        try:
            async with asyncio.timeout(self._patience.whole):
                return await self._exchange(target, headers, body, now_ms)
        except TimeoutError:
            return Outcome(error=f"no whole answer within {self._patience.whole:g} s")
        except TooLong:
            return Outcome(error=f"the answer is longer than {MAX_ANSWER:,} bytes")
        except Forbidden:
            return Outcome(error="the name leads to a private or local address")
        except (httpcore2.NetworkError, httpcore2.TimeoutException, httpcore2.ProtocolError, OSError) as error:
            return Outcome(error=_reason(error))

    async def _exchange(self, target: Target, headers: dict[str, str], body: bytes, now_ms: int) -> Outcome:
        if target.scheme == "https" and self._trust is None:
            self._trust = ssl.create_default_context()
        host = f"[{target.host}]" if ":" in target.host else target.host
        usual = {"http": 80, "https": 443}[target.scheme]
        url = httpcore2.URL(scheme=target.scheme, host=target.host, port=target.port, target=target.path)
        request = httpcore2.Request(
            "POST",
            url,
            headers=[
                ("Host", host if target.port == usual else f"{host}:{target.port}"),
                ("Connection", "close"),
                ("Content-Length", str(len(body))),
                *headers.items(),
            ],
            content=body,
            extensions={"timeout": {"connect": self._patience.connect}},
        )
        connection = httpcore2.AsyncHTTPConnection(url.origin, ssl_context=self._trust, network_backend=self._network)
        async with connection:
            response = await connection.handle_async_request(request)
            async for _ in response.aiter_stream():
                pass  # it must be whole to count, and says nothing to us
        return _judged(response, now_ms)


class _Checked(AsyncNetworkBackend):
    """Connects to public addresses only, unless all are allowed."""

    def __init__(self, resolve: Resolve, *, allow_private: bool, seconds: float) -> None:
        self._resolve = resolve
        self._allow_private = allow_private
        self._seconds = seconds
        self._plain = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109, ARG002 - its library passes it; ours is shared out below
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> AsyncNetworkStream:
        """Connect to the first address of a host that answers; raises Forbidden if any of them is not public."""
        addresses = await self._addresses(host)
        share = self._seconds / len(addresses)
        for more, address in enumerate(addresses, 1 - len(addresses)):
            try:
                stream = await self._plain.connect_tcp(str(address), port, share, local_address, socket_options)
                return _Bounded(stream)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                if not more:
                    raise
        raise AssertionError  # there is an address at least

    async def _addresses(self, host: str) -> list[Address]:
        typed = targets.literal(host)
        if typed is not None:
            found = [typed]
        else:
            try:
                async with asyncio.timeout(self._seconds):
                    found = [ip_address(address) for address in await self._resolve(host)]
            except TimeoutError as error:
                raise httpcore2.ConnectTimeout from error
        if not found:
            raise socket.gaierror
        if not self._allow_private and not all(targets.is_public(address) for address in found):
            raise Forbidden
        return list(dict.fromkeys(found))[:_MOST_ADDRESSES]


class _Bounded(AsyncNetworkStream):
    """A stream of which only so many bytes are read; raises TooLong past them."""

    def __init__(self, stream: AsyncNetworkStream) -> None:
        self._stream = stream
        self._left = MAX_ANSWER
        self.write = stream.write  # type: ignore[method-assign] # these three are passed on as they are
        self.aclose = stream.aclose  # type: ignore[method-assign] # as above
        self.get_extra_info = stream.get_extra_info  # type: ignore[method-assign] # as above

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 - as its library
        """Read what there is, within what is left."""
        if not self._left:
            raise TooLong
        read = await self._stream.read(min(max_bytes, self._left), timeout)
        self._left -= len(read)
        return read

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - as its library
    ) -> AsyncNetworkStream:
        """The same over TLS."""
        try:
            return _Bounded(await self._stream.start_tls(ssl_context, server_hostname, timeout))
        except BaseException:
            # Nobody else knows of the connection yet, and its library lets go of it only for errors.
            await self.aclose()
            raise


class _Resolver:
    """The system's resolver."""

    def __init__(self) -> None:
        self._aside = Aside(_MOST_LOOKUPS)

    async def __call__(self, host: str) -> list[str]:
        look_up = partial(socket.getaddrinfo, host, None, type=socket.SOCK_STREAM)
        return [str(address[0]) for *_, address in await self._aside.run(look_up)]


def _judged(response: httpcore2.Response, now_ms: int) -> Outcome:
    status = response.status
    if 200 <= status < 300:
        return Outcome(status=status)
    if status == 410:
        return Outcome(status=status, error="gone: the webhook was disabled", gone=True)
    if 300 <= status < 400:
        return Outcome(status=status, error="a redirect, and these are not followed")
    asked = 0.0
    if status in {429, 503}:
        asked = next((_seconds(value, now_ms) for name, value in response.headers if name.lower() == b"retry-after"), 0)
    return Outcome(status=status, error=f"answered with {status}", retry_after=asked)


def _seconds(retry_after: bytes, now_ms: int) -> float:
    """The seconds of a Retry-After, which is a number or a date; 0 where it is neither."""
    text = retry_after.decode("latin-1").strip()
    try:
        return max(0.0, float(text)) if text.replace(".", "", 1).isdecimal() else _until(text, now_ms)
    except (ValueError, OverflowError):
        return 0.0


def _until(date: str, now_ms: int) -> float:
    return max(0.0, parsedate_to_datetime(date).timestamp() - now_ms / 1_000)


def _reason(error: Exception) -> str:
    """What went wrong, in words of ours where the library's would repeat what the other side said."""
    cause: BaseException = error
    while cause.__cause__ is not None:
        cause = cause.__cause__
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"TLS: {cause.verify_message}"
    if isinstance(cause, ssl.SSLError):
        return "TLS: the handshake failed"
    if isinstance(cause, socket.gaierror):
        return "the name could not be resolved"
    if isinstance(error, httpcore2.ConnectTimeout):
        return "no connection in time"
    if isinstance(error, httpcore2.ConnectError | OSError):
        known = isinstance(cause, OSError) and cause.errno
        return f"no connection: {os.strerror(known)}" if known else "no connection"
    if isinstance(error, httpcore2.ProtocolError):
        return "the answer is not HTTP, or not whole"
    return "the connection broke off"
