"""Deleting takes back what storing counted."""

import sqlite3
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from logserver.store import countings, series
from logserver.store.batch import Batch
from logserver.store.events import COLUMNS, Event
from logserver.store.ids import id_ms, unpack
from logserver.store.series import BOUNDS, OTHER
from logserver.store.words import severity
from tests.store import strategies
from tests.store.counted import MINUTE, counts, metric, samples, take
from tests.store.stored import START, event, opened


def remove(tx: sqlite3.Connection, found: list[Event]) -> None:
    """Take events out of the counts, as their deletion does."""
    marks = ", ".join("?" * len(found))
    rows = tx.execute(f"SELECT {COLUMNS} FROM events WHERE id IN ({marks})", [one.id for one in found]).fetchall()
    series.subtract_counts(tx, rows)


@settings(max_examples=100, deadline=None)  # a store is made for each
@given(strategies.stores, st.integers(0, 20))
def test_counts_are_of_what_is_stored_and_of_nothing_else(found: list[Event], gone: int) -> None:
    tx, batch = opened(), Batch()
    take(tx, batch, found)
    remove(tx, found[:gone])
    wanted = Counter(
        (unpack(one.id).project, id_ms(one.id) // 60_000 - MINUTE, one.type, severity(one.level), one.environment())
        for one in found[gone:]
    )
    levels = {"info", "warn", "error"}
    assert counts(tx) == {(*key[:3], key[3] if key[3] in levels else OTHER, key[4]): n for key, n in wanted.items()}
    remove(tx, found[gone:])
    assert counts(tx) == {}
    assert countings.totals(tx) == {}
    tx.close()


def test_counts_of_other_environments_go_back_to_nothing(tx: sqlite3.Connection) -> None:
    batch = Batch()
    found = [event(environment=f"e{n}", level=f"l{n % 3}") for n in range(BOUNDS["environment"] + 50)]
    take(tx, batch, found)
    remove(tx, found[::-1][:75])
    assert sum(counts(tx).values()) == 75
    remove(tx, found[:75])
    assert counts(tx) == {}


def test_an_environment_that_had_no_room_is_taken_from_where_it_was_counted(tx: sqlite3.Connection) -> None:
    batch = Batch()
    early = [event(environment=f"early{n}") for n in range(BOUNDS["environment"])]
    beyond = [event(environment="late") for _ in range(2)]
    take(tx, batch, early + beyond)
    tx.execute("DELETE FROM vocabulary WHERE value LIKE 'early%'")  # as once nothing of it is kept any more
    batch.vocabulary.forget()
    again = [event(environment="late") for _ in range(3)]
    take(tx, batch, again)
    key = (1, 0, "log", "info")
    assert (counts(tx)[*key, OTHER], counts(tx)[*key, "late"]) == (2, 3)
    remove(tx, [*beyond, *again])
    assert counts(tx) == {(*key, f"early{n}"): 1 for n in range(BOUNDS["environment"])}


def test_sketches_are_deleted_by_whole_minutes(tx: sqlite3.Connection) -> None:
    batch = Batch()
    for minute in range(5):
        take(tx, batch, [metric(value=1), event("n", kind="metric", value=1, ms=START + minute * 60_000)])
    assert series.delete_sketches(tx, 2, MINUTE + 9, 100) == 0
    assert series.delete_sketches(tx, 1, MINUTE + 3, 2) == 2
    assert series.delete_sketches(tx, 1, MINUTE + 3, 100) == 2
    assert series.delete_sketches(tx, 1, MINUTE + 3, 100) == 0
    assert {key[0]: found.n for key, found in samples(tx).items()} == {"n": 2}


def test_names_that_nothing_uses_give_their_room_back(tx: sqlite3.Connection) -> None:
    batch = Batch()
    bound = BOUNDS["release"]
    take(tx, batch, [metric(value=1, release=f"r{n}") for n in range(bound + 1)])
    take(tx, batch, [event("m", kind="metric", value=1, release="r1", ms=START + 600_000)])
    take(tx, batch, [event("m", project=2, kind="metric", value=1, release="r2")])
    series.delete_sketches(tx, 1, MINUTE + 5, 10_000)
    series.forget_unused(tx, batch.vocabulary, 1, MINUTE + 5)
    take(tx, batch, [event("m", kind="metric", value=n, release=f"s{n}", ms=START + 600_000) for n in range(bound)])
    found = {release: summed.n for (_, _, release), summed in samples(tx).items()}
    assert len(found) == bound + 2
    assert (found["r1"], found["r2"], found["s0"], found[OTHER]) == (1, 1, 1, 1)


def test_what_is_used_again_is_kept(tx: sqlite3.Connection) -> None:
    batch = Batch()
    take(tx, batch, [metric(value=1, release="r")])
    take(tx, batch, [event("m", kind="metric", value=2, release="r", ms=START + 600_000)])
    series.forget_unused(tx, batch.vocabulary, 1, MINUTE + 10)
    assert samples(tx)["m", "", "r"].n == 2
    series.delete_sketches(tx, 1, MINUTE + 11, 10)
    series.forget_unused(tx, batch.vocabulary, 1, MINUTE + 11)
    take(tx, batch, [event("m", kind="metric", value=3, release="r", ms=START + 660_000)])
    assert samples(tx)["m", "", "r"].n == 1


def test_the_largest_metrics_can_be_stored(tx: sqlite3.Connection) -> None:
    batch = Batch()
    for value in (1.7e308, -1.7e308):
        take(tx, batch, [metric(value=value), metric(value=value)])
    assert samples(tx)["m", "", ""].n == 4
