"""One's own account: name, password, sessions."""

import re

import pytest

from logserver.core.people import accounts, browser_sessions
from logserver.web.people.browsers import name_of
from tests.serving import Sender, Server
from tests.web.browsing import Visitor, member, signed_in, text_of

OLD, NEW = "a long walk in the rain", "seven red lighthouses"
WRONG = re.compile('<p class="wrong" id="([a-z_]+)-wrong">([^<]+)</p>')


@pytest.fixture
def ada(server: Server) -> Visitor:
    visitor = signed_in(server)
    server.give_password("ada@example.com", OLD)
    return visitor


def elsewhere(server: Server, browser: str = "curl/8") -> Visitor:
    """Another browser in which the same person has signed in."""
    now_ms = server.clock.now_ms()
    visitor = Visitor(server)
    visitor.cookies["logserver_session"] = server.administer(
        lambda tx: (
            browser_sessions.begin(
                tx, accounts.by_email(tx, "ada@example.com"), now_ms, address="192.0.2.7", browser=browser
            ).secret
        )
    )
    return visitor


def is_in(visitor: Visitor) -> bool:
    return visitor.get("/account").status_code == 200


def test_the_sessions_are_listed_and_ended_one_by_one(server: Server, ada: Visitor) -> None:
    other = elsewhere(server, "<script>alert(1)</script>")
    shown = ada.get("/account")
    assert "this one" in text_of(shown)
    assert "<script>alert" not in shown.text
    own, others = sorted(
        re.findall('name="session" value="([^"]+)"', shown.text),
        key=lambda session: server.rows("SELECT address FROM web_sessions WHERE uuid = ?", session),
    )
    answer = ada.post("/account/sessions/end", session=others)
    assert "The session is ended." in text_of(ada.follow(answer))
    assert (is_in(other), is_in(ada)) == (False, True)
    assert "had ended already" in text_of(ada.follow(ada.post("/account/sessions/end", session=others)))
    answer = ada.post("/account/sessions/end", session=own)
    assert (answer.headers["Location"], is_in(ada)) == ("/sign-in", False)


def test_the_session_of_somebody_else_is_not_theirs_to_end(server: Server, ada: Visitor) -> None:
    ben = signed_in(server, "ben@example.com", "member")
    ((session,),) = server.rows("SELECT w.uuid FROM web_sessions w JOIN users u ON u.id = w.user WHERE email LIKE 'b%'")
    ada.post("/account/sessions/end", session=session)
    assert is_in(ben)


def test_all_others_are_ended_at_once(server: Server, ada: Visitor) -> None:
    others = [elsewhere(server), elsewhere(server)]
    token = server.client.post("/api/v1/auth/login", json={"email": "ada@example.com", "password": OLD}).json()["token"]
    answer = ada.post("/account/sessions/end-others")
    assert "Everywhere else you are signed out." in text_of(ada.follow(answer))
    assert [is_in(other) for other in others] == [False, False]
    assert server.client.get("/api/v1/auth/me", headers={"Authorization": f"Bearer {token}"}).status_code == 401
    assert is_in(ada)


def test_a_new_password_ends_the_other_sessions_and_renews_this_one(server: Server, ada: Visitor) -> None:
    other, before = elsewhere(server), ada.cookies["logserver_session"]
    answer = ada.post("/account/password", current_password=OLD, new_password=NEW, again=NEW)
    assert "Your password is changed." in text_of(ada.follow(answer))
    assert (is_in(other), ada.cookies["logserver_session"] == before) == (False, False)
    assert server.rows("SELECT count(*) FROM web_sessions WHERE version = (SELECT session FROM users)") == [(1,)]
    fresh = Visitor(server)
    fresh.get("/sign-in")
    assert fresh.post("/sign-in", email="ada@example.com", password=OLD).status_code == 401
    assert fresh.post("/sign-in", email="ada@example.com", password=NEW).status_code == 303


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"current_password": "guessed"}, ("current_password", "Is not your password.")),
        ({"new_password": "short", "again": "short"}, ("new_password", "Must be at least 10 characters.")),
        ({"again": "another one"}, ("again", "Is not the same.")),
    ],
)
def test_what_is_wrong_with_a_password_is_said(
    server: Server, ada: Visitor, fields: dict[str, str], wrong: tuple[str, str]
) -> None:
    sent = {"current_password": OLD, "new_password": NEW, "again": NEW, **fields}
    answer = ada.post("/account/password", sent)
    assert (answer.status_code, WRONG.findall(answer.text)) == (422, [wrong])
    assert not any(value in answer.text for value in sent.values())
    assert is_in(ada)
    assert server.rows("SELECT session FROM users") == [(0,)]


def test_guessing_the_current_password_has_to_wait(ada: Visitor) -> None:
    ada.get("/account")
    sent = {"current_password": "guessed", "new_password": NEW, "again": NEW}
    assert [ada.post("/account/password", sent).status_code for _ in range(11)] == [422] * 10 + [429]


def test_a_name_is_changed(server: Server, ada: Visitor) -> None:
    answer = ada.post("/account/name", name=" Ada <b>Lovelace</b> ")
    assert "Ada <b>Lovelace</b>" in text_of(ada.follow(answer))
    refused = ada.post("/account/name", name="a\u202eb")
    assert (refused.status_code, WRONG.findall(refused.text)) == (422, [("name", "Must not have control characters.")])
    assert server.rows("SELECT name FROM users") == [("Ada <b>Lovelace</b>",)]


def test_a_member_sees_its_projects(server: Server, sender: Sender) -> None:
    visitor = member(server, sender.project, place="owner")
    assert f"{sender.project.name} owner" in text_of(visitor.get("/account"))


@pytest.mark.parametrize("path", ["name", "password", "sessions/end", "sessions/end-others"])
def test_nobody_is_sent_to_sign_in(server: Server, path: str) -> None:
    signed_in(server)
    visitor = Visitor(server)
    visitor.get("/sign-in")
    assert visitor.post(f"/account/{path}").headers["Location"] == "/sign-in"
    assert visitor.get("/account").headers["Location"] == "/sign-in?next=%2Faccount"


@pytest.mark.parametrize(
    ("browser", "name"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1", "Safari on iPhone"),
        ("curl/8.5", "curl"),
        ("x" * 100, "x" * 60),
        ("", "unknown"),
    ],
)
def test_a_browser_has_a_name(browser: str, name: str) -> None:
    assert name_of(browser) == name
