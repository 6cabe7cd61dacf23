"""What the declarations of all routes share: who may, how much, and how the contract says no."""

from collections.abc import Callable
from typing import Any

from logserver.api.endpoint import Answer, Parameter
from logserver.api.fields import CONTROL_BYTES
from logserver.api.handler import Dialect, Terms
from logserver.api.hot import Hot, Work
from logserver.api.look import Look, Question
from logserver.api.request import Request
from logserver.api.resources import Resources
from logserver.api.rules import Rules
from logserver.contracts.logstitch import wire
from logserver.contracts.logstitch.refusals import Notes, refuse

REFUSALS: dict[int, Any] = {
    400: Answer(wire.Error, "The body is no JSON, a cursor is not one of this list, or a project has to be named."),
    401: Answer(wire.Error, "No credential, or none that is valid."),
    403: Answer(wire.Error, "A valid credential that may not do this."),
    404: Answer(wire.Error, "Nothing of that name, as far as this credential can see."),
    408: Answer(wire.Error, "The body did not arrive in time."),
    409: Answer(wire.Error, "It contradicts what is stored."),
    410: Answer(wire.Error, "It was there and has expired."),
    413: Answer(wire.Error, "The body is too large."),
    415: Answer(wire.Error, "The body is packed with something other than gzip."),
    422: Answer(wire.Error, "Every value that breaks a rule, under the path of its field."),
    429: Answer(wire.Error, "The window is used up."),
    503: Answer(wire.Error, "The store cannot take it now; nothing was stored."),
}

PROJECT_ID = Parameter("project_id", str, "The project, where a master key has several to choose from.")
LIMIT = Parameter("limit", int, "Entries a page, 1 to 100.", example=50)
CURSOR = Parameter("cursor", str, "Where the page before ended.")


OF_BODIES = (408, 413, 415)
"""What a route that takes a body may refuse it with, beside what stands in it."""


def refusals(*statuses: int) -> dict[int, Any]:
    """The declarations of some refusals, and of those every route may answer with."""
    return {status: REFUSALS[status] for status in sorted({400, 401, 403, 404, 422, 429, 503, *statuses})}


class Routes:
    """Makes the handlers of the contract's routes."""

    def __init__(self, resources: Resources) -> None:
        dialect = Dialect(refuse, Notes(resources.observer).refused, stamped=True)
        self._terms = Terms(dialect, resources.gate, resources.database, resources.body_seconds)

    def writes(
        self,
        prepare: Callable[[Request], Work],
        kinds: frozenset[str],
        *,
        limit: int = CONTROL_BYTES,
        counts: Callable[[Request], None] | None = None,
        stores: bool = False,
    ) -> Hot:
        """A route that writes, for credentials of these kinds; none of them: for everybody.

        ``counts`` counts a request before anything else of it is looked at; one that ``stores`` brings events.
        """
        rules = Rules(kinds, limit, "body_bytes", forbids=True, counts=counts, stores=stores)
        return Hot(prepare, rules, self._terms)

    def reads(
        self,
        prepare: Callable[[Request], Question],
        kinds: frozenset[str],
        *,
        counts: Callable[[Request], None] | None = None,
    ) -> Look:
        """A route that reads; as writes()."""
        return Look(prepare, Rules(kinds, CONTROL_BYTES, "body_bytes", forbids=True, counts=counts), self._terms)
