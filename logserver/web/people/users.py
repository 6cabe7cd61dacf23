"""The people of the server, for its admins: who there is, and new ones."""

from typing import NamedTuple

from starlette.responses import Response

from logserver.api.addresses import origin
from logserver.core.faults import Conflict, Fault, Invalid
from logserver.core.people import accounts, links
from logserver.core.people.accounts import User
from logserver.core.people.links import Link
from logserver.store.tx import Tx
from logserver.web.problems import by_field
from logserver.web.visit import Visit

_FIELDS = ("name", "email", "role")


class Invited(NamedTuple):
    """A new user, and the link with which the person sets a password."""

    user: User
    link: Link


def state(user: User) -> str:
    """Whether a user is active, disabled, or invited: without a password so far."""
    if user.disabled_at is not None:
        return "disabled"
    return "active" if user.has_password else "invited"


async def page(visit: Visit) -> Response:
    """GET: everybody, by e-mail address."""
    return await _shown(visit, {"name": "", "email": "", "role": "member"})


async def invite(visit: Visit) -> Response:
    """POST: make a user, and show the link that sets the first password."""
    values = {name: visit.form.get(name) for name in _FIELDS}

    def make(tx: Tx, now_ms: int) -> Invited:
        role = role_of(values["role"])
        name = values["name"] or values["email"].partition("@")[0]
        user = accounts.create(tx, email=values["email"], name=name, role=role, now_ms=now_ms)
        return Invited(user, links.issue(tx, user.number, now_ms, links.INVITE_MS))

    try:
        invited = await visit.site.resources.database.write(make, visit.now_ms)
    except (Invalid, Conflict) as fault:
        return await _shown(visit, values, fault)
    return show_link(visit, invited.user, invited.link, fresh=True)


def show_link(visit: Visit, user: User, link: Link, *, fresh: bool = False) -> Response:
    """The page with a link to set a password, which is shown this once; ``fresh`` for somebody new."""
    resources = visit.site.resources
    url = links.reset_url(origin(visit.request, resources.gate, resources.public_url), link.token)
    return visit.page("people/link.html", user=user, url=url, until=link.expires_at, fresh=fresh)


def role_of(word: str) -> accounts.Role:
    """The role of a word of a form; raises Invalid."""
    for role in accounts.ROLES:
        if role == word:
            return role
    raise Invalid([("role", f"is one of {', '.join(accounts.ROLES)}")])


async def _shown(visit: Visit, values: dict[str, str], fault: Fault | None = None) -> Response:
    people = visit.site.resources.people
    everybody = [people.acting(user) for user in await visit.site.resources.database.look_up(accounts.every)]
    problems = by_field(fault, "email") if fault is not None else {}
    status = 422 if fault is not None else 200
    return visit.page("people/users.html", status, everybody=everybody, state=state, problems=problems, **values)
