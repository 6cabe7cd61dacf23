"""Who asks, for which project, and what stands in the question: the same over HTTP and in the shell."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, NamedTuple, TypeVar

from logserver.api.fields import Fields
from logserver.core import projects
from logserver.core.faults import Forbidden, NotFound
from logserver.core.projects import Project
from logserver.core.times import moment_ms
from logserver.core.tokens import Credential
from logserver.store.ids import Spelling
from logserver.store.tx import Tx

T = TypeVar("T")

KINDS = frozenset({"project", "read"})
"""Kinds of credential that may read: a project token its own project, a read token what its scopes say."""

USUAL_LIMIT = 50
MOST = 100
"""Entries a page."""

DAY_MS = 86_400_000
LONGEST_TEXT = 255


class InsufficientScope(Forbidden):
    """A read token that was not made for this."""


class Asked(NamedTuple):
    """A question about one project."""

    query: Mapping[str, str]
    params: Mapping[str, str]
    """What stands in the places of the path."""
    now_ms: int
    spelling: Spelling
    secret: bytes
    """What cursors are signed with."""


class Period(NamedTuple):
    """From when until when, in Unix milliseconds; ``until_ms`` is the first one left out."""

    since_ms: int
    until_ms: int


def require_scope(credential: Credential, scope: str | None) -> None:
    """Raise InsufficientScope for a read token that lacks a scope."""
    if scope is not None and credential.kind == "read" and scope not in credential.scopes:
        raise InsufficientScope(f"the token lacks the scope {scope}")


def visible(tx: Tx, credential: Credential) -> list[Project]:
    """The projects a credential may read, by slug."""
    if credential.project is not None:
        return [projects.by_number(tx, credential.project.number)]
    return projects.every(tx)


def project_of(tx: Tx, credential: Credential, named: str) -> Project:
    """The project of a slug or UUID, as far as a credential may know of it; raises NotFound."""
    own = credential.project
    if own is None:
        try:
            return projects.by_slug(tx, named)
        except NotFound:
            # Whatever stood in the place of a name is not repeated.
            raise NotFound("there is no such project") from None
    if named not in {own.uuid, own.slug}:
        raise NotFound("there is no such project")
    return projects.by_number(tx, own.number)


def in_project(
    function: Callable[[Tx, Project, Asked], T], credential: Credential, named: str
) -> Callable[[Tx, Asked], T]:
    """A function of a transaction, a project and what is asked, as one of the transaction and what is asked.

    It keeps its name, by which slow reads are listed.
    """

    @wraps(function)
    def run(tx: Tx, asked: Asked) -> T:
        return function(tx, project_of(tx, credential, named), asked)

    return run


def fields_of(asked: Asked) -> Fields:
    """The values of a question; one without a value is left out."""
    return Fields({name: value for name, value in asked.query.items() if value}, query=True)


def limit_of(fields: Fields) -> int:
    """Entries a page, 1 to 100."""
    limit = fields.integer("limit", 1, MOST)
    return USUAL_LIMIT if limit is None else limit


def moment_of(fields: Fields, asked: Asked, name: str) -> int | None:
    """A point in time in Unix milliseconds, spelled ``15m``, ``24h`` or ``7d`` (before now) or in ISO 8601."""
    spelled = fields.text(name, longest=64)
    if spelled is None:
        return None
    try:
        # A plus that was not escaped in a query has become a space.
        return moment_ms(spelled.strip().replace(" ", "+"), asked.now_ms)
    except ValueError:
        fields.wrong(name, "Must be a span before now such as 15m, 24h or 7d, or an ISO 8601 time")
        return None


def period_of(fields: Fields, asked: Asked, usual_ms: int = DAY_MS) -> Period:
    """The time a question is about: to now, and so long before it, unless ``since`` and ``until`` say else."""
    until = moment_of(fields, asked, "until")
    since = moment_of(fields, asked, "since")
    until = asked.now_ms + 1 if until is None else until
    since = max(until - usual_ms, 0) if since is None else since
    if since >= until and not fields.problems:
        fields.wrong("since", "Must be before until")
    return Period(since, until)


def builtins(query: Mapping[str, Any]) -> dict[str, str]:
    """The values of a question as a query has them; what is None is left out."""
    return {name: str(value) for name, value in query.items() if value is not None}
