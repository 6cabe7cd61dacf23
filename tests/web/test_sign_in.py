"""Signing in and out of the pages."""

import pytest

from tests.serving import Server
from tests.web.browsing import Visitor, signed_in, text_of

PASSWORD = "a long walk in the rain"


@pytest.fixture
def ada(server: Server) -> str:
    server.person("ada@example.com")
    server.give_password("ada@example.com", PASSWORD)
    return "ada@example.com"


def enter(server: Server, email: str, password: str, goal: str = "/") -> tuple[Visitor, int, str]:
    visitor = Visitor(server)
    assert visitor.get("/sign-in", next=goal).status_code == 200
    answer = visitor.post("/sign-in", email=email, password=password, next=goal)
    return visitor, answer.status_code, answer.headers.get("Location", "")


def test_who_has_not_signed_in_is_asked_to_and_comes_back(server: Server, ada: str) -> None:
    visitor = Visitor(server)
    answer = visitor.get("/")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/sign-in?next=%2F")
    visitor, status, goal = enter(server, ada, PASSWORD, "/account")
    assert (status, goal) == (303, "/account")
    assert visitor.get("/").headers["Location"] == "/projects"


@pytest.mark.parametrize(("email", "password"), [("ada@example.com", "wrong"), ("eve@example.com", PASSWORD), ("", "")])
@pytest.mark.usefixtures("ada")
def test_whatever_is_wrong_is_said_in_the_same_words(server: Server, email: str, password: str) -> None:
    visitor, status, _ = enter(server, email, password)
    assert status == 401
    assert "logserver_session" not in visitor.cookies


@pytest.mark.parametrize(
    "goal", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "/\t/evil"]
)
def test_nobody_is_sent_to_another_site(server: Server, ada: str, goal: str) -> None:
    _, status, location = enter(server, ada, PASSWORD, goal)
    assert (status, location) == (303, "/")


def test_a_session_begins_with_a_new_secret(server: Server, ada: str) -> None:
    """An attacker who has put a cookie of his own into a browser learns nothing by it."""
    visitor = Visitor(server)
    visitor.cookies["logserver_session"] = "planted"
    visitor.get("/sign-in")
    visitor.post("/sign-in", email=ada, password=PASSWORD)
    assert visitor.cookies["logserver_session"] not in {"planted", ""}
    first = visitor.cookies["logserver_session"]
    visitor.get("/projects")
    visitor.form_token = ""
    visitor.get("/sign-in")
    again = Visitor(server)
    again.cookies["logserver_session"] = first
    assert again.get("/").headers["Location"] == "/projects"


def test_signing_out_ends_the_session(server: Server) -> None:
    visitor = signed_in(server)
    secret = visitor.cookies["logserver_session"]
    answer = visitor.post("/sign-out")
    assert answer.headers["Location"] == "/sign-in"
    assert "You are signed out." in text_of(visitor.follow(answer))
    assert "You are signed out." not in text_of(visitor.get("/sign-in"))
    visitor.cookies["logserver_session"] = secret
    assert visitor.get("/").headers["Location"] == "/sign-in?next=%2F"


@pytest.mark.parametrize("token", ["", "0" * 64, "é"])
def test_a_form_without_the_sessions_own_token_is_refused(server: Server, token: str) -> None:
    visitor = signed_in(server)
    assert visitor.post("/sign-out", form_token=token).status_code == 403
    assert visitor.get("/").headers["Location"] == "/projects"


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_form_of_another_site_is_refused_even_with_the_token(server: Server, headers: dict[str, str]) -> None:
    visitor = signed_in(server)
    visitor.headers |= headers
    assert visitor.post("/sign-out").status_code == 403


def test_too_many_attempts_from_one_address_have_to_wait(server: Server, ada: str) -> None:
    visitor = Visitor(server)
    visitor.get("/sign-in")
    statuses = [visitor.post("/sign-in", email=ada, password="wrong").status_code for _ in range(11)]
    assert statuses == [401] * 10 + [429]
    answer = visitor.post("/sign-in", email=ada, password=PASSWORD)
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0


def test_the_cookie_is_for_this_server_only(server: Server, ada: str) -> None:
    visitor = Visitor(server)
    visitor.get("/sign-in")
    answer = visitor.post("/sign-in", email=ada, password=PASSWORD)
    (cookie,) = [each for each in answer.headers.get_list("set-cookie") if each.startswith("logserver_session=")]
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))


@pytest.mark.parametrize("other", ['prefs={"a":1}', "=", "no cookie at all", 'x="unfinished', "a b=c,d"])
def test_what_else_runs_on_the_host_may_spell_its_cookies_as_it_likes(server: Server, other: str) -> None:
    visitor = signed_in(server)
    name, _, value = other.partition("=")
    visitor.cookies = {name: value, **visitor.cookies}
    assert visitor.get("/").headers["Location"] == "/projects"


def test_of_two_cookies_of_a_name_the_first_counts(server: Server) -> None:
    """Browsers send the one of the longest path first."""
    visitor = signed_in(server)
    visitor.cookies["logserver_session"] += "; logserver_session=another"
    assert visitor.get("/").headers["Location"] == "/projects"


def test_a_browser_that_asks_for_nothing_there_is_sees_a_page(server: Server) -> None:
    answer = Visitor(server).get("/no/such/place")
    assert (answer.status_code, answer.headers["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert (
        server.client.get("/api/v1/nothing", headers={"Accept": "text/html"}).headers["Content-Type"]
        == "application/json"
    )
    assert server.client.get("/no/such/place").headers["Content-Type"] == "application/json"
