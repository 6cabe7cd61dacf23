"""What answering a request has in common: who may ask, what is read, how it is answered and refused."""

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, NamedTuple

import msgspec
from starlette.types import Receive, Scope, Send

from logserver.api.faults import REFUSALS, headers_of, reason_of
from logserver.api.gate import Gate
from logserver.api.held import HeldBodies
from logserver.api.linger import let_finish
from logserver.api.request import Disconnected, Request
from logserver.api.rules import Rules
from logserver.core.faults import Forbidden, TooLarge, TooMany
from logserver.store.database import Database
from logserver.store.traces import trace

logger = logging.getLogger("logserver.api")

Headers = list[tuple[bytes, bytes]]
JSON = b"application/json"
BODILESS = frozenset({204, 304})
"""Statuses whose answers have no body."""

_BODIES_OF_STRANGERS = 4
"""How many of the largest bodies may be held at a time while nobody knows who sends them."""

_encode = msgspec.json.Encoder().encode


class Reply(NamedTuple):
    """A status and the value its JSON body is made of; with a 204 or 304 there is none."""

    status: int
    payload: Any = None
    headers: tuple[tuple[bytes, bytes], ...] = ()
    media: bytes = JSON
    """The media type of a payload that is ``bytes``, which are sent as they are."""


class Answer(NamedTuple):
    """An encoded answer: status, body, headers beside Content-Type and Content-Length, and the media type."""

    status: int
    body: bytes
    headers: Headers
    media: bytes = JSON

    def head(self) -> Headers:
        """All its headers."""
        if self.status in BODILESS:
            return self.headers
        described = [(b"content-type", self.media), (b"content-length", b"%d" % len(self.body))]
        return described + self.headers


class Dialect(NamedTuple):
    """How a contract says no, and whom it tells: ``refused(request, fault, status)``."""

    refuse: Callable[[Exception, str], Reply]
    """From a fault and the id of the request."""
    refused: Callable[[Request, Exception, int], None]
    stamped: bool = False
    """Whether every answer carries the id of its request, as X-Request-Id."""


class Terms(NamedTuple):
    """What the routes of a contract share: its dialect, and the parts of the server they work with."""

    dialect: Dialect
    gate: Gate
    database: Database
    body_seconds: float


class Door:
    """What every route has in common, also one of a WebSocket: whom it lets in, and how it refuses."""

    def __init__(self, rules: Rules, terms: Terms) -> None:
        self._rules = rules
        self._dialect = terms.dialect
        self._gate = terms.gate
        self._database = terms.database
        self._body_seconds = terms.body_seconds

    def _permit(self, request: Request) -> None:
        """Count a request of a known sender; raise Forbidden where its credential lacks what the route asks of it."""
        rules, credential = self._rules, request.credential
        if credential is None:
            return
        if rules.scope is not None and rules.scope not in credential.scopes:
            raise Forbidden(f"the key lacks the permission {rules.scope}")
        if rules.admin and credential.kind == "user" and credential.bound.get("role") != "admin":
            raise Forbidden("only an admin may do this")
        if rules.admitted is not None:
            rules.admitted(request)

    def _require_room(self, request: Request) -> None:
        """Raise StoreBusy where no event of a request could be stored: to say so must cost less than to look at it."""
        if self._rules.stores:
            self._database.admit(1, len(request.raw))

    def _fail(self, request: Request, error: Exception) -> Answer:
        status, payload, *_ = self._dialect.refuse(error, request.id)
        if isinstance(error, TooMany):
            # The limit that was hit is told, not another one that there was room in.
            request.standing = None
        headers = self._shared_headers(request) + headers_of(error)
        if isinstance(error, REFUSALS):
            self._gate.refused[reason_of(error)] += 1
            self._dialect.refused(request, error, status)
        else:
            logger.error("request %s failed\n%s", request.id, trace(error))
            if not self._dialect.stamped:
                headers.append((b"x-request-id", request.id.encode()))
        return Answer(status, _encode(payload), headers)

    def _shared_headers(self, request: Request) -> Headers:
        headers: Headers = []
        if self._dialect.stamped:
            headers.append((b"x-request-id", request.id.encode()))
        standing = request.standing
        if standing is not None:
            headers += (
                (b"x-ratelimit-limit", b"%d" % standing.limit),
                (b"x-ratelimit-remaining", b"%d" % standing.remaining),
                (b"x-ratelimit-reset", b"%d" % standing.reset_at),
            )
        if b"origin" in request.headers:
            # A token in a header is no ambient authority, so any page may send with its own.
            headers += (
                (b"access-control-allow-origin", b"*"),
                (
                    b"access-control-expose-headers",
                    b"retry-after, x-request-id, x-ratelimit-limit, x-ratelimit-remaining, x-ratelimit-reset",
                ),
            )
        return headers


