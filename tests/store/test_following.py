from logserver.store.following import arrived, newest_seq
from logserver.store.search import Search
from tests.store.stored import START, event, opened, put

ALL = Search(projects=(1, 2))


def test_what_arrives_late_is_followed_in_order_of_arrival() -> None:
    tx = opened()
    assert newest_seq(tx) == 0
    put(tx, [event("before", ms=START + 50)])
    seq = newest_seq(tx)
    put(tx, [event("new", ms=START + 90)])
    put(tx, [event("late", ms=START + 1), event("other", project=2, ms=START)])
    found, reached = arrived(tx, ALL, seq, 10)
    assert [one.message for one in found] == ["new", "late", "other"]
    assert reached == newest_seq(tx) == 4
    assert arrived(tx, ALL, reached, 10) == ([], reached)


def test_the_search_decides_what_is_followed() -> None:
    tx = opened()
    put(tx, [event("a", n=n, ms=START + n) for n in range(4)] + [event("secret", project=3)])
    for text, wanted in {"": [0, 1, 2, 3], "n:>1": [2, 3], "a -n:0": [1, 2, 3], "b": []}.items():
        found, seq = arrived(tx, Search(projects=(1, 2), text=text), 0, 10)
        assert [one.context["n"] for one in found] == wanted
        assert seq == 2
    found, _ = arrived(tx, Search(projects=(1,), since_ms=START + 1, until_ms=START + 3), 0, 10)
    assert [one.context["n"] for one in found] == [1, 2]


def test_an_arrival_is_never_split_and_nothing_is_lost_between_calls() -> None:
    tx = opened()
    for turn in range(5):
        put(tx, [event("a", n=turn * 3 + n, ms=START + turn * 3 + n) for n in range(3)])
    for bounds in ({"limit": 1}, {"limit": 4}, {"limit": 99, "examined_ids": 1}):
        seen, seq = [], 0
        while seq < newest_seq(tx):
            found, seq = arrived(tx, ALL, seq, **bounds)
            seen += [one.context["n"] for one in found]
        assert seen == list(range(15))


def test_an_interrupted_call_says_how_far_it_came() -> None:
    tx = opened()
    for n in range(40):
        put(tx, [event("a", n=n, ms=START + n)])
    seen: list[int] = []
    seq, left, short = 0, 0, 0

    def deadline() -> int:
        nonlocal left
        left -= 1
        return int(left < 0)

    for patience in range(1, 200):
        left = patience
        tx.set_progress_handler(deadline, 50)
        found, seq = arrived(tx, ALL, seq, 99)
        tx.set_progress_handler(None, 0)
        seen += [one.context["n"] for one in found]
        if seq == newest_seq(tx):
            break
        short += 1
    assert seen == list(range(40))
    assert short
