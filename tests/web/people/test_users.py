"""People, as an admin sees to them."""

import re
from urllib.parse import urlsplit

import pytest
from httpx2 import Response

from logserver.core.people import accounts, members
from logserver.core.people.accounts import User
from logserver.store.database import snapshot
from tests.serving import Sender, Serve, Server
from tests.web.browsing import Visitor, member, signed_in, text_of

PASSWORD = "seven red lighthouses"


def user(server: Server, email: str = "ben@example.com") -> User:
    with snapshot(server.folder) as tx:
        return accounts.by_email(tx, email)


def place(server: Server, email: str = "ben@example.com") -> str:
    return f"/users/{user(server, email).uuid}"


def sets_password(server: Server, shown: Response) -> None:
    """Follow the link that a page shows, as the person who is given it."""
    (url,) = re.findall('<pre id="link"[^>]*>([^<]+)</pre>', shown.text)
    address = urlsplit(url)
    visitor = Visitor(server)
    assert visitor.get(f"{address.path}?{address.query}").status_code == 200
    token = address.query.removeprefix("token=")
    answer = visitor.post("/reset-password", token=token, new_password=PASSWORD, again=PASSWORD)
    assert answer.is_success or answer.status_code == 303, answer.text
    visitor.get("/sign-in")
    assert visitor.post("/sign-in", email="ben@example.com", password=PASSWORD).status_code == 303


@pytest.mark.parametrize("role", ["member", "admin"])
def test_somebody_is_invited_by_a_link_that_sets_the_password(server: Server, role: str) -> None:
    ada = signed_in(server)
    shown = ada.post("/users", email="Ben@example.com", name="", role=role)
    assert (shown.status_code, "Ben is invited." in text_of(shown)) == (200, True)
    assert "http://testserver/reset-password?token=" in shown.text
    assert (user(server).role, user(server).name) == (role, "Ben")
    assert f"ben@example.com {role} invited" in text_of(ada.get("/users"))
    sets_password(server, shown)
    assert f"ben@example.com {role} active" in text_of(ada.get("/users"))


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"email": "ben"}, "Must be a valid email address."),
        ({"email": "ADA@example.com"}, "There is a user with this e-mail address already."),
        ({"name": "x" * 201}, "Must be at most 200 characters."),
        ({"role": "owner"}, "Is one of admin, member."),
    ],
)
def test_what_is_wrong_with_an_invitation_is_said(server: Server, fields: dict[str, str], said: str) -> None:
    ada = signed_in(server)
    answer = ada.post("/users", {"email": "ben@example.com", "name": "Ben", "role": "member", **fields})
    assert (answer.status_code, said in answer.text, server.count("users")) == (422, True, 1)


def test_a_role_holds_at_once(server: Server) -> None:
    ada, ben = signed_in(server), signed_in(server, "ben@example.com", "member")
    assert ben.get("/users").status_code == 403
    ada.follow(ada.post(place(server) + "/role", role="admin"))
    assert ben.get("/users").status_code == 200
    ada.post(place(server) + "/role", role="member")
    assert ben.get("/users").status_code == 403
    assert "is one of" in text_of(ada.follow(ada.post(place(server) + "/role", role="king")))


def test_the_last_admin_stays_one(server: Server) -> None:
    ada = signed_in(server)
    answer = ada.post(place(server, "ada@example.com") + "/role", role="member")
    assert "This is the last active admin; make another one first." in text_of(ada.follow(answer))


def test_an_admin_who_gives_it_up_goes_on_as_a_member(server: Server) -> None:
    ada, _ = signed_in(server), signed_in(server, "ben@example.com", "admin")
    answer = ada.post(place(server, "ada@example.com") + "/role", role="member")
    assert (answer.headers["Location"], ada.follow(answer).status_code) == ("/account", 200)
    assert ada.get("/users").status_code == 403


def test_who_is_kept_out_is_out_and_comes_in_again(server: Server) -> None:
    ada, ben = signed_in(server), signed_in(server, "ben@example.com", "member")
    ada.post(place(server) + "/disable")
    assert ben.get("/account").status_code == 303
    assert "Let in again" in text_of(ada.get(place(server)))
    assert "let it in first" in text_of(ada.follow(ada.post(place(server) + "/link")))
    ada.post(place(server) + "/enable")
    assert user(server).disabled_at is None
    own = ada.post(place(server, "ada@example.com") + "/disable")
    assert "Nobody keeps themselves out" in text_of(ada.follow(own))


def test_a_forgotten_password_is_set_by_a_link_of_an_admin(server: Server) -> None:
    ada, ben = signed_in(server), signed_in(server, "ben@example.com", "member")
    shown = ada.post(place(server) + "/link")
    sets_password(server, shown)
    assert ben.get("/account").status_code == 303


def test_every_session_of_somebody_is_ended(server: Server) -> None:
    ada, ben = signed_in(server), signed_in(server, "ben@example.com", "member")
    ada.post(place(server) + "/sessions/end")
    assert (ben.get("/account").status_code, ada.get("/account").status_code) == (303, 200)


def test_somebody_is_let_in_to_a_project_and_taken_out(server: Server, sender: Sender) -> None:
    ada, ben = signed_in(server), signed_in(server, "ben@example.com", "member")
    start = f"/p/{sender.project.slug}/start"
    assert ben.get(start).status_code == 404
    for role in ("member", "owner"):
        ada.follow(ada.post(place(server) + "/projects", project=sender.project.slug, role=role))
        assert ben.get(start).status_code == 200
        with snapshot(server.folder) as tx:
            assert members.standing(tx, sender.project, user(server)) == role
    ada.post(place(server) + "/projects/leave", project=sender.project.slug)
    assert ben.get(start).status_code == 404
    assert ada.post(place(server) + "/projects", project="none", role="member").status_code == 404
    wrong = ada.post(place(server) + "/projects", project=sender.project.slug, role="king")
    assert "is owner or member" in text_of(ada.follow(wrong))


def test_a_role_of_the_settings_is_not_to_be_changed_here(serve: Serve) -> None:
    server = serve(admin_emails="ben@example.com")
    ada, _ = signed_in(server), signed_in(server, "ben@example.com", "member")
    assert "the settings of the server name this e-mail address" in text_of(ada.get(place(server)))


def test_a_user_there_is_not_is_not_found(server: Server) -> None:
    ada = signed_in(server)
    for path in ("", "/role", "/disable", "/enable", "/link", "/sessions/end", "/projects", "/projects/leave"):
        ask = ada.post if path else ada.get
        assert ask(f"/users/nobody{path}").status_code == 404


def test_members_and_strangers_see_nobody(server: Server, sender: Sender) -> None:
    bob = member(server, sender.project, place="owner")
    assert (bob.get("/users").status_code, bob.get(place(server, "bob@example.com")).status_code) == (403, 403)
    for path in ("", "/role", "/disable", "/enable", "/link", "/sessions/end", "/projects", "/projects/leave"):
        assert bob.post(place(server, "bob@example.com") + path if path else "/users").status_code == 403
    assert Visitor(server).get("/users").headers["Location"] == "/sign-in?next=%2Fusers"