class Handler(Door, ABC):
    """One route as an ASGI application; what it does is for its kind to say (``_reply``)."""

    def __init__(self, rules: Rules, terms: Terms) -> None:
        super().__init__(rules, terms)
        self._strangers = HeldBodies(
            _BODIES_OF_STRANGERS * rules.body_limit, "too much is being sent without a key in a header"
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        rules = self._rules
        request = Request.of(scope)
        unread = False
        try:
            if rules.counts is not None:
                rules.counts(request)
            if rules.demands is not None:
                rules.demands(request)
            with ExitStack() as room:
                await self._take_in(request, receive, room)
                self._require_room(request)
                answer = self._succeed(request, await self._reply(request))
        except Disconnected:
            return
        except Exception as error:  # noqa: BLE001 - every failure is answered, and those that are ours are logged
            answer = self._fail(request, error)
            unread = isinstance(error, TooLarge) and not request.whole
        await send({"type": "http.response.start", "status": answer.status, "headers": answer.head()})
        await send({"type": "http.response.body", "body": answer.body, "more_body": unread})
        if unread:
            await let_finish(receive)
            await send({"type": "http.response.body", "body": b""})

    @abstractmethod
    async def _reply(self, request: Request) -> Reply: ...

    async def _admit(self, request: Request) -> None:
        """Find out who sends a request, and whether it may."""
        await self._gate.admit(request, self._rules.kinds, forbids=self._rules.forbids)
        self._permit(request)

    async def _read(
        self,
        request: Request,
        receive: Receive,
        arrived: Callable[[int], None] | None = None,
        enough: int | None = None,
    ) -> None:
        limit, code, seconds = self._rules.body_limit, self._rules.body_code, self._body_seconds
        await request.read(receive, limit=limit, seconds=seconds, code=code, arrived=arrived, enough=enough)

    async def _take_in(self, request: Request, receive: Receive, room: ExitStack) -> None:
        """Find out who sends a request, and read its body, which takes ``room`` of its sender."""
        rules, secrets = self._rules, self._rules.body_secrets
        if secrets is None or request.secret() is not None:
            if rules.kinds:
                await self._admit(request)
            await self._read(request, receive, self._held(request, room))
            return
        # That much has arrived unasked, and whoever is known by it takes no room of strangers.
        await self._read(request, receive, enough=secrets.GLANCED)
        request.body_secret = secrets.glance(request)
        if request.body_secret is not None:
            await self._admit(request)
            await self._read(request, receive, self._held(request, room))
            return
        with self._strangers.holding() as arrived:
            arrived(len(request.raw))
            await self._read(request, receive, arrived)
            self._gate.require_patience(request)
            request.body_secret = secrets.search(request)
            await self._admit(request)
            self._held(request, room)

    def _held(self, request: Request, room: ExitStack) -> Callable[[int], None] | None:
        """Count what has arrived of a body towards its sender; the function counts the rest."""
        if request.credential is None:
            return None
        arrived = room.enter_context(self._gate.bodies.holding(request.credential.id))
        arrived(len(request.raw))
        return arrived

    def _succeed(self, request: Request, reply: Reply) -> Answer:
        status, payload, extra, media = reply
        body = payload if isinstance(payload, bytes) else b"" if status in BODILESS else _encode(payload)
        headers = self._shared_headers(request)
        headers += extra
        return Answer(status, body, headers, media)
