"""Who may open which page and send which form: every page that is declared, asked by everybody who might come.

A new page needs nothing here: whom it is for is what it declares (``access``), and all else follows.
"""

from collections.abc import Iterator

import pytest
from httpx2 import Response

from logserver.core.people import accounts, members
from logserver.core.projects import Project
from logserver.store.tx import Tx
from logserver.web.page import Access, PageRoute
from logserver.web.routes import DECLARED
from tests.fakes import FakeClock
from tests.serving import Server
from tests.web.asking import Asker
from tests.web.browsing import Visitor, signed_in
from tests.web.furnished import running

PEOPLE = ("nobody", "stranger", "member", "owner", "admin")
LET_IN = {
    Access.ANYBODY: set(PEOPLE),
    Access.SIGNED_IN: {"stranger", "member", "owner", "admin"},
    Access.MEMBER: {"member", "owner", "admin"},
    Access.OWNER: {"owner", "admin"},
    Access.ADMIN: {"admin"},
}
POSTS = [declared for declared in DECLARED if declared.method == "POST"]
NOT_THERE = "11111111-2222-4333-8444-555555555555"
"""Stands in the path where something of the project is named."""

ELSEWHERE = "//evil.example/"


def name_of(declared: PageRoute) -> str:
    return f"{declared.method} {declared.path}"


