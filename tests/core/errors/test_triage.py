import pytest

from logserver.core.errors import triage
from logserver.core.faults import Invalid
from logserver.core.people import accounts, members
from tests.core.errors.occurring import group, send, titles
from tests.serving import Sender, Server


@pytest.fixture
def filled(server: Server, sender: Sender) -> Sender:
    for n in range(3):
        send(server, sender, f"error {n}")
    server.person("ada@example.com", "admin")
    for email in ("bob@example.com", "eve@example.com", "gone@example.com"):
        server.person(email, "member")
    for email in ("bob@example.com", "gone@example.com"):
        server.administer(
            lambda tx, email=email: members.put(tx, sender.project, accounts.by_email(tx, email), "member", 0)
        )
    server.administer(lambda tx: accounts.disable(tx, accounts.by_email(tx, "gone@example.com"), 0))
    return sender


def test_many_are_resolved_at_once_but_none_of_another_project(server: Server, filled: Sender) -> None:
    other = server.sender()
    send(server, other, "error 0")
    keys = [group(server, filled, f"error {n}").id for n in (0, 1)] + [group(server, other, "error 0").id, b"x" * 16]
    assert server.administer(triage.set_status, filled.project, keys, "resolved", server.clock.now_ms()) == 2
    assert sorted(titles(server, filled, status="resolved")) == ["error 0", "error 1"]
    assert titles(server, other) == ["error 0"]
    assert group(server, filled, "error 0").status_at == server.clock.now_ms()


def test_what_is_so_already_keeps_its_time(server: Server, filled: Sender) -> None:
    key, at = group(server, filled, "error 0").id, server.clock.now_ms()
    server.administer(triage.set_status, filled.project, [key], "ignored", at)
    assert server.administer(triage.set_status, filled.project, [key], "ignored", at + 5) == 0
    assert group(server, filled, "error 0").status_at == at


@pytest.mark.parametrize(
    ("email", "n"), [("bob@example.com", 2), (" BOB@example.com ", 2), ("ada@example.com", 2), ("", 2)]
)
def test_errors_are_assigned_to_who_sees_the_project(server: Server, filled: Sender, email: str, n: int) -> None:
    keys = [group(server, filled, f"error {each}").id for each in range(2)]
    assert server.administer(triage.assign, filled.project, keys, email) == n
    assert group(server, filled, "error 1").assignee == (email.strip().lower() or None)
    assert group(server, filled, "error 2").assignee is None


@pytest.mark.parametrize("email", ["eve@example.com", "gone@example.com", "nobody@example.com", "x"])
def test_nobody_else_is_asked_to_look_after_one(server: Server, filled: Sender, email: str) -> None:
    with pytest.raises(Invalid, match="assignee"):
        server.administer(triage.assign, filled.project, [group(server, filled, "error 0").id], email)


def test_a_status_there_is_not_and_too_many_groups_are_refused(server: Server, filled: Sender) -> None:
    with pytest.raises(Invalid, match="status"):
        server.administer(triage.set_status, filled.project, [], "open", 0)
    keys = [b"x" * 16] * (triage.MOST_AT_ONCE + 1)
    with pytest.raises(Invalid, match="groups"):
        server.administer(triage.set_status, filled.project, keys, "resolved", 0)
    with pytest.raises(Invalid, match="groups"):
        server.administer(triage.assign, filled.project, keys, "")
    assert server.administer(triage.set_status, filled.project, [], "resolved", 0) == 0
