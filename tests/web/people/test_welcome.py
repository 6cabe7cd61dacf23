"""The first run: from the address that was printed to a project with a token."""

import re
from typing import Any

import pytest
from httpx2 import Response

from logserver.core.people import links
from tests.serving import Server
from tests.web.browsing import Visitor, signed_in, text_of

WHO = {
    "name": "Ada",
    "email": "Ada@Example.com",
    "password": "a long walk in the rain",
    "organization_name": "Analytical Engines",
    "project": "Shop & Co",
}


def printed(server: Server) -> str:
    return server.administer(links.issue_setup, server.clock.now_ms()).token


def sets_up(server: Server, **values: Any) -> tuple[Visitor, Response]:
    visitor = Visitor(server)
    token = printed(server)
    assert visitor.get("/welcome", token=token).status_code == 200
    return visitor, visitor.post("/welcome", {**WHO, "token": token, **values})


def test_the_first_one_becomes_the_admin_with_a_project_and_its_token(server: Server) -> None:
    visitor, answer = sets_up(server)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/p/shop-co/start")
    shown = visitor.follow(answer)
    assert "Send something to Shop & Co" in text_of(shown)
    (token,) = set(re.findall(r"Bearer (logister_[\w-]{32})", shown.text))
    body = {"event": {"event_type": "log", "message": "hello"}}
    assert server.post("/api/v1/ingest_events", body, token).status_code == 201
    assert server.rows("SELECT email, name, role FROM users") == [("ada@example.com", "Ada", "admin")]
    assert server.rows("SELECT name FROM organizations") == [("Analytical Engines",)]
    assert server.rows("SELECT p.slug, m.role FROM members m JOIN projects p ON p.number = m.project") == [
        ("shop-co", "owner")
    ]
    again = Visitor(server)
    again.get("/sign-in")
    answer = again.post("/sign-in", email=WHO["email"], password=WHO["password"])
    assert answer.status_code == 303


def test_the_address_works_once(server: Server) -> None:
    token = printed(server)
    first, second = Visitor(server), Visitor(server)
    for visitor in (first, second):
        assert visitor.get("/welcome", token=token).status_code == 200
    assert first.post("/welcome", {**WHO, "token": token}).status_code == 303
    late = second.post("/welcome", {**WHO, "token": token, "email": "eve@example.com"})
    assert (late.status_code, late.headers["Location"]) == (303, "/")
    assert "has been set up already" in text_of(second.follow(second.follow(late)))
    assert server.count("users") == 1
    assert first.get("/welcome", token=token).headers["Location"] == "/"


@pytest.mark.parametrize(("token", "status"), [("", 200), ("guessed", 403)])
def test_without_the_printed_token_there_is_no_form(server: Server, token: str, status: int) -> None:
    visitor = Visitor(server)
    visitor.get("/welcome", token=printed(server))
    shown = visitor.get("/welcome", token=token)
    assert (shown.status_code, "Your name" in text_of(shown)) == (status, False)
    answer = visitor.post("/welcome", {**WHO, "token": token})
    assert (answer.status_code, "not set up yet" in text_of(answer), server.count("users")) == (status, True, 0)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("email", "ada", "Must be a valid email address."),
        ("name", "  ", "Must not be empty."),
        ("password", "short", "Must be at least 10 characters."),
        ("password", "ada@example.com", "Must not be made of your name or e-mail address."),
        ("organization_name", "", "Must not be empty."),
        ("project", "", "Must not be empty."),
        ("project", "x" * 201, "Must be at most 200 characters."),
    ],
)
def test_what_is_wrong_is_said_beside_its_field_and_nothing_is_made(
    server: Server, field: str, value: str, said: str
) -> None:
    visitor, answer = sets_up(server, **{field: value})
    assert answer.status_code == 422
    assert f'<p class="wrong" id="{field}-wrong">{said}</p>' in answer.text
    assert WHO["password"] not in answer.text
    assert (server.count("users"), server.rows("SELECT slug FROM projects WHERE system = 0")) == (0, [])
    token = re.findall('name="token" value="([^"]+)"', answer.text)[0]
    assert visitor.post("/welcome", {**WHO, "token": token}).status_code == 303


def test_where_there_are_projects_none_is_made(server: Server) -> None:
    server.sender("shop")
    visitor, answer = sets_up(server, project="")
    assert answer.headers["Location"] == "/"
    assert server.rows("SELECT slug FROM projects WHERE system = 0") == [("shop",)]
    assert "You are the admin" in text_of(visitor.follow(visitor.follow(answer)))


def test_who_comes_to_sign_in_to_an_empty_server_is_told_what_to_do(server: Server) -> None:
    visitor = Visitor(server)
    answer = visitor.get("/sign-in")
    assert answer.headers["Location"] == "/welcome"
    assert "not set up yet" in text_of(visitor.follow(answer))
    signed_in(server)
    assert Visitor(server).get("/sign-in").status_code == 200


def test_guessing_has_to_wait(server: Server) -> None:
    visitor = Visitor(server)
    visitor.get("/welcome", token=printed(server))
    statuses = [visitor.post("/welcome", {**WHO, "token": "guessed"}).status_code for _ in range(11)]
    assert statuses == [403] * 10 + [429]
