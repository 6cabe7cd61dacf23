"""One request of a page: who asks, in which project, what the form says, and how it is answered."""

import base64
import secrets
from typing import Any, Literal, NamedTuple
from urllib.parse import parse_qsl, quote, urlencode

import msgspec
from starlette.responses import HTMLResponse, RedirectResponse, Response

from logserver.api.request import Request
from logserver.core.faults import NotFound, Unauthorized
from logserver.core.people import browser_sessions
from logserver.core.people.accounts import User
from logserver.core.people.browser_sessions import BrowserSession
from logserver.core.people.members import Standing
from logserver.core.projects import Project
from logserver.web import cookies
from logserver.web.site import Site

Theme = Literal["auto", "light", "dark"]


class Who(NamedTuple):
    """Somebody who has signed in, and what there is to see."""

    session: BrowserSession
    user: User
    """With the role that counts."""
    projects: list[Project]
    """Those that the user sees, by slug."""


class Form:
    """The values of a form; a name may be there more than once."""

    def __init__(self, raw: bytes = b"") -> None:
        pairs = parse_qsl(raw.decode("latin-1"), keep_blank_values=True, errors="replace", max_num_fields=10_000)
        self._values: dict[str, list[str]] = {}
        for name, value in pairs:
            self._values.setdefault(name, []).append(value)

    def get(self, name: str, default: str = "") -> str:
        """The last value of a name, with Unix line ends and without space around it."""
        values = self._values.get(name)
        return values[-1].replace("\r\n", "\n").strip() if values else default

    def secret(self, name: str) -> str:
        """The last value of a name as it was typed: a password may begin with a space."""
        values = self._values.get(name)
        return values[-1] if values else ""

    def all(self, name: str) -> list[str]:
        """Every value of a name, in order."""
        return list(self._values.get(name, ()))

    def ticked(self, name: str) -> bool:
        """Whether a box of that name was ticked."""
        return name in self._values


class Visit:
    """A request of a page."""

    def __init__(self, site: Site, request: Request) -> None:
        self.site = site
        self.request = request
        self.now_ms = site.resources.clock.now_ms()
        self.secure = site.secure or site.resources.gate.is_secure(request)
        self.secret = self.cookie(cookies.SESSION)
        """What the session's cookie says, whether or not there is such a session."""
        self.who: Who | None = None
        self.project_seen: Project | None = None
        self.standing: Standing | None = None
        """What the user may do in the project of the path."""
        self.form = Form()
        self.query = request.query()
        self.set_cookies: list[str] = []
        self._new_form = ""

    @property
    def user(self) -> User:
        """Who asks; raises Unauthorized where nobody has signed in."""
        if self.who is None:
            raise Unauthorized("sign in first")
        return self.who.user

    @property
    def session(self) -> BrowserSession:
        """The session of who asks; raises Unauthorized."""
        if self.who is None:
            raise Unauthorized("sign in first")
        return self.who.session

    @property
    def project(self) -> Project:
        """The project of the path; raises NotFound where the page is of none."""
        if self.project_seen is None:
            raise NotFound("there is no such project")
        return self.project_seen

    @property
    def owns(self) -> bool:
        """Whether the user may change the project's settings."""
        return self.standing in {"owner", "admin"}

    @property
    def is_admin(self) -> bool:
        """Whether the user is an admin of the server."""
        return self.who is not None and self.who.user.role == "admin"

    @property
    def partial(self) -> bool:
        """Whether a script asks for a part of the page, to put it into the page that is there."""
        return b"hx-request" in self.request.headers and b"hx-boosted" not in self.request.headers

    @property
    def theme(self) -> Theme:
        """The colours that this browser was told to use."""
        chosen = self.cookie(cookies.THEME)
        return "light" if chosen == "light" else "dark" if chosen == "dark" else "auto"

    @property
    def form_token(self) -> str:
        """What every form of the page carries as ``form_token``, and every request of a script as X-Form-Token."""
        if self.who is not None:
            return browser_sessions.form_token(self.secret)
        held = self.cookie(cookies.FORM) or self._new_form
        if not held:
            held = self._new_form = secrets.token_urlsafe(24)
            self.set_cookies.append(cookies.spelled(cookies.FORM, held, secure=self.secure, strict=True))
        return held

    def cookie(self, name: str) -> str:
        """The value of one of our cookies; empty where the browser has none."""
        return cookies.value(self.request, name, secure=self.secure)

    @property
    def address(self) -> str:
        """The path that was asked for, with its query: where somebody goes on who had to sign in first."""
        return self.request.path + ("?" + urlencode(self.query) if self.query else "")

    def url(self, path: str, **query: Any) -> str:
        """The address of a page (a path from the root) with these values in its query; None leaves one out."""
        pairs = [f"{name}={quote(str(value), safe='')}" for name, value in query.items() if value not in {None, ""}]
        return self.site.prefix + path + ("?" + "&".join(pairs) if pairs else "")

    def place(self, path: str = "", **query: Any) -> str:
        """The address of a page of this project: ``place("/inbox")``."""
        return self.url(f"/p/{self.project.slug}{path}", **query)

    def page(self, template: str, status: int = 200, /, **values: Any) -> HTMLResponse:
        """A page made of a template, which knows ``visit`` beside the values."""
        note = self.cookie(cookies.NOTE)
        if note and not self.partial:
            self.set_cookies.append(cookies.cleared(cookies.NOTE, secure=self.secure))
        shown = {"visit": self, "note": _note(note) if not self.partial else None, **values}
        return HTMLResponse(self.site.renderer.render(template, shown), status)

    def see(self, path: str, note: str = "") -> Response:
        """Go on at a page after a change, which says ``note`` once; ``path`` is one of url() or place()."""
        if note:
            held = base64.urlsafe_b64encode(msgspec.json.encode(note[:500])).decode()
            self.set_cookies.append(cookies.spelled(cookies.NOTE, held, secure=self.secure))
        if self.partial:
            return Response(status_code=204, headers={"HX-Redirect": path})
        return RedirectResponse(path, 303)


def _note(held: str) -> str | None:
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(held), type=str) if held else None
    except (ValueError, msgspec.MsgspecError):
        return None


def local_path(path: str, otherwise: str = "/") -> str:
    """A path that somebody wants to go on at, if it is one of this server: never another site's address."""
    safe = path.startswith("/") and not path.startswith("//") and "\\" not in path and path.isprintable()
    return path if safe and len(path) <= 2_000 else otherwise
