"""The page behind a link to set a password; an invitation leads here too."""

from starlette.responses import Response

from logserver.core.faults import Fault, Invalid
from logserver.core.people import accounts, links
from logserver.core.people.accounts import User
from logserver.store.tx import Tx
from logserver.web.people.account import require_same
from logserver.web.people.sign_in import A_MINUTE
from logserver.web.problems import by_field
from logserver.web.visit import Visit

_LONGEST_TOKEN = 200


async def form(visit: Visit) -> Response:
    """GET: the form, with the token of the link."""
    return await _shown(visit, visit.query.get("token", ""))


async def set_password(visit: Visit) -> Response:
    """POST: set the password, which uses up the link; every session of the user ends."""
    resources, sent = visit.site.resources, visit.form
    token = sent.get("token")
    resources.gate.take_at_door(visit.request, limit=A_MINUTE)
    try:
        require_same(sent)
        await resources.people.reset(token, sent.secret("new_password"))
    except Invalid as fault:
        return await _shown(visit, token, fault)
    await resources.gate.refresh()
    return visit.see(visit.url("/sign-in"), "Your password is set. Please sign in with it.")


def _whose(tx: Tx, token: str, now_ms: int) -> User | None:
    number = links.owner(tx, token, now_ms)
    return accounts.by_number(tx, number) if number is not None else None


async def _shown(visit: Visit, token: str, fault: Fault | None = None) -> Response:
    database = visit.site.resources.database
    user = await database.look_up(_whose, token[:_LONGEST_TOKEN], visit.now_ms)
    problems = by_field(fault) if fault is not None else {}
    if user is None and token:
        problems["token"] = "Is not valid, was used already, or is past its time."  # noqa: S105 - it says what is wrong
    status = 422 if fault is not None else 200
    return visit.page("people/new_password.html", status, user=user, token=token, problems=problems)
