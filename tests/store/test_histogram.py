import sqlite3
from collections.abc import Iterable

from hypothesis import given, settings

from logserver.store import ids, words
from logserver.store.events import Event
from logserver.store.histogram import MINUTE_MS, Bucket, count, histogram
from logserver.store.query import Node, canonical
from logserver.store.search import Search
from tests.store import strategies
from tests.store.model import satisfies
from tests.store.stored import START, event, put, store

MINUTE = START // MINUTE_MS * MINUTE_MS


def counted(found: Iterable[Event], **names: str) -> sqlite3.Connection:
    """A store with events and their counts; ``names`` renames environments, as a full vocabulary does."""
    tx = store()
    put(tx, found)
    for one in found:
        project, ms, _ = ids.unpack(one.id)
        environment = names.get(one.environment(), one.environment())
        key = (project, one.type, words.severity(one.level), environment)
        tx.execute("INSERT OR IGNORE INTO dimensions (project, type, level, environment) VALUES (?, ?, ?, ?)", key)
        tx.execute(
            "INSERT INTO counts SELECT project, ?, id, 1 FROM dimensions"
            " WHERE (project, type, level, environment) = (?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET n = n + 1",
            (ms // MINUTE_MS, *key),
        )
    return tx


def some() -> list[Event]:
    return [
        event("a b", ms=MINUTE, level="error", environment="prod", n=1),
        event("a", ms=MINUTE + 59_999, level="WARNING", environment="prod", n=2),
        event("a", ms=MINUTE + 60_000, kind="error", level="error", environment="dev", n=3),
        event("a", ms=MINUTE + 600_000, level="info", n=4),
        event("a", project=2, ms=MINUTE, level="info", environment="prod", n=5),
    ]


def test_counts_answer_with_levels() -> None:
    tx = counted(some())
    assert histogram(tx, Search(projects=(1,)), bucket_ms=MINUTE_MS).buckets == [
        Bucket(MINUTE, 2, {"error": 1, "warn": 1}),
        Bucket(MINUTE + 60_000, 1, {"error": 1}),
        Bucket(MINUTE + 600_000, 1, {"info": 1}),
    ]
    by_hour = histogram(tx, Search(projects=(1, 2), text="level:err OR env:PROD"), bucket_ms=60 * MINUTE_MS)
    assert [(b.total, b.levels) for b in by_hour.buckets] == [(4, {"error": 2, "warn": 1, "info": 1})]
    within = Search(projects=(1,), since_ms=MINUTE + 60_000, until_ms=MINUTE + 600_000)
    assert count(tx, within).total == 1


def test_the_index_answers_the_rest_without_levels() -> None:
    tx = counted(some())
    found = histogram(tx, Search(projects=(1, 2), text="a"), bucket_ms=MINUTE_MS)
    assert found.buckets == [
        Bucket(MINUTE, 3, {}),
        Bucket(MINUTE + 60_000, 1, {}),
        Bucket(MINUTE + 600_000, 1, {}),
    ]
    assert not found.partial
    assert count(tx, Search(projects=(1,), text="n:>1 level:error")).total == 1


def test_environments_beyond_the_bound_are_counted_in_the_index() -> None:
    tx = counted(some(), dev="~other")
    for text, wanted in {
        "env:dev": 1,
        "env:prod": 2,
        'env:"~other"': 0,
        "-env:prod": 2,
        "level:error": 2,
    }.items():
        assert count(tx, Search(projects=(1,), text=text)).total == wanted, text


@settings(max_examples=100, deadline=None)
@given(found=strategies.stores, query=strategies.queries)
def test_counts_and_index_agree_with_a_model(found: list[Event], query: Node) -> None:
    tx = counted(found)
    search = Search(projects=(1, 2, 3), text=canonical(query))
    assert count(tx, search).total == sum(satisfies(one, query) for one in found)
    tx.close()


def test_rows_and_time_are_bounded() -> None:
    tx = counted([event("a", ms=START + n, n=n) for n in range(300)])
    checked = count(tx, Search(projects=(1,), text="n:>=0"), checked_rows=10)
    assert (checked.total, checked.partial) == (10, True)
    left = 20
    rounds = iter(range(left))
    tx.set_progress_handler(lambda: int(next(rounds, None) is None), 50)
    interrupted = count(tx, Search(projects=(1,), text="a"))
    tx.set_progress_handler(None, 0)
    assert interrupted.partial
    assert 0 < interrupted.total < 300
    tx.set_progress_handler(lambda: 1, 1)
    assert count(tx, Search(projects=(1,))).partial
    tx.set_progress_handler(None, 0)


def test_no_more_than_so_many_matches_are_counted_the_newest_first() -> None:
    tx = store(*(event("disk", ms=START + n * 60_000) for n in range(6)))
    counted = histogram(tx, Search((1,), "disk"), bucket_ms=60_000, counted_ids=4)
    assert ([bucket.total for bucket in counted.buckets], counted.partial) == ([1, 1, 1, 1], True)
    assert counted.buckets[0].start_ms // 60_000 == (START + 2 * 60_000) // 60_000
    assert histogram(tx, Search((1,), "disk"), bucket_ms=60_000, counted_ids=6).partial is False
