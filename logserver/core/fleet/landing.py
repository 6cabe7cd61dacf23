"""Where the data of edge agents lands: the project that is named, or the organization's own."""

from logserver.core import projects
from logserver.core.faults import Conflict, Invalid, NotFound
from logserver.core.people import accounts
from logserver.core.projects import Project
from logserver.store.tx import Tx

_MOST_TRIES = 100
_LONGEST_SLUG = 63


def project(tx: Tx, named: str | None, now_ms: int) -> Project:
    """The project of a slug or UUID; without one the organization's, made when it is first needed.

    Raises Invalid (``project_id``) for one that is unknown, archived or the server's own.
    """
    found = _named(tx, named) if named is not None else _usual(tx, now_ms)
    if found.system:
        raise Invalid([("project_id", "Is the server's own project")])
    if found.archived_at is not None:
        raise Invalid([("project_id", f"The project {found.slug!r} is archived; restore it or name another one")])
    return found


def _named(tx: Tx, named: str) -> Project:
    try:
        return projects.by_slug(tx, named)
    except NotFound:
        raise Invalid([("project_id", "There is no such project")]) from None


def _usual(tx: Tx, now_ms: int) -> Project:
    organization = accounts.organization(tx)
    if organization is None:
        raise Conflict("there is no organization; name a project")
    if organization.project is not None:
        return projects.by_number(tx, organization.project)
    made = _made(tx, organization.slug, organization.name, now_ms)
    tx.execute("UPDATE organizations SET project = ?", (made.number,))
    return made


def _made(tx: Tx, slug: str, name: str, now_ms: int) -> Project:
    """A new project; a slug that somebody else's has gets a number behind it, so that no foreign one is joined."""
    for number in range(1, _MOST_TRIES):
        behind = f"-{number}" if number > 1 else ""
        candidate = slug[: _LONGEST_SLUG - len(behind)].rstrip("-") + behind
        taken = tx.execute("SELECT 1 FROM projects WHERE slug = ?", (candidate,)).fetchone()
        if taken is None and candidate != projects.SELF_SLUG:
            return projects.create(tx, slug=candidate, name=name, now_ms=now_ms)
    raise Conflict(f"there are {_MOST_TRIES} projects like {slug!r}; name one")
