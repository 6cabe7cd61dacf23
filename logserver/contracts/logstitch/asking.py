"""Who asks, and for which project: the walls between projects and tenants."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar, TypeVarTuple

from logserver.api.request import Request
from logserver.contracts.logstitch.reading import EVERYBODY, Audience
from logserver.core import projects
from logserver.core.faults import Forbidden, Malformed, NotFound, Unauthorized
from logserver.core.projects import Project
from logserver.core.tokens import Credential
from logserver.store.tx import Tx

T = TypeVar("T")
A = TypeVarTuple("A")

MASTER = frozenset({"master"})
KEYS = frozenset({"master", "project"})
READERS = frozenset({"master", "project", "viewer"})

Owner = Callable[[Tx], int | None]
"""The number of the project that something of an id is of; None where the id is that of every project."""


def credential_of(request: Request) -> Credential:
    """The credential a request was admitted with."""
    if request.credential is None:
        raise Unauthorized("Unauthorized")
    return request.credential


def audience_of(credential: Credential) -> Audience:
    """What the one who asks may see of the events of a project."""
    if credential.kind != "viewer":
        return EVERYBODY
    fields = credential.bound.get("fields")
    return Audience(credential.bound["tenant_id"], None if fields is None else tuple(fields))


def named_project(request: Request, sent: dict[str, Any] | None = None) -> str | None:
    """The project a request names, if it does; the name is taken out of the body that was ``sent``.

    Raises NotFound where a credential of one project names another.
    """
    named = project_id_of(sent, request.query())
    own = credential_of(request).project
    if own is not None and named not in {None, own.uuid, own.slug}:
        raise NotFound("there is no such project")
    return named


def project_of(tx: Tx, credential: Credential, named: str | None, owner: Owner | None = None) -> Project:
    """The project a request is about, as it is now; ``owner`` tells it from the id that is asked about.

    Raises NotFound for one that is not there, and Malformed where a master key would have to name one.
    """
    if credential.project is not None:
        return projects.by_number(tx, credential.project.number)
    if named is not None:
        try:
            return projects.by_slug(tx, named)
        except NotFound:
            # Whatever stood in the place of a name is not repeated.
            raise NotFound("there is no such project") from None
    if owner is not None and (number := owner(tx)) is not None:
        return projects.by_number(tx, number)
    found = [project for project in projects.every(tx, archived=False) if not project.system]
    if len(found) == 1:
        return found[0]
    if not found:
        raise NotFound("there is no project yet; make one with `logserver project create`")
    raise Malformed("there are several projects: name one with project_id, in the query or in the body")


def in_project(
    function: Callable[..., T], credential: Credential, named: str | None, owner: Owner | None = None
) -> Callable[..., T]:
    """A function of a transaction and a project, and more, as one of the transaction and the rest."""

    def run(tx: Any, *arguments: Any) -> T:
        return function(tx, project_of(tx, credential, named, owner), *arguments)

    return run


def require_live(credential: Credential) -> None:
    """Raise Forbidden for a test key."""
    if credential.bound.get("mode") == "test":
        raise Forbidden("a test key may not do this")


def project_id_of(sent: dict[str, Any] | None, query: Mapping[str, str]) -> str | None:
    """The project a request names: in its body, from which the name is taken, or in its query."""
    named = sent.pop("project_id", None) if sent is not None else None
    if named is None:
        named = query.get("project_id")
    if named is not None and not isinstance(named, str):
        raise Malformed("project_id must be a string")
    return named
