"""Routes that do more than ask the store once: they wait for something beside it, such as a password's hash."""

from collections.abc import Awaitable, Callable

from logserver.api.handler import Handler, Reply, Terms
from logserver.api.request import Request
from logserver.api.rules import Rules


class Act(Handler):
    """One route whose handler is a coroutine: it writes and reads by itself."""

    def __init__(self, perform: Callable[[Request], Awaitable[Reply]], rules: Rules, terms: Terms) -> None:
        super().__init__(rules, terms)
        self._perform = perform

    async def _reply(self, request: Request) -> Reply:
        return await self._perform(request)
