import sqlite3
from typing import Any, Self

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logserver.store.connections import memory
from logserver.store.identities import Identities, key_hash, span_key, uuid_key
from logserver.store.migrations import migrate

KEYS = {
    "a uuid": uuid_key(1, b"\x01" * 16),
    "another uuid": uuid_key(1, b"\x02" * 16),
    "the uuid in another project": uuid_key(2, b"\x01" * 16),
    "the uuid in project 11": uuid_key(11, b"\x01" * 16),
    "a span": span_key(1, "trace", "span"),
    "the span cut elsewhere": span_key(1, "trac", "espan"),
    "the span in another project": span_key(2, "trace", "span"),
}


class Store:
    """A store whose identities move after a few, as a writer uses it."""

    def __init__(self, generation: int) -> None:
        self.connection = memory()
        migrate(self.connection)
        self._generation = generation
        self.open()

    def open(self) -> None:
        self.identities = Identities(self._generation)
        self.identities.load(self.connection)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    def transact(self, claims: dict[int, int], released: list[tuple[int, int]], *, keep: bool = True) -> None:
        self.connection.execute("BEGIN")
        for place, event_id in claims.items():
            self.identities.claim(self.connection, place, event_id)
        if released:
            self.identities.release(self.connection, released)
        self.identities.write(self.connection)
        self.connection.execute("COMMIT" if keep else "ROLLBACK")
        if keep:
            self.identities.committed()
        else:
            self.identities.dropped()

    def held(self, place: int) -> set[int]:
        found = set(self.identities.candidates(self.connection, place))
        self.identities.dropped()
        return found

    def stored(self) -> set[tuple[int, int]]:
        return set(self.connection.execute("SELECT hash, event FROM all_identities"))

    def count(self, table: str) -> int:
        return int(self.connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def test_every_key_has_a_hash_of_its_own() -> None:
    hashes = {key_hash(key) for key in KEYS.values()}
    assert len(hashes) == len(KEYS)
    assert all(0 <= place < 2**63 for place in hashes)


def test_two_keys_of_one_hash_are_both_candidates() -> None:
    with Store(generation=100) as store:
        store.transact({7: 1}, [])
        store.transact({7: 2}, [])
        assert store.held(7) == {1, 2}
        store.transact({}, [(7, 1)])
        assert store.held(7) == {2}


def test_what_a_request_took_back_is_not_claimed() -> None:
    with Store(generation=100) as store:
        store.connection.execute("BEGIN")
        store.identities.claim(store.connection, 1, 10)
        mark = store.identities.mark()
        store.identities.claim(store.connection, 2, 20)
        store.identities.undo(mark)
        store.identities.write(store.connection)
        store.connection.execute("COMMIT")
        store.identities.committed()
        assert (store.held(1), store.held(2)) == ({10}, set())
        assert store.stored() == {(1, 10)}


@pytest.mark.parametrize("reopened", [False, True])
def test_identities_move_to_their_places_and_leave_the_small_table(*, reopened: bool) -> None:
    with Store(generation=1_000) as store:
        for event_id in range(1, 1_501):
            store.transact({event_id * 7_919 % 10_007: event_id}, [])
        if reopened:
            store.open()
        # Each transaction moves or clears a part, so that a bounded number of them settles a generation.
        for _ in range(20):
            store.transact({}, [])
        expected = {(event_id * 7_919 % 10_007, event_id) for event_id in range(1, 1_501)}
        assert store.stored() == expected
        assert all(store.held(place) == {event_id} for place, event_id in expected)
        assert store.count("identities") >= 1_000
        assert store.count("recent_identities") <= 500


STEPS = st.lists(
    st.tuples(
        st.dictionaries(st.integers(0, 30), st.integers(1, 3), max_size=6),
        st.lists(st.integers(0, 30), max_size=3),
        st.sampled_from(["kept", "kept", "kept", "lost", "reopened"]),
    ),
    max_size=40,
)


@settings(deadline=None, max_examples=60)  # each example makes a store of its own
@given(steps=STEPS)
def test_a_store_knows_what_a_plain_set_would(steps: list[Any]) -> None:
    model: set[tuple[int, int]] = set()
    number = 0
    with Store(generation=5) as store:
        for wanted, places, end in steps:
            claims = {}
            for place in wanted:
                number += 1
                claims[place] = number
            released = [pair for pair in model if pair[0] in places]
            store.transact(claims, released, keep=end != "lost")
            if end != "lost":
                model = (model | set(claims.items())) - set(released)
            if end == "reopened":
                store.open()
            assert store.stored() == model
            for place in range(31):
                assert store.held(place) == {event_id for at, event_id in model if at == place}


def test_many_hashes_are_looked_up_at_once() -> None:
    with Store(generation=2) as store:
        for event_id in range(1, 9):
            store.transact({event_id: event_id * 10}, [])
        statements: list[str] = []
        store.connection.set_trace_callback(statements.append)
        store.identities.look_up(store.connection, range(1, 9))
        found = [set(store.identities.candidates(store.connection, place)) for place in range(1, 9)]
        store.connection.set_trace_callback(None)
        assert found == [{event_id * 10} for event_id in range(1, 9)]
        assert len(statements) == 1


def test_the_view_shows_each_identity_once() -> None:
    with Store(generation=2) as store:
        for event_id in range(1, 6):
            store.transact({event_id: event_id}, [])
        with pytest.raises(sqlite3.OperationalError):
            store.connection.execute("DELETE FROM all_identities")
        assert store.count("all_identities") == 5