class Street:
    """A server on which new people come by."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self._came = 0
        self.known = self.project()
        self._known = {who: self.person(who, self.known) for who in PEOPLE}

    def project(self) -> Project:
        """A project that nobody has seen."""
        self._came += 1
        return self.server.sender(f"house-{self._came}").project

    def visit(self, who: str, declared: PageRoute) -> tuple[Asker, Project]:
        """Somebody who comes to a page, and to which project: both new where a form may change something."""
        if declared.method == "GET" or who not in LET_IN[declared.access]:
            known = self._known[who]
            asker = Asker.like(known)
            return asker, self.known
        project = self.project()
        return self.person(who, project), project

    def person(self, who: str, project: Project) -> Asker:
        """Somebody new: what ``who`` says of the project."""
        if who == "nobody":
            asker = Asker(self.server)
            asker.get("/sign-in")
            return asker
        self._came += 1
        email = f"{who}-{self._came}@example.com"
        asker = Asker.like(signed_in(self.server, email, "admin" if who == "admin" else "member"))
        if who in {"member", "owner"}:

            def join(tx: Tx) -> None:
                members.put(tx, project, accounts.by_email(tx, email), who, self.server.clock.now_ms())

            self.server.administer(join)
        return asker


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Street]:
    with running(tmp_path_factory.mktemp("street"), FakeClock()) as server:
        yield Street(server)


def path_of(declared: PageRoute, project: Project) -> str:
    """The path with something in every place of it."""
    path = declared.path.replace("{project}", project.slug)
    while "{" in path:
        before, _, rest = path.partition("{")
        path = before + NOT_THERE + rest.partition("}")[2]
    return path


def ask(visitor: Visitor, declared: PageRoute, project: Project, **fields: str) -> Response:
    path = path_of(declared, project)
    if declared.method == "POST":
        return visitor.post(path, {"next": ELSEWHERE, **fields})
    return visitor.get(path, next=ELSEWHERE)


def outcome(answer: Response) -> str:
    """What the door said."""
    if answer.status_code == 303 and answer.headers["Location"].startswith("/sign-in?"):
        return "sign in"
    return {403: "forbidden", 404: "hidden"}.get(answer.status_code, "in")


def expected(declared: PageRoute, who: str) -> set[str]:
    if who in LET_IN[declared.access]:
        return {"in", "hidden"}  # what its path names is not there
    if who == "nobody":
        return {"sign in"}
    return {"hidden" if "{project}" in declared.path and who == "stranger" else "forbidden"}


@pytest.mark.parametrize("declared", DECLARED, ids=name_of)
def test_a_page_lets_in_whom_it_is_for(street: Street, declared: PageRoute) -> None:
    said = {}
    for who in PEOPLE:
        asker, project = street.visit(who, declared)
        answer = ask(asker, declared, project)
        assert answer.status_code < 500, (who, answer.text)
        require_manners(declared, answer)
        if declared.access is Access.ANYBODY:
            continue  # whom it is for is said by what stands in its address, or in its form
        if who == "nobody" and declared.method == "POST" and answer.status_code == 303:
            assert answer.headers["Location"] == "/sign-in"
            continue
        said[who] = (outcome(answer), expected(declared, who))
    assert not {who: each for who, each in said.items() if each[0] not in each[1]}


def require_manners(declared: PageRoute, answer: Response) -> None:
    """What every answer keeps: it sends nobody elsewhere, and gives scripts and other sites nothing."""
    for header in ("Location", "HX-Redirect", "HX-Location"):
        goal = answer.headers.get(header, "/")
        assert goal.startswith("/"), goal
        assert not goal.startswith(("//", "/\\")), goal
    for cookie in answer.headers.get_list("set-cookie"):
        flags = {flag.strip() for flag in cookie.split(";")[1:]}
        assert {"HttpOnly", "Path=/"} <= flags
        assert flags & {"SameSite=Lax", "SameSite=Strict"}
    policy = dict(part.strip().partition(" ")[::2] for part in answer.headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["form-action"] == "'self'"
    assert policy["base-uri"] == "'none'"
    assert policy["frame-ancestors"] == ("'self'" if declared.path.startswith("/viewer") else "'none'")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] in {"same-origin", "no-referrer"}


def test_the_doors_are_told_apart(street: Street) -> None:
    """The table looks where it says it does: a page of each kind is open to some and shut to others."""
    claim, trail = (next(each for each in DECLARED if each.path == path) for path in ("/claim", "/p/{project}/audit"))
    said = {who: outcome(ask(*door(street, who, claim))) for who in PEOPLE}
    assert said == {"nobody": "sign in", "admin": "in"} | dict.fromkeys(("stranger", "member", "owner"), "forbidden")
    said = {who: outcome(ask(*door(street, who, trail))) for who in PEOPLE}
    assert said == {"nobody": "sign in", "stranger": "hidden"} | dict.fromkeys(("member", "owner", "admin"), "in")


def door(street: Street, who: str, declared: PageRoute) -> tuple[Visitor, PageRoute, Project]:
    asker, project = street.visit(who, declared)
    return asker, declared, project


@pytest.mark.parametrize("declared", POSTS, ids=name_of)
def test_no_form_is_taken_that_is_not_of_the_session(street: Street, declared: PageRoute) -> None:
    who = "nobody" if declared.access is Access.ANYBODY else "admin"
    asker, project = street.person(who, street.known), street.known
    other = street.person(who, project).form_token
    before = street.server.rows("SELECT * FROM projects WHERE number = ?", project.number)
    for token in ("", "0" * 64, other):
        assert ask(asker, declared, project, form_token=token).status_code == 403
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        foreign = Asker.like(asker)
        foreign.headers |= headers
        assert ask(foreign, declared, project).status_code == 403
    assert street.server.rows("SELECT * FROM projects WHERE number = ?", project.number) == before
    cookies = "; ".join(f"{name}={value}" for name, value in asker.cookies.items())
    headers = {"Content-Type": "application/json", "X-Form-Token": asker.form_token, "Cookie": cookies}
    answer = street.server.client.post(
        path_of(declared, project), content="{}", headers=headers, follow_redirects=False
    )
    street.server.client.cookies.clear()
    assert answer.status_code == 415


def test_over_https_every_cookie_is_of_this_host_only(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("secure")
    with running(folder, FakeClock(), public_url="https://logs.example.com/logs") as server:
        server.person("ada@example.com")
        server.give_password("ada@example.com", "a long walk in the rain")
        visitor = Visitor(server)
        first = visitor.get("/sign-in")
        second = visitor.post("/sign-in", email="ada@example.com", password="a long walk in the rain", next="/account")
        visitor.get("/no/such/page")
        third = visitor.post("/theme", theme="dark")
        fourth = visitor.post("/sign-out")
        assert second.headers["Location"] == "/logs/account"
        cookies = [each for answer in (first, second, third, fourth) for each in answer.headers.get_list("set-cookie")]
    names = {each.partition("=")[0] for each in cookies}
    assert names >= {f"__Host-logserver_{name}" for name in ("form", "session", "theme", "note")}
    assert all(name.startswith("__Host-") for name in names)
    for cookie in cookies:
        assert {"Secure", "HttpOnly", "Path=/"} <= set(cookie.split("; "))
        assert "Domain" not in cookie


def test_over_https_a_cookie_that_another_host_of_the_domain_could_plant_signs_nobody_in(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with running(tmp_path_factory.mktemp("planted"), FakeClock(), public_url="https://logs.example.com") as server:
        visitor = signed_in(server)
        secret = visitor.cookies["__Host-logserver_session"]
        assert visitor.get("/").headers["Location"] == "/projects"
        visitor.cookies = {"logserver_session": secret}
        assert visitor.get("/").headers["Location"] == "/sign-in?next=%2F"
