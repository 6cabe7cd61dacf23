"""Routes that write: decode, hand to the writer, encode; in the dialect of their contract.

A handler is a plain function: it makes the Work of a request whose sender is known and whose body is there. It is
run in one of two ways with the same outcome: as an ASGI application, or by the lane (api/lane.py), which spares
small requests of known senders the machinery of ASGI.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from logserver.api.handler import Answer, Handler, Reply, Terms
from logserver.api.request import Request
from logserver.api.rules import Rules


class Work(NamedTuple):
    """What a request asks of the writer (Database.write), and what to answer with the outcome."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    rows: int
    size: int
    finish: Callable[[Any], Reply]
    explain: Callable[[Exception], Exception] | None = None
    """Puts what the function raises into the terms of the request."""
    withdraws: bool = False
    """Whether it takes something from a credential, which must hold before it is answered."""


class Hot(Handler):
    """One route that writes."""

    def __init__(self, prepare: Callable[[Request], Work], rules: Rules, terms: Terms) -> None:
        super().__init__(rules, terms)
        self._prepare = prepare

    async def _reply(self, request: Request) -> Reply:
        work = self._prepare(request)
        try:
            outcome = await self._database.write(work.function, *work.arguments, rows=work.rows, size=work.size)
        except Exception as error:
            raise _explained(work, error) from error
        if work.withdraws:
            await self._gate.refresh()
        return work.finish(outcome)

    def take(self, request: Request, answer: Callable[[Answer], None]) -> bool:
        """Answer a request whose body is there without ASGI; False, with nothing done, where that cannot be."""
        rules = self._rules
        if len(request.raw) > rules.body_limit:
            return False
        if rules.body_secrets is not None and request.secret() is None:
            request.body_secret = rules.body_secrets.glance(request)
        if not self._gate.recognize(request, rules.kinds):
            return False
        try:
            if rules.demands is not None:
                rules.demands(request)
            self._permit(request)
            self._require_room(request)
            work = self._prepare(request)

            def done(outcome: Any) -> None:
                if isinstance(outcome, Exception):
                    answer(self._fail(request, _explained(work, outcome)))
                else:
                    answer(self._succeed(request, work.finish(outcome)))

            self._database.submit(work.function, work.arguments, rows=work.rows, size=work.size, done=done)
        except Exception as error:  # noqa: BLE001 - every failure is answered, and those that are ours are logged
            answer(self._fail(request, error))
        return True


def _explained(work: Work, error: Exception) -> Exception:
    return work.explain(error) if work.explain is not None else error
