"""What the declarations of all routes share: who may, how much, and how the contract says no."""

from collections.abc import Awaitable, Callable
from typing import Any

from logserver.api.act import Act
from logserver.api.endpoint import Answer, Parameter
from logserver.api.fields import CONTROL_BYTES
from logserver.api.handler import Dialect, Reply, Terms
from logserver.api.hot import Hot, Work
from logserver.api.look import Look, Question
from logserver.api.request import Request
from logserver.api.resources import Resources
from logserver.api.rules import Rules
from logserver.contracts.logfleet import wire
from logserver.contracts.logfleet.asking import counted
from logserver.contracts.logfleet.refusals import Notes, refuse

REFUSALS: dict[int, Any] = {
    400: Answer(wire.Error, "What is wrong, under the name of each field."),
    401: Answer(wire.Error, "No credential, or none that is valid."),
    403: Answer(wire.Error, "A valid credential that may not do this."),
    404: Answer(wire.Error, "Nothing of that name."),
    408: Answer(wire.Error, "The body did not arrive in time."),
    409: Answer(wire.Error, "It exists already, or was changed since the version that was sent."),
    410: Answer(wire.Error, "It has ended."),
    413: Answer(wire.Error, "The body is too large."),
    415: Answer(wire.Error, "The body is packed with something other than gzip."),
    429: Answer(wire.Error, "The minute of this group of endpoints is used up."),
    503: Answer(wire.Error, "The server cannot take it now; nothing was stored."),
}
PAGE = Parameter("page", int, "Which page, from 1.", example=1)
PAGE_SIZE = Parameter("page_size", int, "Entries a page, 1 to 100.", example=20)

OF_BODIES = (408, 413, 415)
"""What a route that takes a body may refuse it with, beside what stands in it."""


def refusals(*statuses: int) -> dict[int, Any]:
    """The declarations of some refusals, and of those every route may answer with."""
    return {status: REFUSALS[status] for status in sorted({400, 401, 403, 429, 503, *statuses})}


class Routes:
    """Makes the handlers of the contract's routes; ``group`` is the rate group of asking.LIMITS they count in."""

    def __init__(self, resources: Resources) -> None:
        dialect = Dialect(refuse, Notes(resources.observer).refused)
        self.gate = resources.gate
        self.terms = Terms(dialect, resources.gate, resources.database, resources.body_seconds)

    def writes(self, prepare: Callable[[Request], Work], rules: Rules, group: str) -> Hot:
        """A route that writes."""
        count = counted(self.gate, group)

        def counting(request: Request) -> Work:
            count(request)
            return prepare(request)

        return Hot(counting, rules, self.terms)

    def reads(self, prepare: Callable[[Request], Question], rules: Rules, group: str) -> Look:
        """A route that reads."""
        count = counted(self.gate, group)

        def counting(request: Request) -> Question:
            count(request)
            return prepare(request)

        return Look(counting, rules, self.terms)

    def acts(self, perform: Callable[[Request], Awaitable[Reply]], rules: Rules, group: str | None) -> Act:
        """A route that waits for more than the store; without a group it counts for itself."""
        if group is None:
            return Act(perform, rules, self.terms)
        count = counted(self.gate, group)

        async def counting(request: Request) -> Reply:
            count(request)
            return await perform(request)

        return Act(counting, rules, self.terms)

    def opens(self, perform: Callable[[Request], Awaitable[Reply]], group: str) -> Act:
        """A route for those who are not known yet: a request counts whatever becomes of it."""
        return Act(perform, rules(frozenset())._replace(counts=counted(self.gate, group)), self.terms)


def rules(kinds: frozenset[str], *, scope: str | None = None, admin: bool = False, limit: int = CONTROL_BYTES) -> Rules:
    """Who is let in: credentials of these kinds, with a permission (``scope``), admins only."""
    return Rules(kinds, limit, "body_bytes", forbids=True, scope=scope, admin=admin)
