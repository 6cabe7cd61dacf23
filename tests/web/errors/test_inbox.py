"""The inbox, as a browser without scripts sees it."""

import pytest

from logserver.core.errors.groups import Group
from tests.core.errors.occurring import group, send, titles
from tests.serving import Sender, Server
from tests.web.browsing import Visitor, member, signed_in, text_of


@pytest.fixture
def filled(server: Server) -> Sender:
    sender = server.sender("shop")
    for n in range(3):
        send(server, sender, f"error {n}", context={"user_id": n, "exception": {"class": f"Kind{n}"}}, release="1.2")
    return sender


@pytest.fixture
def bob(server: Server, filled: Sender) -> Visitor:
    """A member of the project."""
    return member(server, filled.project)


def groups(server: Server, sender: Sender) -> list[Group]:
    return [group(server, sender, f"error {n}") for n in range(3)]


def test_errors_are_listed(bob: Visitor) -> None:
    answer = bob.get("/p/shop/inbox")
    assert answer.status_code == 200
    said = text_of(answer)
    for n in range(3):
        assert f"Kind{n} error {n}" in said
    assert "Unresolved 3" in said
    assert "1 times in the last 24 hours" in answer.text


@pytest.mark.parametrize(
    ("asked", "seen"),
    [
        ({"q": "kind1"}, [1]),
        ({"status": "new"}, [0, 1, 2]),
        ({"status": "resolved"}, []),
        ({"assignee": "me"}, [2]),
        ({"assignee": "nobody"}, [0, 1]),
        ({"level": "fatal"}, []),
        ({"release": "1.2", "sort": "users", "period": "14d"}, [0, 1, 2]),
        ({"environment": "staging"}, []),
        ({"period": "nonsense"}, [0, 1, 2]),
        ({"status": "", "sort": "", "q": " ", "level": ""}, [0, 1, 2]),
    ],
)
def test_filters_narrow_the_list(
    server: Server, filled: Sender, bob: Visitor, asked: dict[str, str], seen: list[int]
) -> None:
    key = group(server, filled, "error 2").uuid
    assert bob.post("/p/shop/inbox", group=key, assignee="bob@example.com").status_code == 303
    answer = bob.get("/p/shop/inbox", **asked)
    assert answer.status_code == 200
    assert [n for n in range(3) if f"Kind{n}" in text_of(answer)] == seen


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"status": "open"}, 422),
        ({"sort": "id"}, 422),
        ({"q": "x" * 501}, 422),
        ({"cursor": "nonsense"}, 400),
        ({"cursor": "\x00"}, 400),
        ({"level": "\u00e9" * 900, "environment": "x" * 9000}, 200),
    ],
)
def test_what_cannot_be_asked_is_said(bob: Visitor, asked: dict[str, str], status: int) -> None:
    assert bob.get("/p/shop/inbox", **asked).status_code == status


def test_pages_lead_on(server: Server, filled: Sender, bob: Visitor) -> None:
    for n in range(3, 53):
        send(server, filled, f"error {n}")
    first = bob.get("/p/shop/inbox")
    assert first.text.count('name="group"') == 50
    (onward,) = [part.split('"')[0] for part in first.text.split('href="')[1:] if "cursor=" in part.split('"')[0]]
    assert bob.get(onward.replace("&amp;", "&")).text.count('name="group"') == 3


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("resolved", "2 errors resolved."),
        ("ignored", "2 errors ignored."),
        ("archived", "2 errors archived."),
    ],
)
def test_ticked_errors_are_seen_to(server: Server, filled: Sender, bob: Visitor, status: str, said: str) -> None:
    bob.get("/p/shop/inbox")
    keys = [each.uuid for each in groups(server, filled)[:2]]
    answer = bob.post("/p/shop/inbox", group=keys, status=status, back="/p/shop/inbox?sort=count")
    assert answer.headers["Location"] == "/p/shop/inbox?sort=count"
    assert said in text_of(bob.follow(answer))
    assert sorted(titles(server, filled, status=status)) == ["error 0", "error 1"]
    again = bob.post("/p/shop/inbox", group=keys[0], status="unresolved")
    assert "1 error reopened." in text_of(bob.follow(again))


