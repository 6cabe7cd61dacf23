"""Somebody with a browser without scripts: keeps cookies, and fills in the forms of the page it has."""

import re
from collections.abc import Mapping
from html.parser import HTMLParser
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode

from httpx2 import Response

from logserver.core.people import accounts, browser_sessions, members
from logserver.core.people.accounts import Role
from logserver.core.projects import Project
from logserver.store.tx import Tx
from tests.serving import Server

FORM = "application/x-www-form-urlencoded"


class Visitor:
    """A browser; ``cookies`` are what it holds."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.cookies: dict[str, str] = {}
        self.headers: dict[str, str] = {"Accept": "text/html"}
        self.form_token = ""

    def get(self, path: str, **query: Any) -> Response:
        """GET a page; a redirect is answered, not followed."""
        address = path + ("?" + urlencode(query) if query else "")
        return self._ask("GET", address, None)

    def post(self, path: str, fields: dict[str, Any] | None = None, **more: Any) -> Response:
        """Send a form, with the token of the page that was loaded last unless ``form_token`` is given."""
        values = {"form_token": self.form_token, **(fields or {}), **more}
        return self._ask("POST", path, urlencode(values, doseq=True))

    def follow(self, answer: Response) -> Response:
        """The page that an answer sends on to."""
        assert answer.status_code == 303, answer.text
        return self.get(answer.headers["Location"])

    def _ask(self, method: str, path: str, content: str | None) -> Response:
        headers = dict(self.headers)
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if content is not None:
            headers["Content-Type"] = FORM
        answer = self._sent(method, path, content, headers)
        for header in answer.headers.get_list("set-cookie"):
            for name, morsel in SimpleCookie(header).items():
                if morsel["max-age"] == "0":
                    self.cookies.pop(name, None)
                else:
                    self.cookies[name] = morsel.value
        if found := re.search(r'name="form_token" value="([^"]+)"', answer.text):
            self.form_token = found[1]
        return answer

    def _sent(self, method: str, path: str, content: str | None, headers: Mapping[str, str]) -> Response:
        answer = self.server.client.request(method, path, content=content, headers=headers, follow_redirects=False)
        self.server.client.cookies.clear()
        return answer


def signed_in(server: Server, email: str = "ada@example.com", role: Role = "admin") -> Visitor:
    """A browser in which a new person of the organization has signed in."""

    def enter(tx: Tx, now_ms: int) -> str:
        accounts.ensure_organization(tx, "Engines", now_ms)
        user = accounts.create(tx, email=email, name=email.split("@", maxsplit=1)[0].title(), role=role, now_ms=now_ms)
        return browser_sessions.begin(tx, user, now_ms, address="192.0.2.1", browser="Test/1").secret

    visitor = Visitor(server)
    secure = server.app.settings.public_url.startswith("https:")
    secret = server.administer(enter, server.clock.now_ms())
    visitor.cookies["__Host-logserver_session" if secure else "logserver_session"] = secret
    visitor.form_token = browser_sessions.form_token(secret)
    return visitor


def member(server: Server, project: Project, email: str = "bob@example.com", place: str = "member") -> Visitor:
    """A browser of a new person who is in a project."""
    visitor = signed_in(server, email, "member")

    def join(tx: Tx) -> None:
        members.put(tx, project, accounts.by_email(tx, email), place, server.clock.now_ms())

    server.administer(join)
    return visitor


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.parts.append(data.strip())


def text_of(answer: Response) -> str:
    """What a page says, without its tags."""
    parser = _Text()
    parser.feed(answer.text)
    return re.sub(r"\s+", " ", " ".join(parser.parts))
