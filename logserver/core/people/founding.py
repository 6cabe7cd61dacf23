"""A new project as a person makes one: the person owns it, and there is a token to send with."""

from typing import NamedTuple

from logserver.core import projects, tokens
from logserver.core.people import members
from logserver.core.people.accounts import User
from logserver.core.projects import DEFAULT_RETENTION_DAYS, Project
from logserver.core.tokens import Issued
from logserver.store.tx import Tx


class Founded(NamedTuple):
    """A new project and its first token."""

    project: Project
    token: Issued


def found(
    tx: Tx, user: User, *, name: str, slug: str = "", retention_days: int = DEFAULT_RETENTION_DAYS, now_ms: int
) -> Founded:
    """Make a project that a user owns; without a ``slug`` one is made of the name.

    Raises as projects.create does, and Invalid for a name that is blank.
    """
    chosen = slug or projects.free_slug(tx, name)
    project = projects.create(tx, slug=chosen, name=projects.named(name), retention_days=retention_days, now_ms=now_ms)
    members.put(tx, project, user, "owner", now_ms)
    return Founded(project, first_token(tx, project, user, now_ms))


def first_token(tx: Tx, project: Project, user: User, now_ms: int) -> Issued:
    """A token to begin with; raises Invalid where the project is archived."""
    return tokens.issue(tx, kind="project", name="set up", project=project, now_ms=now_ms, created_by=user.number)
