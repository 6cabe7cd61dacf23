"""Who is in a project: owners and members, added, changed and taken out."""

from starlette.responses import Response

from logserver.core.faults import Invalid, NotFound
from logserver.core.people import accounts, members
from logserver.core.people.accounts import User
from logserver.store.tx import Tx
from logserver.web.visit import Visit


async def show(visit: Visit) -> Response:
    """The list, and a form for another one."""
    return await _page(visit, {"email": "", "role": "member"}, {})


async def put(visit: Visit) -> Response:
    """Take somebody in who has an account, or change what somebody is."""
    email, role = visit.form.get("email"), visit.form.get("role")

    def change(tx: Tx) -> User:
        try:
            user = accounts.by_email(tx, email)
        except NotFound:
            raise Invalid([("email", "nobody has an account with this address; an admin invites people")]) from None
        if user.disabled_at is not None:
            raise Invalid([("email", "this account is disabled")])
        members.put(tx, visit.project, user, role, visit.now_ms)
        return user

    try:
        user = await visit.site.resources.database.write(change)
    except Invalid as fault:
        return await _page(visit, {"email": email, "role": role}, dict(fault.problems))
    owner = role == "owner"
    return _onward(visit, user, stays=owner, note=f"{user.email} is {'an owner' if owner else 'a member'} now.")


async def remove(visit: Visit) -> Response:
    """Take somebody out."""
    user_id = visit.request.params["user"]

    def change(tx: Tx) -> User:
        user = accounts.by_uuid(tx, user_id)
        members.remove(tx, visit.project, user)
        return user

    user = await visit.site.resources.database.write(change)
    return _onward(visit, user, stays=False, note=f"{user.email} is not in {visit.project.name} any more.")


def _onward(visit: Visit, user: User, *, stays: bool, note: str) -> Response:
    """On to the list; to the start for one who may not see it any more."""
    lost = user.number == visit.user.number and not stays and not visit.is_admin
    return visit.see(visit.url("/") if lost else visit.place("/settings/members"), note)


async def _page(visit: Visit, values: dict[str, str], problems: dict[str, str]) -> Response:
    found = await visit.site.resources.database.read(members.every, visit.project)
    return visit.page("settings/members.html", 422 if problems else 200, found=found, values=values, problems=problems)
