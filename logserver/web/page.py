"""A page as an ASGI application: who may see it, that its forms are its own, and how a refusal looks."""

import hmac
import logging
from collections.abc import Awaitable, Callable
from enum import Enum, auto
from typing import NamedTuple
from urllib.parse import urlsplit

from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from logserver.api.faults import REFUSALS, headers_of, status_of
from logserver.api.request import Disconnected, Request
from logserver.core.faults import Forbidden, NotFound, Unauthorized, UnsupportedType
from logserver.core.people import browser_sessions, members
from logserver.core.projects import Project, by_slug
from logserver.store.traces import trace
from logserver.store.tx import Tx
from logserver.web.site import Site
from logserver.web.visit import Form, Visit, Who

logger = logging.getLogger("logserver.web")

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
    " form-action 'self'; base-uri 'none'"
)
"""What a page may load: nothing from elsewhere, and no script or style that stands in the page itself."""

_HEADERS = {
    "Content-Security-Policy": POLICY + "; frame-ancestors 'none'",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_FORM_BYTES = 1_048_576
_FORM_TYPE = b"application/x-www-form-urlencoded"


class Access(Enum):
    """Whom a page is for."""

    ANYBODY = auto()
    SIGNED_IN = auto()
    MEMBER = auto()
    """Owners and members of the project in the path, and admins."""
    OWNER = auto()
    ADMIN = auto()


class PageRoute(NamedTuple):
    """A page as declared; ``{project}`` in its path is the slug of the project it is of."""

    method: str
    path: str
    handle: Callable[[Visit], Awaitable[Response]]
    access: Access
    form_bytes: int = _FORM_BYTES


class Page:
    """Serves one route of the pages."""

    def __init__(self, site: Site, declared: PageRoute) -> None:
        self._site = site
        self._declared = declared
        self.handler = self

    def public_path(self) -> str:
        """The path as it is declared."""
        return self._declared.path

    def route(self) -> Route:
        """The route of the router."""
        method, path, handle, access, _ = self._declared
        return Route(path, self, methods=[method], name=f"{handle.__name__}:{access.name.lower()}")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request.of(scope)
        visit = Visit(self._site, request)
        try:
            await self._enter(visit)
            if request.method == "POST":
                await self._read_form(visit, receive)
            response = await self._declared.handle(visit)
        except Disconnected:
            return
        except REFUSALS as fault:
            response = refused(visit, fault)
        except Exception as error:  # noqa: BLE001 - every failure is answered and logged
            logger.error("request %s failed\n%s", request.id, trace(error))  # noqa: TRY400 - a traceback would quote values
            response = failed(visit)
        finish(visit, response)
        await response(scope, receive, send)

    async def _enter(self, visit: Visit) -> None:
        """Find out who asks and in which project; raises Unauthorized, Forbidden, and NotFound for what is hidden."""
        site, access = self._site, self._declared.access
        inside = access in {Access.MEMBER, Access.OWNER, Access.ADMIN}
        slug = visit.request.params.get("project") if inside else None
        admins = site.resources.people.acting

        def enter(tx: Tx) -> tuple[Who | None, Project | None, members.Standing | None]:
            found = browser_sessions.find(tx, visit.secret, visit.now_ms) if visit.secret else None
            if found is None:
                return None, None, None
            session, user = found[0], admins(found[1])
            who = Who(session, user, members.visible(tx, user))
            if slug is None:
                return who, None, None
            project = by_slug(tx, slug)
            return who, project, members.standing(tx, project, user)

        visit.who, project, standing = await site.resources.database.look_up(enter)
        if access is Access.ANYBODY:
            return
        if visit.who is None:
            raise Unauthorized("sign in first")
        if slug is not None and (project is None or standing is None):
            raise NotFound("there is no such project")
        visit.project_seen, visit.standing = project, standing
        if (access is Access.OWNER and not visit.owns) or (access is Access.ADMIN and not visit.is_admin):
            raise Forbidden("you may not do this here")
        session = visit.who.session
        if visit.now_ms - session.seen_at > browser_sessions.SEEN_MS:
            await site.resources.database.write(browser_sessions.touch, session, visit.now_ms)

    async def _read_form(self, visit: Visit, receive: Receive) -> None:
        request = visit.request
        _require_own_origin(visit)
        if request.headers.get(b"content-type", _FORM_TYPE).partition(b";")[0].strip().lower() != _FORM_TYPE:
            raise UnsupportedType("a form is sent as application/x-www-form-urlencoded", "unsupported_type")
        seconds = self._site.resources.body_seconds
        await request.read(receive, limit=self._declared.form_bytes, seconds=seconds, code="body_bytes")
        visit.form = Form(request.raw)
        sent = request.headers.get(b"x-form-token", b"").decode("latin-1") or visit.form.get("form_token")
        if not hmac.compare_digest(sent.encode(), visit.form_token.encode()):
            raise Forbidden("this form is not of your session any more; load the page again and send it once more")


def _require_own_origin(visit: Visit) -> None:
    """Raise Forbidden for a form that another site sends."""
    headers = visit.request.headers
    if headers.get(b"sec-fetch-site", b"same-origin") not in {b"same-origin", b"none"}:
        raise Forbidden("forms of other sites are not taken")
    origin = headers.get(b"origin")
    if origin is None:
        return
    own = {headers.get(b"host", b"").decode("latin-1").lower()}
    own.add(urlsplit(visit.site.resources.public_url).netloc.lower())
    if urlsplit(origin.decode("latin-1")).netloc.lower() not in own - {""}:
        raise Forbidden("forms of other sites are not taken; behind a proxy, set LOGSERVER_PUBLIC_URL")


def refused(visit: Visit, fault: Exception) -> Response:
    """What is shown for a refusal; who has not signed in is asked to, and comes back."""
    if isinstance(fault, Unauthorized) and visit.who is None:
        asked = visit.address if visit.request.method == "GET" and not visit.partial else None
        return visit.see(visit.url("/sign-in", next=asked))
    status = status_of(fault)
    headers = {name.decode(): value.decode() for name, value in headers_of(fault) if name != b"www-authenticate"}
    if visit.partial:
        return PlainTextResponse(str(fault), status, headers)
    response = visit.page("error.html", status, status=status, message=str(fault))
    response.headers.update(headers)
    return response


def failed(visit: Visit) -> Response:
    """What is shown when the server has failed."""
    said = f"This should not have happened. It is in the server's log as {visit.request.id}."
    if visit.partial:
        return PlainTextResponse(said, 500)
    return visit.page("error.html", 500, status=500, message=said)


def finish(visit: Visit, response: Response) -> None:
    """Give an answer the headers that every page has, where it has none of its own, and the cookies of the visit."""
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    for cookie in visit.set_cookies:
        response.headers.append("set-cookie", cookie)
