"""What POST /v1/logs does: from a request to the writer's work, and from its outcome to the answer."""

import logging
from typing import NamedTuple

from logserver.api.bodies import body_of
from logserver.api.handler import Reply
from logserver.api.hot import Work
from logserver.api.request import Request
from logserver.api.resources import Resources
from logserver.contracts.luminalog import reading
from logserver.contracts.luminalog.bounds import BODY_BYTES
from logserver.contracts.luminalog.keys import BodyKeys, sent_as
from logserver.contracts.luminalog.refusals import Rejected
from logserver.contracts.luminalog.refused import RefusedBodies
from logserver.contracts.luminalog.wire import Ingested
from logserver.core.faults import Forbidden, Malformed, TooLarge, Unauthorized, UnsupportedType
from logserver.core.projects import Project
from logserver.core.tokens import Credential

logger = logging.getLogger("logserver.luminalog")

DIALECT = "luminalog"
SENDERS = frozenset({"project"})
"""Kinds of credential that may send."""


class Options(NamedTuple):
    """What the settings say of this contract."""

    per_minute: int
    """Requests a minute of a key that has no limits of its own."""
    burst: int
    """How many of them may come at once."""
    require_https: bool


class Handlers:
    """The handlers of the contract, over one server's resources."""

    def __init__(self, resources: Resources, options: Options) -> None:
        self._resources = resources
        self._gate = resources.gate
        self._options = options
        self._refused = RefusedBodies(resources.clock)
        self.keys = BodyKeys(self._refused)
        if options.require_https and not self._gate.trusts_any():
            logger.warning(
                "POST /v1/logs takes HTTPS only, and no proxy is trusted to say so of a request: all are refused"
            )

    def require_https(self, request: Request) -> None:
        """Raise Forbidden for what came by plain HTTP, where that is not taken."""
        if self._options.require_https and not self._gate.is_secure(request):
            raise Forbidden("Plain HTTP is refused here; send over HTTPS")

    def count(self, request: Request) -> None:
        """Take a request out of the bucket of its key; raises TooMany."""
        credential, options = _sender(request), self._options
        self._gate.take_token(
            request,
            per_minute=credential.logs_per_minute or options.per_minute,
            burst=credential.logs_burst or options.burst,
        )

    def ingest(self, request: Request) -> Work:
        """POST /v1/logs: a batch of entries, all or none."""
        credential = _sender(request)
        sent = sent_as(request)
        self._refused.check(credential.id, sent)
        project, resources = _project(credential), self._resources
        try:
            raw = body_of(request, BODY_BYTES)
            entries = reading.read(raw, received_ms=resources.clock.now_ms(), environment=resources.environment)
        except (Rejected, Malformed, TooLarge, UnsupportedType) as fault:
            rejected = fault if isinstance(fault, Rejected) else Rejected(str(fault))
            known = None if self.keys.glance(request) is not None else request.body_secret
            self._refused.remember(credential.id, sent, rejected, secret=known)
            raise rejected from None
        function, arguments = resources.intake.plan_lines(project, entries, dialect=DIALECT)

        def finish(used: int) -> Reply:
            return Reply(200, Ingested("Logs ingested successfully", len(entries), used, project.uuid))

        return Work(function, arguments, len(entries), len(raw), finish)


def _sender(request: Request) -> Credential:
    if request.credential is None:
        raise Unauthorized("Unauthorized")
    return request.credential


def _project(credential: Credential) -> Project:
    if credential.project is None:
        raise Unauthorized("Unauthorized")
    return credential.project
