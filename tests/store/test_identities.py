import sqlite3

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logserver.store.identities import candidates, claim, key_hash, release, span_key, uuid_key
from tests.store.stored import opened

KEY = uuid_key(1, b"a" * 16)
LAST_PLACE = 2**63 - 1


def occupy(tx: sqlite3.Connection, place: int, event: int) -> None:
    """Let another key have a place, as one that shares the hash would."""
    tx.execute("INSERT INTO identities VALUES (?, ?)", (place, event))


def places(tx: sqlite3.Connection) -> list[tuple[int, int]]:
    return tx.execute("SELECT hash, event FROM identities ORDER BY hash").fetchall()


def test_a_key_leads_to_its_event(tx: sqlite3.Connection) -> None:
    assert candidates(tx, KEY) == []
    claim(tx, KEY, 7)
    assert candidates(tx, KEY) == [7]
    assert candidates(tx, uuid_key(2, b"a" * 16)) == []
    release(tx, KEY, 7)
    assert candidates(tx, KEY) == []
    assert places(tx) == []


def test_a_key_that_shares_its_hash_is_found_behind_the_other(tx: sqlite3.Connection) -> None:
    occupy(tx, key_hash(KEY), 1)
    claim(tx, KEY, 2)
    occupy(tx, key_hash(KEY) + 2, 3)
    claim(tx, KEY, 4)
    assert candidates(tx, KEY) == [1, 2, 3, 4]


@pytest.mark.parametrize("gone", [1, 2, 3])
def test_a_release_leaves_the_others_within_reach(tx: sqlite3.Connection, gone: int) -> None:
    for event in (1, 2, 3):
        claim(tx, KEY, event)
    release(tx, KEY, gone)
    assert candidates(tx, KEY) == [event for event in (1, 2, 3) if event != gone]
    assert [place for place, _ in places(tx)] == [key_hash(KEY), key_hash(KEY) + 1]


def test_a_release_of_what_is_not_there_changes_nothing(tx: sqlite3.Connection) -> None:
    release(tx, KEY, 1)
    claim(tx, KEY, 1)
    before = places(tx)
    release(tx, KEY, 2)
    release(tx, uuid_key(2, b"a" * 16), 1)
    assert places(tx) == before


def test_a_gap_ends_the_look_up(tx: sqlite3.Connection) -> None:
    claim(tx, KEY, 1)
    occupy(tx, key_hash(KEY) + 2, 2)
    assert candidates(tx, KEY) == [1]
    release(tx, KEY, 1)
    assert places(tx) == [(key_hash(KEY) + 2, 2)]


@settings(max_examples=50, deadline=None)  # a store is made for each
@given(st.lists(st.tuples(st.booleans(), st.integers(1, 6)), max_size=20))
def test_keys_of_one_hash_are_a_set(steps: list[tuple[bool, int]]) -> None:
    tx = opened()
    wanted: list[int] = []
    for claims, event in steps:
        if claims and event not in wanted:
            claim(tx, KEY, event)
            wanted.append(event)
        elif not claims:
            release(tx, KEY, event)
            wanted = [one for one in wanted if one != event]
        assert candidates(tx, KEY) == wanted
    tx.close()


@given(st.lists(st.tuples(st.integers(1, 9), st.text(max_size=4), st.text(max_size=4)), min_size=2, unique=True))
def test_different_spans_have_different_keys(spans: list[tuple[int, str, str]]) -> None:
    assert len({span_key(*span) for span in spans}) == len(spans)


@given(st.integers(1, 4095), st.integers(1, 4095), st.binary(min_size=16, max_size=16), st.text(), st.text())
def test_uuids_and_spans_of_other_projects_are_other_keys(
    one: int, other: int, uuid: bytes, trace_id: str, span_id: str
) -> None:
    assert (uuid_key(one, uuid) == uuid_key(other, uuid)) == (one == other)
    assert uuid_key(one, uuid) != span_key(other, trace_id, span_id)


@given(st.binary())
def test_a_place_is_an_integer_key(key: bytes) -> None:
    assert 0 <= key_hash(key) <= LAST_PLACE
