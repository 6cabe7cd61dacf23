"""The parts of the full-text index, as its own record of them tells."""

from collections.abc import Iterator
from pathlib import Path
from sqlite3 import Connection

import pytest

from logserver.store import index
from logserver.store.connections import connect
from logserver.store.migrations import migrate


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Connection]:
    connection = connect(tmp_path)
    migrate(connection)
    yield connection
    connection.close()


def add(store: Connection, first: int, last: int) -> None:
    """A segment of its own with so many entries."""
    store.execute("BEGIN")
    store.executemany(
        "INSERT INTO event_words (rowid, text, words) VALUES (?, ?, ?)",
        [(number, f"word{number} shared", f"k{number % 7}") for number in range(first, last + 1)],
    )
    store.execute("COMMIT")


def pages_by_count(store: Connection) -> int:
    """Leaves, as the table of the index's data has them: neither its two records nor inner nodes."""
    (n,) = store.execute("SELECT count(*) FROM event_words_data WHERE id > 10 AND (id >> 31) & 63 = 0").fetchone()
    return int(n)


def test_an_empty_index_has_no_parts(store: Connection) -> None:
    assert (index.segments(store), index.pages(store), index.merged(store)) == (0, 0, True)


def test_segments_and_pages_are_those_that_are_there(store: Connection) -> None:
    for number in range(10):
        add(store, number * 1_000 + 1, number * 1_000 + 1_000)
    assert index.segments(store) == 10
    assert [len(level.pages) for level in index.levels(store)] == [10]
    assert index.pages(store) == pages_by_count(store) > 20


def test_a_whole_merge_leaves_one_segment_without_what_was_deleted(store: Connection) -> None:
    add(store, 1, 3_000)
    add(store, 3_001, 3_100)
    alone = index.pages(store)
    store.executemany(
        "INSERT INTO event_words (event_words, rowid, text, words) VALUES ('delete', ?, ?, ?)",
        [(number, f"word{number} shared", f"k{number % 7}") for number in range(1, 3_001)],
    )
    index.note_deleted(store, 3_000)
    assert index.pages(store) > alone
    index.begin_whole_merge(store)
    assert index.owed(store) == (3_000, 3_000)
    index.note_deleted(store, 5)
    steps = 0
    while not index.merged(store):
        index.merge(store, 1)
        steps += 1
        assert steps < 1_000
    index.end_whole_merge(store)
    assert index.owed(store) == (5, None)
    assert index.segments(store) == 1
    assert index.pages(store) == pages_by_count(store) < alone / 5
    assert store.execute("SELECT count(*) FROM event_words WHERE event_words MATCH 'shared'").fetchone() == (100,)


def test_what_arrives_meanwhile_does_not_keep_it_from_ending(store: Connection) -> None:
    for number in range(8):
        add(store, number * 500 + 1, number * 500 + 500)
    index.begin_whole_merge(store)
    steps = 0
    while not index.merged(store):
        add(store, 10_000 + steps * 10, 10_000 + steps * 10 + 9)
        index.merge(store, 1)
        steps += 1
        assert steps < 1_000
    index.end_whole_merge(store)
    matches = store.execute("SELECT count(*) FROM event_words WHERE event_words MATCH 'shared'").fetchone()
    assert matches == (4_000 + 10 * steps,)
