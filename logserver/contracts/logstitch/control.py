"""What the routes of rules and webhooks share: one thing of a project is made, changed or deleted."""

from collections.abc import Callable
from functools import partial
from typing import Protocol, TypeVar

import msgspec
from msgspec import UnsetType

from logserver.api.handler import Reply
from logserver.api.hot import Work
from logserver.api.request import Request
from logserver.contracts.logstitch.asking import credential_of, in_project, named_project
from logserver.core.projects import Project
from logserver.store.tx import Tx

T = TypeVar("T")


class OwnerOf(Protocol):
    """From the id of a thing to its project's number; None where that does not follow from the id."""

    def __call__(self, tx: Tx, thing_id: str, /) -> int | None:
        """Raises NotFound for an unknown id."""
        ...


class Deleted(msgspec.Struct):
    """It is not there any more."""

    deleted: bool
    request_id: str


class Shown(Protocol):
    """A thing as it is answered."""

    request_id: str | UnsetType


def put(
    request: Request,
    function: Callable[[Tx, Project], T],
    named: str | None,
    shown: Callable[[T], Shown],
    *,
    status: int = 200,
    owner: OwnerOf | None = None,
) -> Work:
    """The work of a request that makes or changes a thing: ``function`` does it, ``shown`` says what to answer.

    Where a master key has not named the project, ``owner`` finds it by the id in the path.
    """
    request_id = request.id

    def finish(outcome: T) -> Reply:
        answer = shown(outcome)
        answer.request_id = request_id
        return Reply(status, answer)

    found = partial(_owner, owner, request.params["id"]) if owner is not None else None
    return Work(in_project(function, credential_of(request), named, found), (), 0, 0, finish)


def delete(request: Request, function: Callable[[Tx, int, str], None], owner: OwnerOf) -> Work:
    """The work of a request that deletes a thing: ``function`` takes its project's number and its id."""
    thing_id, request_id = request.params["id"], request.id

    def run(tx: Tx, project: Project) -> None:
        function(tx, project.number, thing_id)

    def finish(_outcome: None) -> Reply:
        return Reply(200, Deleted(deleted=True, request_id=request_id))

    found = partial(_owner, owner, thing_id)
    return Work(in_project(run, credential_of(request), named_project(request), found), (), 0, 0, finish)


def _owner(owner: OwnerOf, thing_id: str, tx: Tx) -> int | None:
    return owner(tx, thing_id)
