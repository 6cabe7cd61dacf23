"""What the declarations of the read API share: who may, how much, and how it says no."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from logserver.api.endpoint import Answer, Auth, Endpoint, Example, Form, Parameter, Tag
from logserver.api.fields import CONTROL_BYTES
from logserver.api.handler import Dialect, Reply, Terms
from logserver.api.look import Look, Question
from logserver.api.request import Request
from logserver.api.resources import Resources
from logserver.api.rules import Rules
from logserver.contracts.logister.reads import wire
from logserver.contracts.logister.reads.asking import KINDS, Asked, in_project, require_scope
from logserver.contracts.logister.reads.refusals import refuse
from logserver.core.faults import Unauthorized
from logserver.core.projects import Project
from logserver.core.tokens import Credential
from logserver.store.tx import Tx

ROOT = "/api/v1/cli"
PROJECT = f"{ROOT}/projects/{{project}}"

READS = Tag(
    "Logister: reading",
    "What was sent, for programs: a project token reads its own project, a read token what its scopes say.",
)

KEPT = {"project": "{{read_project}}"}
"""The project that the collection has found by its token."""

IN_PATH = Parameter("project", str, "Slug or UUID of the project.", where="path")
LIMIT = Parameter("limit", int, "Entries a page, 1 to 100 (50).", example=50)
CURSOR = Parameter("cursor", str, "Where the page before ended.")
SINCE = Parameter("since", str, "From then on: `15m`, `1h`, `24h` or `7d` before now, or ISO 8601.", example="24h")
UNTIL = Parameter("until", str, "Before then, written like `since` (now).")
ENVIRONMENT = Parameter("environment", str, "Of this environment.")
RELEASE = Parameter("release", str, "Of this release.")

_REFUSALS: dict[int, Any] = {
    400: Answer(wire.Unanswered, "`invalid_parameter`, which the text names, or `invalid_cursor`."),
    401: Answer(wire.Unanswered, "`unauthorized`: no token, or none that is valid."),
    403: Answer(wire.Unanswered, "`insufficient_scope`: a read token that was not made for this."),
    404: Answer(wire.Unanswered, "`not_found`, as far as this token can see."),
    429: Answer(wire.Unanswered, "`rate_limited`: the token has used up its window of this resource."),
    503: Answer(wire.Unanswered, "`query_timeout`: it took longer than a read may; ask for less."),
}

InProject = Callable[[Tx, Project, Asked], Any]


class Routes:
    """Makes the declarations, over a server's resources."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self._gate = resources.gate
        # A question that was refused is nothing that was lost: nobody is told.
        dialect = Dialect(refuse, lambda _request, _fault, _status: None)
        self._terms = Terms(dialect, resources.gate, resources.database, resources.body_seconds)
        self.resources: list[wire.Resource] = []
        """What was declared so far."""

    def of_project(self, path: str, name: str, scope: str, read: InProject, **declared: Any) -> Endpoint:
        """A resource of one project, which stands in the path."""

        def prepare(request: Request) -> Question:
            function = in_project(read, credential_of(request), request.params["project"])
            return Question(function, (self._asked(request),), _found)

        parameters = (IN_PATH, *declared.pop("parameters", ()))
        return self._declared(PROJECT + path, name, scope, prepare, parameters=parameters, **declared)

    def of_token(self, path: str, name: str, scope: str | None, read: Callable[..., Any], **declared: Any) -> Endpoint:
        """A resource of the one who asks; ``read(tx, credential, now_ms)``."""

        def prepare(request: Request) -> Question:
            return Question(read, (credential_of(request), self._resources.clock.now_ms()), _found)

        return self._declared(ROOT + path, name, scope, prepare, **declared)

    def _asked(self, request: Request) -> Asked:
        database = self._resources.database
        now_ms = self._resources.clock.now_ms()
        return Asked(request.query(), request.params, now_ms, database.spelling, database.secret)

    def _declared(
        self,
        path: str,
        name: str,
        scope: str | None,
        prepare: Callable[[Request], Question],
        *,
        gives: Form,
        found: str,
        summary: str,
        description: str = "",
        parameters: tuple[Parameter, ...] = (),
        examples: Mapping[str, Example],
        may_miss: bool = True,
    ) -> Endpoint:
        def counted(request: Request) -> Question:
            self._gate.take(request, name)
            return prepare(request)

        rules = Rules(KINDS, CONTROL_BYTES, "body_bytes", admitted=partial(_require, scope))
        needs = f" A read token needs the scope `{scope}`." if scope is not None else ""
        refusals = {status: answer for status, answer in _REFUSALS.items() if may_miss or status not in {400, 404}}
        declared = Endpoint(
            method="GET",
            path=path,
            name=name,
            tag=READS,
            summary=summary,
            description=(description + needs).strip(),
            handler=Look(counted, rules, self._terms),
            auth=Auth.PROJECT_TOKEN | Auth.READ_TOKEN,
            gives={200: Answer(gives, found)},
            errors=refusals,
            rate_limited=True,
            parameters=parameters,
            examples=examples,
        )
        resource = wire.Resource(name.removeprefix("read_"), declared.method, declared.public_path(), scope)
        self.resources.append(resource)
        return declared


def credential_of(request: Request) -> Credential:
    """The credential a request was admitted with."""
    if request.credential is None:
        raise Unauthorized("Unauthorized")
    return request.credential


def kept(status: int | None = None, /, keeps: Mapping[str, str] | None = None, **values: Any) -> Example:
    """An example that asks about the project of the collection's token."""
    return Example(values=KEPT | values, status=status, keeps=keeps or {})


def _require(scope: str | None, request: Request) -> None:
    require_scope(credential_of(request), scope)


def _found(payload: Any) -> Reply:
    return Reply(200, payload)
