"""One user, as an admin sees it: the role, whether it is let in, its links, and its projects."""

from collections.abc import Callable
from typing import Any, NamedTuple

from starlette.responses import Response

from logserver.core import projects
from logserver.core.faults import Conflict, Invalid
from logserver.core.people import accounts, browser_sessions, links, members
from logserver.core.people.accounts import User
from logserver.core.people.browser_sessions import BrowserSession
from logserver.core.people.links import Link
from logserver.core.projects import Project
from logserver.store.tx import Tx
from logserver.web.people.browsers import name_of
from logserver.web.people.users import role_of, show_link, state
from logserver.web.problems import sentence
from logserver.web.visit import Visit


class _Seen(NamedTuple):
    user: User
    sessions: list[BrowserSession]
    places: list[tuple[Project, members.Place]]
    others: list[Project]
    """The projects that it is not in."""


def _look(tx: Tx, user_id: str, now_ms: int) -> _Seen:
    user = accounts.by_uuid(tx, user_id)
    places = members.places(tx, user)
    held = {project.number for project, _ in places}
    others = [each for each in projects.every(tx, archived=False) if each.number not in held and not each.system]
    return _Seen(user, browser_sessions.every(tx, user, now_ms), places, others)


async def page(visit: Visit) -> Response:
    """GET: the user; raises NotFound."""
    resources = visit.site.resources
    seen = await resources.database.look_up(_look, visit.request.params["user"], visit.now_ms)
    return visit.page(
        "people/user.html",
        **seen._asdict(),
        acting=resources.people.acting(seen.user),
        state=state(seen.user),
        name_of=name_of,
    )


async def set_role(visit: Visit) -> Response:
    """POST: make it an admin or a member."""
    return await _change(visit, lambda tx, user: accounts.set_role(tx, user, role_of(visit.form.get("role"))), "Saved.")


async def disable(visit: Visit) -> Response:
    """POST: keep it out; one's own account stays."""

    def keep_out(tx: Tx, user: User) -> None:
        if user.number == visit.user.number:
            raise Conflict("nobody keeps themselves out; another admin can do it")
        accounts.disable(tx, user, visit.now_ms)

    return await _change(visit, keep_out, "The user is kept out, and every session has ended.")


async def enable(visit: Visit) -> Response:
    """POST: let it in again."""
    return await _change(visit, accounts.enable, "The user may sign in again.")


async def end_sessions(visit: Visit) -> Response:
    """POST: end every session of it."""
    return await _change(visit, accounts.end_sessions, "Every session of the user has ended.")


async def make_link(visit: Visit) -> Response:
    """POST: a link to set a password with, which is shown this once."""

    def issue(tx: Tx, user_id: str, now_ms: int) -> tuple[User, Link]:
        user = accounts.by_uuid(tx, user_id)
        if user.disabled_at is not None:
            raise Conflict("this user is kept out; let it in first")
        return user, links.issue(tx, user.number, now_ms, links.RESET_MS if user.has_password else links.INVITE_MS)

    user_id = visit.request.params["user"]
    try:
        user, link = await visit.site.resources.database.write(issue, user_id, visit.now_ms)
    except Conflict as fault:
        return visit.see(visit.url(f"/users/{user_id}"), sentence(str(fault)))
    return show_link(visit, user, link, fresh=not user.has_password)


async def put_into_project(visit: Visit) -> Response:
    """POST: make it a member or an owner of a project."""

    def put(tx: Tx, user: User) -> None:
        members.put(tx, _project(tx, visit), user, visit.form.get("role"), visit.now_ms)

    return await _change(visit, put, "Saved.")


async def take_out_of_project(visit: Visit) -> Response:
    """POST: take it out of a project."""
    return await _change(visit, lambda tx, user: members.remove(tx, _project(tx, visit), user), "Saved.")


def _project(tx: Tx, visit: Visit) -> Project:
    return projects.by_slug(tx, visit.form.get("project"))


async def _change(visit: Visit, change: Callable[[Tx, User], Any], said: str) -> Response:
    """Change the user of the path and go back to it; a refusal is said there. Raises NotFound for no user."""
    user_id = visit.request.params["user"]
    # Who is no admin any more may not see the page of a user, not even one's own.
    goal = visit.url("/account" if user_id == visit.user.uuid else f"/users/{user_id}")
    try:
        await visit.site.resources.database.write(lambda tx: change(tx, accounts.by_uuid(tx, user_id)))
    except Invalid as fault:
        return visit.see(goal, sentence("; ".join(f"{field} {message}" for field, message in fault.problems)))
    except Conflict as fault:
        return visit.see(goal, sentence(str(fault)))
    await visit.site.resources.gate.refresh()
    return visit.see(goal, said)
