"""Hot routes: decode, hand to the writer, encode; in the dialect of their contract.

A handler is a plain function: it makes the Work of a request whose sender is known and whose body is there. It is
run in one of two ways with the same outcome: as an ASGI application, or by the lane (api/lane.py), which spares
small requests of known senders the machinery of ASGI.
"""

import logging
import secrets
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec
from starlette.types import Receive, Scope, Send

from logserver.api.faults import REFUSALS, headers_of
from logserver.api.gate import Gate
from logserver.api.request import Disconnected, Request
from logserver.store.database import Database

logger = logging.getLogger("logserver.api")

Headers = list[tuple[bytes, bytes]]
_encode = msgspec.json.Encoder().encode


class Reply(NamedTuple):
    """A status and the value its JSON body is made of."""

    status: int
    payload: Any


class Answer(NamedTuple):
    """An encoded answer: status, JSON body, and headers beside Content-Type and Content-Length."""

    status: int
    body: bytes
    headers: Headers


class Work(NamedTuple):
    """What a request asks of the writer (Database.write), and what to answer with the outcome."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    rows: int
    size: int
    finish: Callable[[Any], Reply]
    explain: Callable[[Exception], Exception] | None = None
    """Puts what the function raises into the terms of the request."""


class Rules(NamedTuple):
    """What a hot route admits: kinds of credential, bytes of body with the code of that refusal."""

    kinds: frozenset[str]
    body_limit: int
    body_code: str


class Dialect(NamedTuple):
    """How a contract says no, and whom it tells: ``refused(request, fault, status)``."""

    refuse: Callable[[Exception], Reply]
    refused: Callable[[Request, Exception, int], None]


class Hot:
    """One hot route."""

    def __init__(
        self,
        prepare: Callable[[Request], Work],
        rules: Rules,
        dialect: Dialect,
        *,
        gate: Gate,
        database: Database,
        body_seconds: float,
    ) -> None:
        self._prepare = prepare
        self._rules = rules
        self._dialect = dialect
        self._gate = gate
        self._database = database
        self._body_seconds = body_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request as an ASGI application."""
        rules = self._rules
        request = Request(scope["path"], scope["headers"], scope.get("client"))
        try:
            await self._gate.admit(request, rules.kinds)
            await request.read(receive, limit=rules.body_limit, seconds=self._body_seconds, code=rules.body_code)
            work = self._prepare(request)
            outcome = await self._outcome(work)
            answer = self._succeed(request, work, outcome)
        except Disconnected:
            return
        except Exception as error:  # noqa: BLE001 - every failure is answered, and those that are ours are logged
            answer = self._fail(request, error)
        await send(
            {
                "type": "http.response.start",
                "status": answer.status,
                "headers": [
                    (b"content-type", b"application/json"),
                    (b"content-length", b"%d" % len(answer.body)),
                    *answer.headers,
                ],
            }
        )
        await send({"type": "http.response.body", "body": answer.body})

    def take(self, request: Request, answer: Callable[[Answer], None]) -> bool:
        """Answer a request whose body is there without ASGI; False, with nothing done, where that cannot be."""
        if not self._gate.recognize(request, self._rules.kinds) or len(request.raw) > self._rules.body_limit:
            return False
        try:
            work = self._prepare(request)

            def done(outcome: Any) -> None:
                if isinstance(outcome, Exception):
                    answer(self._fail(request, _explained(work, outcome)))
                else:
                    answer(self._succeed(request, work, outcome))

            self._database.submit(work.function, work.arguments, rows=work.rows, size=work.size, done=done)
        except Exception as error:  # noqa: BLE001 - as above
            answer(self._fail(request, error))
        return True

    async def _outcome(self, work: Work) -> Any:
        try:
            return await self._database.write(work.function, *work.arguments, rows=work.rows, size=work.size)
        except Exception as error:
            raise _explained(work, error) from error

    def _succeed(self, request: Request, work: Work, outcome: Any) -> Answer:
        status, payload = work.finish(outcome)
        return Answer(status, _encode(payload), _shared_headers(request))

    def _fail(self, request: Request, error: Exception) -> Answer:
        status, payload = self._dialect.refuse(error)
        headers = _shared_headers(request) + headers_of(error)
        if isinstance(error, REFUSALS):
            self._dialect.refused(request, error, status)
        else:
            request_id = f"req_{secrets.token_hex(8)}"
            logger.error("request %s failed", request_id, exc_info=error)
            headers.append((b"x-request-id", request_id.encode()))
        return Answer(status, _encode(payload), headers)


def _explained(work: Work, error: Exception) -> Exception:
    return work.explain(error) if work.explain is not None else error


def _shared_headers(request: Request) -> Headers:
    headers: Headers = []
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
                b"retry-after, x-ratelimit-limit, x-ratelimit-remaining, x-ratelimit-reset",
            ),
        )
    return headers
