from typing import Any

import pytest

from logserver.core.errors import groups, inbox
from logserver.core.faults import Invalid, NotFound
from logserver.store.database import snapshot
from logserver.store.errors import CursorError
from tests.core.errors.occurring import group, page, send, titles
from tests.serving import Sender, Server

DAY = 86_400


@pytest.fixture
def filled(server: Server, sender: Sender) -> Sender:
    """Five groups: old and loud, resolved, come back, ignored, new."""
    for user in range(3):
        send(server, sender, "Old and loud", context={"user_id": user})
    send(server, sender, "Resolved", environment="staging", release="1")
    send(server, sender, "Came back", context={"exception": {"class": "KeyError"}}, level="CRITICAL")
    send(server, sender, "Ignored", context={"user_id": "u"})
    for title, status in (("Resolved", "resolved"), ("Came back", "resolved"), ("Ignored", "ignored")):
        server.administer(groups.set_status, group(server, sender, title).id, status, server.clock.now_ms())
    server.clock.turn(2 * DAY)
    send(server, sender, "Came back", context={"exception": {"class": "KeyError"}}, level="CRITICAL", release="2")
    server.clock.turn(1)
    send(server, sender, "New", environment="staging", release="2")
    server.administer(groups.assign, group(server, sender, "New").id, "ada@example.com")
    return sender


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, ["New", "Came back", "Old and loud"]),
        ({"status": "new"}, ["New"]),
        ({"status": "regressed"}, ["Came back"]),
        ({"status": "resolved"}, ["Resolved"]),
        ({"status": "ignored"}, ["Ignored"]),
        ({"status": "archived"}, []),
        ({"status": "all", "sort": "count"}, ["Old and loud", "Came back"]),
        ({"status": "all", "sort": "users"}, ["Old and loud", "Ignored"]),
        ({"sort": "first_seen"}, ["New"]),
        ({"text": "loud OLD"}, ["Old and loud"]),
        ({"text": "keyerror back"}, ["Came back"]),
        ({"text": "loud new"}, []),
        ({"text": "100%_'\";--"}, []),
        ({"assignee": "ada@example.com"}, ["New"]),
        ({"assignee": ""}, ["Came back", "Old and loud"]),
        ({"assignee": "eve@example.com"}, []),
        ({"level": "fatal"}, ["Came back"]),
        ({"level": "critical"}, ["Came back"]),
        ({"environment": "staging"}, ["New"]),
        ({"environment": "staging", "status": "all"}, ["New", "Resolved"]),
        ({"release": "2"}, ["New", "Came back"]),
        ({"release": "1", "status": "all"}, ["Resolved"]),
        ({"text": "new", "environment": "production"}, []),
    ],
)
def test_what_is_asked_for_is_found(server: Server, filled: Sender, asked: dict[str, Any], found: list[str]) -> None:
    assert titles(server, filled, **asked)[: len(found) or None] == found


@pytest.mark.parametrize("text", ["ärger", "ÄRGER", "Ärger", "überweisung MIT"])
def test_letters_beyond_ascii_are_found_in_any_case(server: Server, sender: Sender, text: str) -> None:
    send(server, sender, "ÄRGER mit Überweisung")
    assert titles(server, sender, text=text) == ["ÄRGER mit Überweisung"]


def test_shelves_are_tallied(server: Server, filled: Sender) -> None:
    with snapshot(server.folder) as tx:
        tallies = inbox.tallies(tx, filled.project.number, server.clock.now_ms())
    found = {shelf: len(titles(server, filled, status=shelf)) for shelf in inbox.SHELVES}
    assert tallies == found
    assert found["all"] == 5


def test_a_group_that_was_reopened_by_hand_has_not_come_back(server: Server, filled: Sender) -> None:
    key = group(server, filled, "Came back").id
    server.clock.turn(1)
    server.administer(groups.set_status, key, "resolved", server.clock.now_ms())
    server.clock.turn(1)
    server.administer(groups.set_status, key, "unresolved", server.clock.now_ms())
    assert titles(server, filled, status="regressed") == []
    assert "Came back" in titles(server, filled)


@pytest.mark.parametrize("sort", inbox.SORTS)
def test_pages_follow_one_another_without_gaps(server: Server, sender: Sender, sort: str) -> None:
    for n in range(7):
        for _ in range(1 + n % 3):
            send(server, sender, f"error {n}", context={"user_id": n % 2})
        server.clock.turn(n % 2)
    whole = titles(server, sender, sort=sort)
    walked, cursor = [], None
    while True:
        part = page(server, sender, cursor, 3, sort=sort)
        walked += [each.title for each in part.groups]
        cursor = part.next
        if cursor is None:
            break
        assert len(part.groups) == 3
    assert walked == whole
    assert len(whole) == 7


def test_a_page_that_is_just_full_is_the_last(server: Server, sender: Sender) -> None:
    for n in range(2):
        send(server, sender, f"error {n}")
    assert page(server, sender, limit=2).next is None
    assert page(server, sender, limit=1).next is not None


@pytest.mark.parametrize("cursor", ["x", "é", "!!!!", "bm8", "bGFzdF9zZWVuLngueQ", "bGFzdF9zZWVuLjE" + "w" * 60])
def test_what_is_no_cursor_is_refused(server: Server, filled: Sender, cursor: str) -> None:
    with pytest.raises(CursorError):
        page(server, filled, cursor)


def test_a_cursor_of_another_order_is_refused(server: Server, filled: Sender) -> None:
    cursor = page(server, filled, limit=1).next
    with pytest.raises(CursorError):
        page(server, filled, cursor, sort="count")


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"status": "open"}, "status"),
        ({"sort": "n; DROP"}, "sort"),
        ({"text": "x" * 501}, "q"),
        ({"text": "x " * 17}, "q"),
    ],
)
def test_what_cannot_be_asked_is_named(server: Server, sender: Sender, asked: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        page(server, sender, **asked)
    assert [name for name, _ in refused.value.problems] == [field]


def test_another_projects_groups_are_not_seen(server: Server, filled: Sender) -> None:
    other, key = server.sender(), group(server, filled, "New")
    assert titles(server, other, status="all") == []
    with snapshot(server.folder) as tx:
        assert inbox.find(tx, filled.project.number, key.uuid).title == "New"
        assert inbox.find(tx, filled.project.number, key.uuid.upper()) == key
        with pytest.raises(NotFound):
            inbox.find(tx, other.project.number, key.uuid)


@pytest.mark.parametrize("spelled", ["", "x", "d0bef60b-7e2f-88ab-872b-c0d2f1898c13", "é" * 36, "0" * 1000])
def test_what_is_no_group_is_not_found(server: Server, filled: Sender, spelled: str) -> None:
    with snapshot(server.folder) as tx, pytest.raises(NotFound):
        inbox.find(tx, filled.project.number, spelled)


def test_groups_without_occurrences_in_a_range_have_zeros(server: Server, filled: Sender) -> None:
    key, now = group(server, filled, "Old and loud").id, server.clock.now_ms()
    with snapshot(server.folder) as tx:
        assert inbox.hours(tx, filled.project.number, [key], now - 3_600_000, now) == {key: [0, 0]}
        assert inbox.hours(tx, filled.project.number, [], now - 3_600_000, now) == {}
