"""One's own account: the name, the password, and the sessions there are."""

from starlette.responses import Response

from logserver.core.faults import Conflict, Fault, Invalid, NotFound
from logserver.core.people import accounts, browser_sessions, members
from logserver.core.people.accounts import User
from logserver.core.people.browser_sessions import BrowserSession
from logserver.store.tx import Tx
from logserver.web.people.browsers import name_of
from logserver.web.people.sign_in import A_MINUTE, begin, sign_out
from logserver.web.problems import by_field
from logserver.web.visit import Form, Visit


async def page(visit: Visit) -> Response:
    """GET: the account of who asks."""
    return await _shown(visit, visit.user.name)


async def rename(visit: Visit) -> Response:
    """POST: another name."""
    name = visit.form.get("name")
    try:
        await visit.site.resources.database.write(accounts.rename, visit.user, name)
    except Invalid as fault:
        return await _shown(visit, name, fault)
    await visit.site.resources.gate.refresh()
    return visit.see(visit.url("/account"), "Your name is saved.")


async def change_password(visit: Visit) -> Response:
    """POST: a new password, for who knows the current one; every other session ends."""
    resources, sent = visit.site.resources, visit.form
    resources.gate.take_at_door(visit.request, limit=A_MINUTE)
    try:
        require_same(sent)
        await resources.people.change(visit.user.uuid, sent.secret("current_password"), sent.secret("new_password"))
    except (Invalid, Conflict) as fault:
        return await _shown(visit, visit.user.name, fault)
    await resources.gate.refresh()
    await begin(visit, await resources.database.look_up(accounts.by_number, visit.user.number))
    return visit.see(visit.url("/account"), "Your password is changed. Everywhere else you are signed out.")


async def end_session(visit: Visit) -> Response:
    """POST: end one session; of the browser that asks, it is signing out."""
    chosen = visit.form.get("session")
    if chosen == visit.session.uuid:
        return await sign_out(visit)
    try:
        await visit.site.resources.database.write(browser_sessions.end, visit.user, chosen)
    except NotFound:
        return visit.see(visit.url("/account"), "That session had ended already.")
    return visit.see(visit.url("/account"), "The session is ended.")


async def end_others(visit: Visit) -> Response:
    """POST: end every session but this one, those of programs too."""

    def end(tx: Tx, user: User, session: BrowserSession) -> None:
        browser_sessions.carry_over(tx, session, accounts.end_sessions(tx, user))

    await visit.site.resources.database.write(end, visit.user, visit.session)
    await visit.site.resources.gate.refresh()
    return visit.see(visit.url("/account"), "Everywhere else you are signed out.")


def require_same(sent: Form) -> None:
    """Raise Invalid where a new password was not typed the same way twice."""
    if sent.secret("new_password") != sent.secret("again"):
        raise Invalid([("again", "is not the same")])


async def _shown(visit: Visit, name: str, fault: Fault | None = None) -> Response:
    def look(tx: Tx, user: User, now_ms: int) -> dict[str, object]:
        return {"sessions": browser_sessions.every(tx, user, now_ms), "places": members.places(tx, user)}

    found = await visit.site.resources.database.look_up(look, visit.user, visit.now_ms)
    problems = by_field(fault, "current_password") if fault is not None else {}
    status = 422 if fault is not None else 200
    return visit.page("people/account.html", status, name=name, problems=problems, name_of=name_of, **found)
