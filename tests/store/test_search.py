import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logserver.store.cursor import order
from logserver.store.errors import CursorError, QuerySyntaxError
from logserver.store.events import Event
from logserver.store.query import And, Node, canonical
from logserver.store.search import Page, Search, older, page
from logserver.store.tx import Tx
from tests.store import strategies
from tests.store.model import satisfies
from tests.store.stored import SECRET, START, event, opened, put, store


def messages(found: Page) -> list[str]:
    return [one.message for one in found.events]


def ask(tx: Tx, text: str, limit: int = 50, cursor: str | None = None, **more: Any) -> Page:
    return page(tx, Search(projects=(1,), text=text), limit=limit, secret=SECRET, cursor=cursor, **more)


def walk(tx: Tx, search: Search, *, older: bool, cursor: str | None, limits: Sequence[int], **more: Any) -> list[Event]:
    """Every event on the way from a cursor, page by page, in the order met."""
    found: list[Event] = []
    turn = 0
    while True:
        got = page(tx, search, limit=limits[turn % len(limits)], cursor=cursor, secret=SECRET, **more)
        turn += 1
        found += got.events if older else got.events[::-1]
        cursor = got.next if older else got.previous
        if cursor is None:
            return found


def expected(found: Iterable[Event], query: Node, search: Search) -> list[Event]:
    kept = [
        one
        for one in found
        if one.id >> 51 in search.projects
        and (search.since_ms is None or one.time // 1000 >= search.since_ms)
        and (search.until_ms is None or one.time // 1000 < search.until_ms)
        and satisfies(one, query)
    ]
    return sorted(kept, key=lambda one: order(one.id), reverse=True)


@settings(max_examples=400, deadline=None)
@given(
    found=strategies.stores,
    query=strategies.queries,
    projects=st.sets(st.integers(1, 3), min_size=1).map(tuple),
    since=st.none() | st.integers(0, 3),
    until=st.none() | st.integers(1, 5),
    limits=st.lists(st.integers(1, 4), min_size=1, max_size=3),
    checked_rows=st.sampled_from([1, 3, 20_000]),
    newest_rows=st.sampled_from([1, 2, 2_000]),
)
def test_pages_agree_with_a_model_in_both_directions(  # noqa: PLR0917 - hypothesis names them
    found: list[Event],
    query: Node,
    projects: tuple[int, ...],
    since: int | None,
    until: int | None,
    limits: list[int],
    checked_rows: int,
    newest_rows: int,
) -> None:
    tx = store(*found)
    search = Search(
        projects=projects,
        text=canonical(query),
        since_ms=None if since is None else START + since,
        until_ms=None if until is None else START + until,
    )
    wanted = [one.id for one in expected(found, query, search)]
    more: dict[str, Any] = {"checked_rows": checked_rows, "newest_rows": newest_rows}
    found_older = walk(tx, search, older=True, cursor=None, limits=limits, **more)
    assert [one.id for one in found_older] == wanted

    first = page(tx, search, limit=limits[0], secret=SECRET, **more)
    cursor = first.next
    if cursor is not None:
        second = page(tx, search, limit=limits[-1], cursor=cursor, secret=SECRET, **more)
        back = walk(tx, search, older=False, cursor=second.previous, limits=limits, **more)
        assert [one.id for one in back] == [one.id for one in first.events][::-1]
    while cursor is not None:
        last = page(tx, search, limit=limits[0], cursor=cursor, secret=SECRET, **more)
        cursor = last.next
        back = walk(tx, search, older=False, cursor=last.previous, limits=limits, **more)
        ahead = wanted.index(last.events[0].id) if last.events else None
        assert ahead is None or [one.id for one in back] == wanted[:ahead][::-1]
    tx.close()


@settings(max_examples=300, deadline=None)
@given(found=strategies.stores, where=strategies.conditions, query=strategies.queries, limit=st.integers(1, 4))
def test_conditions_beside_the_text_agree_with_a_model(
    found: list[Event], where: Node, query: Node, limit: int
) -> None:
    tx = store(*found)
    search = Search(projects=(1, 2, 3), text=canonical(query), where=where)
    wanted = [one.id for one in expected(found, And((where, query)), search)]
    assert [one.id for one in walk(tx, search, older=True, cursor=None, limits=[limit])] == wanted
    placed: list[int] = []
    place = None
    while True:
        some, place = older(tx, search, limit=limit, place=place)
        placed += [one.id for one in some]
        if place is None:
            break
    assert placed == wanted
    tx.close()


@pytest.fixture(scope="module")
def small() -> Iterable[sqlite3.Connection]:
    connection = store(event("foo bar", a=1, level="x"), event("été", ms=START + 1, a="x"), event("", ms=START + 2))
    yield connection
    connection.close()


@settings(max_examples=400, deadline=None)
@given(
    text=st.text()
    | st.lists(
        st.sampled_from(
            [
                "(",
                ")",
                " ",
                "-",
                "NOT ",
                " OR ",
                "AND",
                '"',
                "*",
                ":",
                "a",
                "a:",
                ">",
                "82.5",
                "\\",
                "\x00",
                "…",
                "\ue000",
            ]
        )
        | st.text(max_size=2)
    ).map("".join)
)
def test_any_text_is_answered_or_refused(small: sqlite3.Connection, text: str) -> None:
    try:
        found = ask(small, text)
    except QuerySyntaxError as error:
        assert 0 <= error.position <= len(text)  # noqa: PT017 - the refusal is one of two right outcomes
    else:
        assert len(found.events) <= 3


def test_the_deepest_queries_fit_the_index_parser(small: sqlite3.Connection) -> None:
    for opening, closing in (
        ("(a OR (b ", "))"),
        ("-(a -(b ", "))"),
        ("(a OR -(b ", "))"),
        ("-(a OR (b ", "))"),
    ):
        repeats = next(n for n in range(31, 0, -1) if _accepted(small, opening * n + "foo" + closing * n))
        assert repeats >= 8
    assert _accepted(small, "(" * 32 + "foo" + ")" * 32)
    assert _accepted(small, " OR ".join(f"(a{n} -b{n})" for n in range(32)))


def _accepted(tx: Tx, text: str) -> bool:
    try:
        ask(tx, text)
    except QuerySyntaxError:
        return False
    return True


def test_new_arrivals_neither_skip_nor_repeat() -> None:
    tx = store(*(event(f"old {n}", ms=START + n * 10) for n in range(6)))
    first = ask(tx, "old", limit=2)
    put(tx, [event("old late", ms=START + 25), event("old newest", ms=START + 99)])
    second = ask(tx, "old", limit=2, cursor=first.next)
    third = ask(tx, "old", limit=9, cursor=second.next)
    assert messages(first) == ["old 5", "old 4"]
    assert messages(second) == ["old 3", "old late"]
    assert messages(third) == ["old 2", "old 1", "old 0"]
    assert third.next is None
    back = ask(tx, "old", limit=9, cursor=second.previous)
    assert messages(back) == ["old newest", "old 5", "old 4"]
    assert back.previous is None


def test_projects_are_merged_by_time_with_ties_by_project() -> None:
    tx = store(*(event(f"{p}@{ms}", project=p, ms=START + ms) for p in (1, 2, 4095) for ms in (0, 1)))
    search = Search(projects=(4095, 2, 2), text="")
    assert messages(page(tx, search, limit=9, secret=SECRET)) == ["4095@1", "2@1", "4095@0", "2@0"]
    assert page(tx, Search(projects=()), limit=9, secret=SECRET).events == []


def test_an_index_entry_of_another_project_is_never_seen() -> None:
    tx = store(event("secret", project=2), event("plain", project=1))
    assert messages(ask(tx, "secret OR -secret")) == ["plain"]
    assert messages(ask(tx, "secret")) == []


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("level\x1ferror", "x"),
        ("x", "y\x1elevel\x1ferror"),
        ("Level", "error"),
        ("level", "error"),
        ("x\ue0ff", "level\ue0fferror"),
        ("x", "y level\ue0fferror"),
    ],
)
def test_nobody_forges_a_level(key: str, value: str) -> None:
    hostile = event("level\ue0fferror level:error")
    hostile.context = {key: value, "n": 1}
    tx = store(hostile)
    for text in ("level:error", "level:err*", "level:error n:>0", "(level:error OR n:>5)"):
        assert ask(tx, text).events == []
    assert len(ask(tx, "level:info").events) == 1


