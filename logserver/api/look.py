"""Routes that only read: decode, ask a reader of the store, encode."""

from collections.abc import Callable
from typing import Any, NamedTuple

from logserver.api.handler import Handler, Reply, Terms
from logserver.api.request import Request
from logserver.api.rules import Rules


class Question(NamedTuple):
    """What a request asks of a reader (Database.read), and what to answer with the outcome."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    finish: Callable[[Any], Reply]


class Look(Handler):
    """One route that reads."""

    def __init__(self, prepare: Callable[[Request], Question], rules: Rules, terms: Terms) -> None:
        super().__init__(rules, terms)
        self._prepare = prepare

    async def _reply(self, request: Request) -> Reply:
        question = self._prepare(request)
        return question.finish(await self._database.read(question.function, *question.arguments))
