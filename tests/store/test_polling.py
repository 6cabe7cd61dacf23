import pytest

from logserver.store import polling
from logserver.store.errors import CursorError
from logserver.store.search import Search
from tests.store.stored import START, event, opened, put

SECRET = b"s" * 32
ALL = Search(projects=(1, 2))


def test_what_arrived_comes_in_pages_of_any_size_and_nothing_twice() -> None:
    for limit in (1, 2, 7, 100):
        tx = opened()
        put(tx, [event("before", ms=START + 500)])
        cursor = polling.now(tx, ALL, SECRET)
        put(tx, [event("a", n=n, ms=START + n) for n in range(10)])
        put(tx, [event("elsewhere", project=3)])
        put(tx, [event("late", n=10, project=2, ms=START - 5)])
        seen: list[int] = []
        more = True
        while more:
            poll = polling.arrived(tx, ALL, cursor, limit=limit, secret=SECRET)
            assert len(poll.events) <= limit
            seen += [one.context["n"] for one in poll.events]
            cursor, more = poll.cursor, poll.more
            assert not poll.gap
        assert seen == list(range(11))
        assert polling.arrived(tx, ALL, cursor, limit=limit, secret=SECRET).events == []


def test_the_search_decides_and_its_times_may_move_on() -> None:
    tx = opened()
    asked = Search(projects=(1,), text="n:>3", since_ms=START)
    cursor = polling.now(tx, asked, SECRET)
    put(tx, [event("a", n=n, ms=START + n) for n in range(6)])
    later = Search(projects=(1,), text="n:>3", since_ms=START + 5)
    poll = polling.arrived(tx, later, cursor, limit=10, secret=SECRET)
    assert [one.context["n"] for one in poll.events] == [5]
    assert not poll.more


@pytest.mark.parametrize("other", [Search(projects=(1,)), Search(projects=(1, 2), text="a")])
def test_a_cursor_is_of_one_search(other: Search) -> None:
    tx = opened()
    with pytest.raises(CursorError):
        polling.arrived(tx, other, polling.now(tx, ALL, SECRET), limit=1, secret=SECRET)
    with pytest.raises(CursorError):
        polling.arrived(tx, ALL, "x" * 24, limit=1, secret=SECRET)


def test_what_was_forgotten_meanwhile_is_told() -> None:
    tx = opened()
    put(tx, [event("a", ms=START)])
    cursor = polling.now(tx, ALL, SECRET)
    for n in range(3):
        put(tx, [event("b", ms=START + n + 1)])
    tx.execute("DELETE FROM arrivals WHERE seq < 4")
    poll = polling.arrived(tx, ALL, cursor, limit=10, secret=SECRET)
    assert (len(poll.events), poll.gap) == (1, True)
    assert not polling.arrived(tx, ALL, poll.cursor, limit=10, secret=SECRET).gap


def test_a_store_put_back_from_a_copy_is_followed_from_its_end() -> None:
    tx = opened()
    put(tx, [event("a", ms=START)])
    put(tx, [event("b", ms=START + 1)])
    cursor = polling.now(tx, ALL, SECRET)
    tx.execute("DELETE FROM arrivals WHERE seq > 1")
    poll = polling.arrived(tx, ALL, cursor, limit=10, secret=SECRET)
    assert (poll.events, poll.more) == ([], False)
    put(tx, [event("c", ms=START + 2)])
    assert [one.message for one in polling.arrived(tx, ALL, poll.cursor, limit=9, secret=SECRET).events] == ["c"]
