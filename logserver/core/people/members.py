"""Who may see a project and change it: its owners and members, and the admins of the server."""

from typing import Literal, NamedTuple

from logserver.core import projects
from logserver.core.faults import Invalid, NotFound
from logserver.core.people import accounts
from logserver.core.people.accounts import User
from logserver.core.projects import Project
from logserver.store.tx import Tx

Place = Literal["owner", "member"]
"""What somebody is in a project."""

Standing = Literal["admin", "owner", "member"]
"""What somebody may do there: an admin everything, an owner all of it but limits, a member may read and triage."""


class Member(NamedTuple):
    """Somebody in a project."""

    user: User
    place: Place


def standing(tx: Tx, project: Project, user: User) -> Standing | None:
    """What a user (with the role that counts) may do in a project; None where it does not even see that it exists."""
    if user.role == "admin":
        return "admin"
    row = tx.execute(
        "SELECT role FROM members WHERE project = ? AND user = ?", (project.number, user.number)
    ).fetchone()
    return row[0] if row else None


def visible(tx: Tx, user: User) -> list[Project]:
    """The projects in use that a user sees, by slug; the server's own is an admin's."""
    in_use = projects.every(tx, archived=False)
    if user.role == "admin":
        return in_use
    own = {number for (number,) in tx.execute("SELECT project FROM members WHERE user = ?", (user.number,))}
    return [project for project in in_use if project.number in own]


def places(tx: Tx, user: User) -> list[tuple[Project, Place]]:
    """The projects that a user is in, by slug, and what it is there; those out of use too."""
    held = dict(tx.execute("SELECT project, role FROM members WHERE user = ?", (user.number,)).fetchall())
    return [(project, held[project.number]) for project in projects.every(tx) if project.number in held]


def every(tx: Tx, project: Project) -> list[Member]:
    """The owners and members of a project, by their e-mail address."""
    rows = tx.execute("SELECT user, role FROM members WHERE project = ?", (project.number,)).fetchall()
    found = [Member(accounts.by_number(tx, number), role) for number, role in rows]
    return sorted(found, key=lambda member: member.user.email)


def put(tx: Tx, project: Project, user: User, place: str, now_ms: int) -> None:
    """Make a user an owner or a member of a project, whatever it was there; raises Invalid for another word."""
    if place not in {"owner", "member"}:
        raise Invalid([("role", "is owner or member")])
    tx.execute(
        "INSERT INTO members (project, user, role, created_at) VALUES (?, ?, ?, ?)"
        " ON CONFLICT DO UPDATE SET role = excluded.role",
        (project.number, user.number, place, now_ms),
    )


def remove(tx: Tx, project: Project, user: User) -> None:
    """Take a user out of a project; raises NotFound."""
    gone = tx.execute("DELETE FROM members WHERE project = ? AND user = ?", (project.number, user.number)).rowcount
    if not gone:
        raise NotFound("this user is not in the project")
