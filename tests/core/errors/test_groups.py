from typing import Any

import pytest

from logserver.core.errors import groups
from logserver.core.errors.groups import Group, Status
from logserver.core.faults import NotFound
from logserver.core.projects import Project
from logserver.store.events import Event
from logserver.store.ids import pack
from logserver.store.tx import Tx
from tests.fakes import START_MS

SECOND = 1_000
_counter = iter(range(10**9))


def occurrence(project: Project, at: int = 0, message: str = "boom\nat line 1", **values: Any) -> Event:
    """A numbered error so many seconds after the start."""
    ms = START_MS + at * SECOND
    context = {"environment": "production", **values.pop("context", {})}
    return Event(
        type="error",
        level=values.pop("level", "error"),
        message=message,
        context=context,
        time=ms * 1000,
        received=ms,
        id=pack(project.number, ms, next(_counter) % 1024),
        **values,
    )


def record(tx: Tx, project: Project, at: int = 0, **values: Any) -> Group:
    return groups.read(tx, groups.record(tx, project.number, occurrence(project, at, **values)).group)


def test_occurrences_with_the_same_key_are_one_group(tx: Tx, project: Project) -> None:
    first = record(tx, project)
    group = record(tx, project, 10)
    assert group.id == first.id
    assert (group.title, group.n, group.status, group.regressions) == ("boom", 2, "unresolved", 0)
    assert (group.first_seen, group.last_seen) == (START_MS, START_MS + 10 * SECOND)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"message": "boom\na"}, {"message": "boom\nb"}, True),
        ({"message": "boom"}, {"message": "bang"}, False),
        ({"message": "\n \n boom \nx"}, {"message": "boom"}, True),
        ({"message": "boom", "fingerprint": "f"}, {"message": "bang", "fingerprint": "f"}, True),
        ({"message": "boom", "fingerprint": "f"}, {"message": "boom", "fingerprint": "g"}, False),
        ({"message": "boom", "fingerprint": "boom"}, {"message": "boom"}, False),
        ({"message": " \n"}, {"message": " \n"}, False),
    ],
    ids=["first line", "another line", "first that is not blank", "fingerprint", "another", "not a title", "nothing"],
)
def test_what_belongs_together(tx: Tx, project: Project, one: Any, other: Any, same: bool) -> None:  # noqa: FBT001 - a column of the table
    assert (record(tx, project, **one).id == record(tx, project, **other).id) is same


def test_groups_of_two_projects_are_apart(project: Project) -> None:
    event = occurrence(project)
    assert groups.id_of(1, groups.key_of(event)) != groups.id_of(2, groups.key_of(event))


@pytest.mark.parametrize("status", ["resolved", "archived"])
def test_an_occurrence_after_the_closing_reopens(tx: Tx, project: Project, status: Status) -> None:
    group = record(tx, project)
    groups.set_status(tx, group.id, status, START_MS + 10 * SECOND)
    group = record(tx, project, 11)
    assert (group.status, group.regressions, group.regressed_at) == ("unresolved", 1, START_MS + 11 * SECOND)
    group = record(tx, project, 12)
    assert (group.regressions, group.regressed_at, group.n) == (1, START_MS + 11 * SECOND, 3)


@pytest.mark.parametrize("status", ["resolved", "archived"])
@pytest.mark.parametrize("at", [5, 10, -3600], ids=["before the closing", "at it", "long before"])
def test_a_late_old_occurrence_does_not(tx: Tx, project: Project, status: Status, at: int) -> None:
    group = record(tx, project)
    groups.set_status(tx, group.id, status, START_MS + 10 * SECOND)
    group = record(tx, project, at)
    assert (group.status, group.regressions, group.regressed_at, group.n) == (status, 0, None, 2)


def test_an_ignored_group_stays_ignored_and_counts_on(tx: Tx, project: Project) -> None:
    group = record(tx, project)
    groups.set_status(tx, group.id, "ignored", START_MS + SECOND)
    group = record(tx, project, 60)
    assert (group.status, group.regressions, group.n) == ("ignored", 0, 2)
    assert group.last_seen == START_MS + 60 * SECOND


