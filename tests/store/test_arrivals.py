"""One reader of what arrives, for many searches."""

from logserver.store.arrivals import haul
from logserver.store.events import Event
from logserver.store.following import newest_seq
from logserver.store.search import Search
from tests.store.stored import START, event, opened, put


def messages(found: list[Event]) -> list[str]:
    return [each.message for each in found]


def test_every_search_gets_what_it_asks_for_and_nothing_of_other_projects() -> None:
    tx = opened()
    seq = newest_seq(tx)
    put(tx, [event("a", n=1, ms=START + 9), event("secret", project=2, ms=START)])
    put(tx, [event("b", n=2, ms=START)])
    searches = {"all": Search((1,)), "two": Search((1,), "n:2"), "other": Search((2,)), "none": Search((1,), "nothing")}
    brought = haul(tx, searches, seq, most=10)
    assert {key: messages(found) for key, found in brought.found.items()} == {
        "all": ["a", "b"],
        "two": ["b"],
        "other": ["secret"],
    }
    assert (brought.lost, brought.seq, brought.more) == ({}, newest_seq(tx), False)
    assert haul(tx, searches, brought.seq, most=10).found == {}


def test_the_newest_are_kept_and_what_is_left_out_is_counted() -> None:
    tx = opened()
    put(tx, [event("a", n=n, ms=START + n) for n in range(8)])
    brought = haul(tx, {0: Search((1,)), 1: Search((1,), "n:<2")}, 0, most=3)
    assert [each.context["n"] for each in brought.found[0]] == [5, 6, 7]
    assert [each.context["n"] for each in brought.found[1]] == [0, 1]
    assert brought.lost == {0: 5}


def test_a_call_is_short_and_the_next_goes_on() -> None:
    tx = opened()
    for n in range(5):
        put(tx, [event("a", n=n, ms=START + n)])
    seen, seq, more = [], 0, True
    while more:
        found, lost, seq, more = haul(tx, {0: Search((1,))}, seq, most=10, examined_ids=2)
        assert len(found[0]) <= 2
        assert lost == {}
        seen += [each.context["n"] for each in found[0]]
    assert seen == [0, 1, 2, 3, 4]


def test_who_falls_far_behind_is_told_how_much_was_passed_over() -> None:
    tx = opened()
    for n in range(10):
        put(tx, [event("a", n=2 * n, ms=START + n), event("a", n=2 * n + 1, ms=START + n, counter=1)])
        put(tx, [event("of nobody's interest", project=3, ms=START + n)])
    brought = haul(tx, {0: Search((1,)), 1: Search((2,))}, 0, most=50, backlog_ids=5)
    assert [each.context["n"] for each in brought.found[0]] == [16, 17, 18, 19]
    assert brought.lost == {0: 16}


def test_a_store_that_was_put_back_is_followed_from_where_it_is() -> None:
    tx = opened()
    put(tx, [event("a")])
    brought = haul(tx, {0: Search((1,))}, 900, most=10)
    assert (brought.found, brought.seq, brought.more) == ({}, newest_seq(tx), False)