def test_errors_are_assigned(server: Server, filled: Sender, bob: Visitor) -> None:
    keys = [each.uuid for each in groups(server, filled)]
    answer = bob.post("/p/shop/inbox", group=keys, assignee="bob@example.com")
    assert "3 errors assigned to bob@example.com." in text_of(bob.follow(answer))
    answer = bob.post("/p/shop/inbox", group=keys[0], assignee="")
    assert "1 error assigned to nobody." in text_of(bob.follow(answer))
    assert [each.assignee for each in groups(server, filled)] == [None, "bob@example.com", "bob@example.com"]


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, 303),
        ({"status": "resolved"}, 303),
        ({"group": "nonsense", "status": "resolved"}, 303),
        ({"group": "KEY", "status": "open"}, 422),
        ({"group": "KEY", "assignee": "eve@example.com"}, 422),
        ({"group": ["KEY"] * 501, "status": "resolved"}, 422),
        ({"group": "KEY", "status": "resolved", "form_token": "x"}, 403),
    ],
)
def test_what_cannot_be_done_changes_nothing(
    server: Server, filled: Sender, bob: Visitor, fields: dict[str, object], status: int
) -> None:
    key = group(server, filled, "error 0").uuid
    filled_in = {
        name: [key if each == "KEY" else each for each in value]
        if isinstance(value, list)
        else key
        if value == "KEY"
        else value
        for name, value in fields.items()
    }
    assert bob.post("/p/shop/inbox", filled_in).status_code == status
    assert len(titles(server, filled)) == 3
    assert group(server, filled, "error 0").assignee is None


@pytest.mark.parametrize(
    "back", ["//evil.example", "https://evil.example", "/users", "/p/shopping/inbox", "/p/shop", ""]
)
def test_nobody_is_sent_elsewhere(server: Server, filled: Sender, bob: Visitor, back: str) -> None:
    answer = bob.post("/p/shop/inbox", group=group(server, filled, "error 0").uuid, status="resolved", back=back)
    assert answer.headers["Location"] == "/p/shop/inbox"


def test_errors_of_another_project_are_left_alone(server: Server, bob: Visitor) -> None:
    other = server.sender("other")
    send(server, other, "error 0")
    bob.post("/p/shop/inbox", group=group(server, other, "error 0").uuid, status="resolved")
    assert titles(server, other) == ["error 0"]


def test_only_who_is_in_the_project_sees_it(server: Server, filled: Sender) -> None:
    assert Visitor(server).get("/p/shop/inbox").headers["Location"].startswith("/sign-in")
    stranger = signed_in(server, "eve@example.com", "member")
    assert stranger.get("/p/shop/inbox").status_code == 404
    key = group(server, filled, "error 0").uuid
    assert stranger.post("/p/shop/inbox", group=key, status="resolved").status_code == 404
    assert len(titles(server, filled)) == 3


def test_an_empty_inbox_says_how_to_begin(server: Server) -> None:
    server.sender("quiet")
    ada = signed_in(server)
    assert "No error has come in yet." in text_of(ada.get("/p/quiet/inbox"))
    assert "No error is like that." in text_of(ada.get("/p/quiet/inbox", q="x"))


def test_what_senders_say_is_never_markup(server: Server, filled: Sender, bob: Visitor) -> None:
    hostile = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
    exception = {"class": hostile}
    send(
        server,
        filled,
        hostile,
        context={"exception": exception},
        environment=hostile,
        release=hostile,
        level=hostile[:60],
    )
    answer = bob.get("/p/shop/inbox", q="script", environment=hostile, release=hostile)
    assert "<script>alert" not in answer.text
    assert "<img" not in answer.text
    assert "&lt;script&gt;alert(1)" in answer.text