def test_each_closing_may_regress_once(tx: Tx, project: Project) -> None:
    group = record(tx, project)
    for closing in (10, 20, 30):
        groups.set_status(tx, group.id, "resolved", START_MS + closing * SECOND)
        for at in (closing + 1, closing + 2):
            group = record(tx, project, at)
    assert (group.status, group.regressions) == ("unresolved", 3)


def test_a_group_reopened_by_hand_does_not_regress(tx: Tx, project: Project) -> None:
    group = record(tx, project)
    groups.set_status(tx, group.id, "resolved", START_MS + 1 * SECOND)
    groups.set_status(tx, group.id, "unresolved", START_MS + 2 * SECOND)
    assert record(tx, project, 3).regressions == 0


@pytest.mark.parametrize(
    ("releases", "first", "last"),
    [
        ([(0, "1"), (10, "2")], "1", "2"),
        ([(10, "2"), (0, "1")], "1", "2"),
        ([(0, "1"), (10, "3"), (5, "2")], "1", "3"),
        ([(0, None), (10, "2")], "2", "2"),
        ([(0, "1"), (10, None)], "1", "1"),
        ([(10, "2"), (0, None)], "2", "2"),
        ([(0, None), (10, None)], None, None),
        ([(0, "1"), (10, 7)], "1", "1"),
    ],
)
def test_releases_first_and_last_seen(
    tx: Tx, project: Project, releases: Any, first: str | None, last: str | None
) -> None:
    for at, release in releases:
        group = record(tx, project, at, context={"release": release})
    assert (group.first_release, group.last_release) == (first, last)


def test_the_newest_occurrence_says_how_bad_it_is_and_where(tx: Tx, project: Project) -> None:
    record(tx, project, 0, level="error")
    newest = record(tx, project, 20, level="fatal", context={"environment": "beta"})
    group = record(tx, project, 10, level="warning")
    assert (group.level, group.environment, group.last_event) == ("fatal", "beta", newest.last_event)
    assert (group.first_seen, group.n) == (START_MS, 3)


@pytest.mark.parametrize(
    ("context", "subtitle"),
    [
        ({"exception": {"class": "ValueError", "type": "other"}}, "ValueError"),
        ({"exception": {"qualified_class": "a.ValueError"}}, "a.ValueError"),
        ({"exception": {"type": "IOException"}}, "IOException"),
        ({"exception_class": "ValueError"}, "ValueError"),
        ({"exception": {"class": ["x"]}}, None),
        ({"exception": "ValueError"}, None),
        ({}, None),
    ],
)
def test_the_subtitle_is_the_class_of_the_exception(tx: Tx, project: Project, context: Any, subtitle: Any) -> None:
    assert record(tx, project, context=context).subtitle == subtitle


def test_the_rule_is_kept_with_the_group(tx: Tx, project: Project) -> None:
    assert record(tx, project).rule == groups.RULE


def test_a_group_is_assigned_and_freed(tx: Tx, project: Project) -> None:
    group = record(tx, project)
    assert groups.assign(tx, group.id, "alice").assignee == "alice"
    assert groups.assign(tx, group.id, None).assignee is None


def test_a_group_that_is_not_there_is_not_found(tx: Tx) -> None:
    with pytest.raises(NotFound):
        groups.read(tx, bytes(16))
    with pytest.raises(NotFound):
        groups.set_status(tx, bytes(16), "resolved", 0)


@pytest.mark.parametrize(
    ("title", "subtitle", "said"),
    [
        ("KeyError: 'x'", "KeyError", "'x'"),
        ("Boom: really: bad", "app.errors.Boom", "really: bad"),
        ("app.errors.Boom: bad", "app.errors.Boom", "bad"),
        ("KeyError", "KeyError", ""),
        ("KeyErrors: many", "KeyError", "KeyErrors: many"),
        ("payment refused", "CardDeclined", "payment refused"),
        ("payment refused", None, "payment refused"),
        (": odd", "", ": odd"),
        (": odd", "ends.in.", ": odd"),
    ],
)
def test_a_title_is_told_without_the_class_that_stands_beside_it(title: str, subtitle: str | None, said: str) -> None:
    assert groups.without_class(title, subtitle) == said
