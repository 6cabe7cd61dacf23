"""Windows of a real browser, and what they notice: errors, refused loads, requests to anywhere else."""

from collections.abc import Sequence
from typing import Literal
from urllib.parse import urlsplit

from axe_playwright_python.base import AXE_SCRIPT  # type: ignore[import-untyped] # it has no types
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, expect

from logserver.core.clock import SystemClock
from logserver.core.people import accounts, browser_sessions, members, password_rule
from logserver.core.people.passwords import Argon2
from logserver.core.projects import by_slug
from logserver.store.database import transaction
from tests.serving import CHEAP
from tests.whole.process import PATIENCE, Server

WIDE = (1280, 900)
NARROW = (390, 844)
_WCAG = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa")

expect.set_options(timeout=PATIENCE * 1000)


class Surfer:
    """A window; ``page`` is Playwright's."""

    def __init__(self, context: BrowserContext, server: Server, outside: Sequence[str]) -> None:
        self.server = server
        self.context = context
        self.complaints: list[str] = []
        self._origins = {server.base_url, *outside}
        self.page = self._watched(context.new_page())

    def _watched(self, page: Page) -> Page:
        page.set_default_timeout(PATIENCE * 1000)
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        page.on("request", self._asked)
        return page

    def _heard(self, message: ConsoleMessage) -> None:
        # What a page that refuses says in its status is told by the browser as an error too.
        if message.type in {"error", "warning"} and "the server responded with a status of 4" not in message.text:
            self.complaints.append(f"{message.type}: {message.text}")

    def _asked(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in {"data", "blob", "about"} and f"{parts.scheme}://{parts.netloc}" not in self._origins:
            self.complaints.append(f"asks elsewhere: {request.url}")

    def go(self, path: str) -> Page:
        """Load a page by its path."""
        self.page.goto(self.server.base_url + path)
        return self.page

    def sign_in(self, email: str = "ada@example.com", role: accounts.Role = "admin", project: str = "") -> None:
        """Sign in as a person, made where there is none, without the form; an owner of ``project``."""
        now_ms = SystemClock().now_ms()
        with transaction(self.server.folder) as tx:
            accounts.ensure_organization(tx, "Engines", now_ms)
            name = email.partition("@")[0]
            known = {user.email: user for user in accounts.every(tx)}
            user = known.get(email) or accounts.create(tx, email=email, name=name, role=role, now_ms=now_ms)
            if project:
                members.put(tx, by_slug(tx, project), user, "owner", now_ms)
            begun = browser_sessions.begin(tx, user, now_ms, address="127.0.0.1", browser="test")
        cookie = {"name": "logserver_session", "value": begun.secret, "url": self.server.base_url}
        self.context.add_cookies([{**cookie, "httpOnly": True, "sameSite": "Lax"}])  # type: ignore[typeddict-item] # a plain dict of the same keys

    def give_password(self, email: str, password: str) -> None:
        """Let a person sign in by the form with a password."""
        encoded = Argon2(CHEAP).hash(password_rule.normal(password))
        with transaction(self.server.folder) as tx:
            tx.execute("UPDATE users SET password = ? WHERE email = ?", (encoded, email))

    def require_accessible(self, *rules: str) -> None:
        """Fail where axe-core finds something serious or critical on the page; of these rules, or of WCAG AA."""
        only = {"type": "rule", "values": rules} if rules else {"type": "tag", "values": _WCAG}
        if not self.page.evaluate("() => 'axe' in window"):
            self.page.evaluate(AXE_SCRIPT)
        options = {"resultTypes": ["violations"], "runOnly": only}
        found = self.page.evaluate("(options) => axe.run(document, options)", options)["violations"]
        grave = [each for each in found if each["impact"] in {"serious", "critical"}]
        assert not grave, "\n".join(
            f"{each['id']}: {each['help']}: {[node['html'][:200] for node in each['nodes'][:3]]}" for each in grave
        )


class Surfing:
    """The windows of one test."""

    def __init__(self, browser: Browser, server: Server) -> None:
        self._browser = browser
        self._server = server
        self._surfers: list[Surfer] = []

    def open(
        self,
        *,
        scripts: bool = True,
        size: tuple[int, int] = WIDE,
        colours: Literal["light", "dark"] = "light",
        server: Server | None = None,
        outside: Sequence[str] = (),
    ) -> Surfer:
        """A window of somebody of its own; ``outside`` are other origins that it may ask."""
        context = self._browser.new_context(
            java_script_enabled=scripts,
            viewport={"width": size[0], "height": size[1]},
            color_scheme=colours,
            permissions=["clipboard-read", "clipboard-write"],
            # Scripts of the test itself (axe) are not the page's.
            bypass_csp=False,
        )
        surfer = Surfer(context, server or self._server, outside)
        self._surfers.append(surfer)
        return surfer

    def end(self) -> None:
        """Close them all; raises where one has complained."""
        for surfer in self._surfers:
            surfer.context.close()
        complaints = [complaint for surfer in self._surfers for complaint in surfer.complaints]
        assert complaints == []
