"""The first run: whoever has the address that ``serve`` printed makes the first admin and the first project."""

from typing import Any, NamedTuple

from starlette.responses import Response

from logserver.core import projects
from logserver.core.faults import Conflict, Fault, Forbidden, Invalid
from logserver.core.people import accounts, founding, links
from logserver.core.people.accounts import User
from logserver.core.people.founding import Founded
from logserver.core.people.people import Newcomer
from logserver.store.tx import Tx
from logserver.web.people.sign_in import A_MINUTE, begin
from logserver.web.problems import by_field
from logserver.web.projects import fresh_tokens
from logserver.web.visit import Visit

_FIELDS = ("email", "name", "organization_name", "project")
_ORGANIZATION = "My organization"
_PROJECT = "My app"


class _State(NamedTuple):
    """How far the server has been set up."""

    taken: bool
    """Whether there is somebody already."""
    let_in: bool
    """Whether the token is the one that was printed."""
    empty: bool
    """Whether there is no project yet."""


def _state(tx: Tx, token: str, now_ms: int) -> _State:
    return _State(accounts.anybody(tx), links.is_setup(tx, token, now_ms), not projects.anyone(tx))


async def form(visit: Visit) -> Response:
    """The form of the first run; where there is somebody already, on to signing in."""
    token = visit.query.get("token", "")
    state = await visit.site.resources.database.look_up(_state, token, visit.now_ms)
    if state.taken:
        return _set_up_already(visit)
    if not state.let_in:
        return _locked(visit, token)
    return _shown(visit, state, token, {"organization_name": _ORGANIZATION, "project": _PROJECT})


async def set_up(visit: Visit) -> Response:
    """Make the first admin, sign it in, and make the first project with a token to send with."""
    resources, sent = visit.site.resources, visit.form
    token = sent.get("token")
    resources.gate.take_at_door(visit.request, limit=A_MINUTE)
    state = await resources.database.look_up(_state, token, visit.now_ms)
    if state.taken:
        return _set_up_already(visit)
    if not state.let_in:
        return _locked(visit, token)
    values = {name: sent.get(name) for name in _FIELDS}
    try:
        if state.empty:
            _require_project(values["project"])
        newcomer = Newcomer(
            values["email"],
            values["name"],
            sent.secret("password"),
            values["organization_name"],
            local=False,  # the token alone lets in: any page that this machine's browser shows could ask
            setup_token=token,
        )
        user = (await resources.people.register(newcomer)).user
    except Forbidden:
        return _set_up_already(visit)
    except (Invalid, Conflict) as fault:
        return _shown(visit, state, token, values, fault)
    secret = await begin(visit, user)
    if not state.empty:
        return visit.see(visit.url("/"), "Welcome! You are the admin of this server.")
    return await _first_project(visit, user, values["project"], secret)


async def _first_project(visit: Visit, user: User, name: str, secret: str) -> Response:
    def make(tx: Tx, now_ms: int) -> Founded:
        return founding.found(tx, user, name=name, now_ms=now_ms)

    made = await visit.site.resources.database.write(make, visit.now_ms)
    fresh_tokens.keep(visit, made.project, made.token.secret, secret)
    return visit.see(visit.url(f"/p/{made.project.slug}/start"), "Welcome! You are the admin of this server.")


def _require_project(name: str) -> None:
    try:
        projects.named(name)
    except Invalid as fault:
        raise Invalid([("project", message) for _, message in fault.problems]) from fault


def _set_up_already(visit: Visit) -> Response:
    return visit.see(visit.url("/"), "" if visit.who else "This server has been set up already. Please sign in.")


def _locked(visit: Visit, token: str) -> Response:
    return visit.page("people/locked.html", 403 if token else 200, wrong=bool(token))


def _shown(visit: Visit, state: _State, token: str, values: dict[str, str], fault: Fault | None = None) -> Response:
    problems: dict[str, Any] = by_field(fault, "email") if fault is not None else {}
    held = {name: values.get(name, "") for name in _FIELDS}
    status = 422 if fault is not None else 200
    return visit.page("people/welcome.html", status, state=state, token=token, problems=problems, **held)