def test_reserved_names_of_the_sender_are_compared_under_context() -> None:
    hostile = event()
    hostile.context = {"Level": {"a": 5}, "group": 7}
    tx = store(hostile)
    for text, wanted in {
        "level.a:>1": 0,
        "level.a:5": 0,
        "context.level.a:>1": 1,
        "context.level.a:5": 1,
        "group:*": 0,
        "group:>1": 0,
        "context.group:>1": 1,
        "level:*": 1,
    }.items():
        assert len(ask(tx, text).events) == wanted, text


def test_exceptions_and_long_attributes_are_text() -> None:
    tx = store(event("boom", kind="error", exception={"class": "IOError", "message": "disk"}, body="deep " * 40))
    for text in ("IOError", "message:disk", '"deep deep"', "deep exception:*", "deep (body:>1 OR ioerror)"):
        assert len(ask(tx, text).events) == 1, text


def test_a_budget_of_rows_ends_a_page_and_the_cursor_goes_on() -> None:
    tx = store(*(event(ms=START + n, n=n) for n in range(10)))
    first = ask(tx, "n:<2", checked_rows=5)
    assert (first.events, first.partial) == ([], True)
    second = ask(tx, "n:<2", checked_rows=5, cursor=first.next)
    assert [one.context["n"] for one in second.events] == [1, 0]
    assert (second.partial, second.next) == (False, None)
    assert second.previous is not None
    stuck = ask(tx, "n:<2", checked_rows=5, cursor=second.previous)
    assert (stuck.events, stuck.partial) == ([], True)
    back = ask(tx, "n:<2", checked_rows=5, cursor=stuck.previous)
    assert (back.events, back.partial, back.previous) == ([], False, None)
    assert [one.context["n"] for one in ask(tx, "n:<2", cursor=back.next).events] == [1, 0]


