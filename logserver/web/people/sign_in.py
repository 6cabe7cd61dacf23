"""Signing in and out, and the colours of this browser."""

from starlette.responses import Response

from logserver.core.faults import Unauthorized
from logserver.core.people import accounts, browser_sessions
from logserver.core.people.accounts import User
from logserver.store.tx import Tx
from logserver.web import cookies
from logserver.web.visit import Visit, local_path

A_MINUTE = 10
"""Attempts to sign in from one address; they count with those at ``/api/v1/auth``."""

_YEAR = 365 * 86_400


async def form(visit: Visit) -> Response:
    """The form to sign in with; who has signed in goes on."""
    goal = local_path(visit.query.get("next", ""))
    if visit.who is not None:
        return visit.see(visit.url(goal))
    if not await visit.site.resources.database.look_up(accounts.anybody):
        return visit.see(visit.url("/welcome"))
    return visit.page("people/sign_in.html", email="", next=goal, wrong="")


async def sign_in(visit: Visit) -> Response:
    """Begin a session, in place of the one that the browser may have had."""
    email, goal = visit.form.get("email"), local_path(visit.form.get("next"))
    visit.site.resources.gate.take_at_door(visit.request, limit=A_MINUTE)
    try:
        entered = await visit.site.resources.people.sign_in(email, visit.form.secret("password"))
    except Unauthorized as fault:
        return visit.page("people/sign_in.html", 401, email=email, next=goal, wrong=f"{fault}".capitalize() + ".")
    await begin(visit, entered.user)
    return visit.see(visit.url(goal))


async def begin(visit: Visit, user: User) -> str:
    """Begin a session of somebody who has just proved who it is, and return its secret: a new one always."""
    request = visit.request
    address = visit.site.resources.gate.address(request.client, request.headers.get(b"x-forwarded-for", b""))
    browser = request.headers.get(b"user-agent", b"").decode("latin-1")

    def start(tx: Tx, now_ms: int) -> str:
        if visit.who is not None:
            browser_sessions.forget(tx, visit.who.session)
        return browser_sessions.begin(tx, user, now_ms, address=address, browser=browser).secret

    secret = await visit.site.resources.database.write(start, visit.now_ms)
    seconds = browser_sessions.LONGEST_MS // 1000
    visit.set_cookies.append(cookies.spelled(cookies.SESSION, secret, secure=visit.secure, seconds=seconds))
    return secret


async def sign_out(visit: Visit) -> Response:
    """End the session of this browser."""
    await visit.site.resources.database.write(browser_sessions.end, visit.user, visit.session.uuid)
    for name in (cookies.SESSION, cookies.FRESH_TOKEN):
        visit.set_cookies.append(cookies.cleared(name, secure=visit.secure))
    return visit.see(visit.url("/sign-in"), "You are signed out.")


async def set_theme(visit: Visit) -> Response:
    """Remember in which colours this browser wants the pages."""
    theme = visit.form.get("theme")
    chosen = theme if theme in {"light", "dark"} else "auto"
    visit.set_cookies.append(cookies.spelled(cookies.THEME, chosen, secure=visit.secure, seconds=_YEAR))
    return visit.see(visit.url(local_path(visit.form.get("next"))))