@pytest.mark.parametrize("text", ["", "word", "n:>=0", "wo*", "-none", "word n:*"])
def test_an_interrupted_page_says_what_it_found_and_how_to_go_on(text: str) -> None:
    tx = store(*(event("word", ms=START + n, n=n) for n in range(300)))
    left = 0

    def deadline() -> int:
        nonlocal left
        left -= 1
        return int(left < 0)

    seen: list[int] = []
    partial = 0
    cursor: str | None = None
    for patience in range(1, 2_000):
        left = patience
        tx.set_progress_handler(deadline, 50)
        got = ask(tx, text, cursor=cursor, limit=300, newest_rows=20)
        tx.set_progress_handler(None, 0)
        seen += [one.context["n"] for one in got.events]
        partial += got.partial
        cursor = got.next
        if cursor is None:
            break
    assert seen == list(range(299, -1, -1))
    assert partial >= 1


def test_only_an_interruption_is_forgiven() -> None:
    empty = sqlite3.connect(":memory:")
    with pytest.raises(sqlite3.OperationalError):
        ask(empty, "a")
    empty.close()


def test_cursors_belong_to_their_search_but_not_to_its_limit() -> None:
    tx = store(*(event("a b", ms=START + n) for n in range(5)))
    first = ask(tx, "a b", limit=2)
    assert first.next is not None
    assert len(ask(tx, " a   AND b", limit=1, cursor=first.next).events) == 1
    flipped = first.next[:5] + ("A" if first.next[5] != "A" else "B") + first.next[6:]
    for text, cursor in (
        ("b a", first.next),
        ("a b", flipped),
        ("a b", ""),
        ("a b", "é" * 24),
        ("a b", first.next + "A"),
    ):
        with pytest.raises(CursorError):
            ask(tx, text, cursor=cursor)
    for search in (Search(projects=(1, 2), text="a b"), Search(projects=(1,), text="a b", since_ms=START)):
        with pytest.raises(CursorError):
            page(tx, search, limit=2, cursor=first.next, secret=SECRET)
    with pytest.raises(CursorError):
        page(tx, Search(projects=(1,), text="a b"), limit=2, cursor=first.next, secret=b"t" * 32)


class Explained:
    """A transaction that keeps the plan of every statement it runs."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.plans: list[list[str]] = []

    def execute(self, sql: str, parameters: Sequence[Any] | Mapping[str, Any] = (), /) -> sqlite3.Cursor:
        plan = self._connection.execute(f"EXPLAIN QUERY PLAN {sql}", parameters)
        self.plans.append([row[3] for row in plan])
        return self._connection.execute(sql, parameters)

    def executemany(self, sql: str, rows: Iterable[Sequence[Any]], /) -> sqlite3.Cursor:
        return self._connection.executemany(sql, rows)


def test_the_index_drives_and_nothing_is_sorted() -> None:
    tx = Explained(store(event("word", a="x"), event("word", project=2)))
    for text in ("", "word", "a:x word -other", "wo*", "a:>1 word"):
        first = page(tx, Search(projects=(1, 2), text=text), limit=1, secret=SECRET)
        page(tx, Search(projects=(1, 2), text=text), limit=1, secret=SECRET, cursor=first.next)
    assert not [plan for plan in tx.plans if any("TEMP" in step or step == "SCAN events" for step in plan)]
    joined = [plan for plan in tx.plans if len(plan) == 2]
    assert joined
    for plan in joined:
        assert plan[0].startswith("SCAN w VIRTUAL TABLE INDEX")
        assert plan[1].startswith("SEARCH e USING INTEGER PRIMARY KEY")


def test_what_a_reader_may_type() -> None:
    tx = store(
        event(
            "connection reset by peer",
            level="warning",
            user="Ann",
            took=12.5,
            tags=["x", "y"],
            http={"code": 404},
        ),
        event("GET /api/v1 from user@example.com at 12:30:45", ms=START + 1, environment="prod", n=7),
    )

    def hits(text: str) -> list[int]:
        return [one.time // 1000 - START for one in ask(tx, text).events]

    reset, get = [0], [1]
    for text, wanted in {
        '"connection reset"': reset,
        "reset connection": reset,
        '"reset connection"': [],
        "level:WARNING": reset,
        "level:warn -user:bob": reset,
        "user:ann": reset,
        "user:a*": reset,
        "took:>12": reset,
        "took:12.5": reset,
        "took:12.50": reset,
        "http.code:>=404": reset,
        "tags:y": reset,
        "tags:*": reset,
        "/api/v1": get,
        "user@example.com": get,
        "12:30:45": get,
        "env:prod": get,
        "environment:Pro*": get,
        "n:7.0": get,
        "n:7": get,
        "NOT level:warning": get,
        "(user:ann OR env:prod) -peer": get,
        "conn*": reset,
        '"connection res"*': reset,
        "message:peer": reset,
        "event_type:log": [1, 0],
        "http://example.com": [],
    }.items():
        assert hits(text) == wanted, text


def test_the_test_store_is_empty_to_begin_with() -> None:
    assert ask(opened(), "").events == []
