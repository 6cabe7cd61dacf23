import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, rule

from logserver.store.ids import MAX_MS, id_ms, pack, unpack
from logserver.store.numbering import Numbering
from tests.store.stored import START, event, opened, put

Wanted = tuple[int, int]
"""A project and the milliseconds after START that an event of it asks for."""


def hold(tx: sqlite3.Connection, found: Sequence[int]) -> None:
    """Let the table hold ids, as after a commit."""
    tx.executemany(
        "INSERT INTO events (id, words, type, level, message, context, received)"
        " VALUES (?, 1, 'log', 'info', '', '{}', 0)",
        [(one,) for one in found],
    )


def held(tx: sqlite3.Connection) -> set[int]:
    return {one for (one,) in tx.execute("SELECT id FROM events")}


@contextmanager
def table(*found: int) -> Iterator[sqlite3.Connection]:
    tx = opened()
    hold(tx, found)
    yield tx
    tx.close()


def give(numbering: Numbering, tx: sqlite3.Connection, wanted: Sequence[Wanted]) -> list[int]:
    """Ask for a number each; what the giver promises of each one is checked here."""
    given_before = held(tx)
    found = []
    for project, ms in wanted:
        one = numbering.next_id(tx, project, START + ms)
        assert unpack(one).project == project
        assert one >= pack(project, START + ms)
        assert one not in given_before
        given_before.add(one)
        found.append(one)
    return found


def test_ordered_events_keep_their_milliseconds() -> None:
    with table() as tx:
        assert give(Numbering(), tx, [(1, ms) for ms in range(5)]) == [pack(1, START + ms) for ms in range(5)]


def test_the_same_millisecond_is_counted_up() -> None:
    with table() as tx:
        assert give(Numbering(), tx, [(1, 0)] * 4) == [pack(1, START, counter) for counter in range(4)]


def test_a_full_millisecond_spills_into_the_next() -> None:
    with table() as tx:
        found = give(Numbering(), tx, [(1, 0)] * 3_000)
        assert found == [pack(1, START + n // 1024, n % 1024) for n in range(3_000)]


def test_a_late_event_takes_the_next_free_counter() -> None:
    with table(pack(1, START), pack(1, START, 1), pack(1, START + 9)) as tx:
        late = give(Numbering(), tx, [(1, 0), (1, 0), (1, 5), (1, 9)])
        assert late == [pack(1, START, 2), pack(1, START, 3), pack(1, START + 5), pack(1, START + 9, 1)]


def test_late_events_find_room_behind_what_spilled_over() -> None:
    with table() as tx:
        numbering = Numbering()
        give(numbering, tx, [(1, 0)] * 2_500)
        give(numbering, tx, [(1, 1)] * 10 + [(1, 2)] * 10 + [(1, 0)] * 10)
        assert id_ms(numbering.next_id(tx, 1, START)) == START + 2


@pytest.mark.parametrize("remembers", [True, False])
def test_a_millisecond_the_table_holds_full_spills_over(*, remembers: bool) -> None:
    full = [pack(1, START, counter) for counter in range(1024)]
    with table(*full, *(one + 1024 for one in full), pack(1, START + 2, 7), pack(1, START + 3)) as tx:
        numbering = Numbering()
        if remembers:
            give(numbering, tx, [(1, 0)])
        assert unpack(give(numbering, tx, [(1, 0)])[0])[1:] == (START + 2, 9 if remembers else 8)


def test_projects_do_not_see_each_other() -> None:
    with table(pack(2, START + 50), pack(1, START)) as tx:
        found = give(Numbering(), tx, [(3, 0), (1, 0), (2, 0), (1, 1)])
        assert found == [pack(3, START), pack(1, START, 1), pack(2, START), pack(1, START + 1)]


def test_times_beyond_the_clock_stay_in_their_project() -> None:
    with table() as tx:
        numbering = Numbering()
        for ms in (-1, 2**62):
            found = [numbering.next_id(tx, 1, ms) for _ in range(3)]
            assert [unpack(one).project for one in found] == [1, 1, 1]
            assert len(set(found)) == 3
        assert id_ms(found[0]) == MAX_MS


def test_what_is_forgotten_is_looked_up_again() -> None:
    with table() as tx:
        numbering = Numbering()
        for turn in range(3):
            found = [numbering.next_id(tx, 1, START + ms) for ms in range(30_000)]
            assert found == [pack(1, START + ms, turn) for ms in range(30_000)]
            hold(tx, found)
            numbering.forget()


def test_rows_put_into_a_table_are_seen_by_a_new_numbering() -> None:
    tx = opened()
    put(tx, [event(ms=START), event(ms=START + 1)])
    assert give(Numbering(), tx, [(1, 0), (1, 1)]) == [pack(1, START, 1), pack(1, START + 1, 1)]
    tx.close()


crowded = st.lists(st.tuples(st.integers(1, 3), st.integers(0, 3)), max_size=12)


@settings(max_examples=60, deadline=None)  # an example may number thousands
@given(
    full=st.sets(st.integers(0, 3)),
    ahead=st.sets(st.tuples(st.integers(1, 3), st.integers(0, 3), st.integers(0, 1022))),
    asked=st.lists(st.tuples(crowded, st.sampled_from([1, 2, 1_100])), max_size=4),
)
def test_no_id_is_given_twice_in_any_order(
    full: set[int], ahead: set[tuple[int, int, int]], asked: list[tuple[list[Wanted], int]]
) -> None:
    already = {pack(1, START + ms, counter) for ms in full for counter in range(1024)}
    already |= {pack(project, START + ms, counter) for project, ms, counter in ahead}
    with table(*already) as tx:
        give(Numbering(), tx, [one for wanted, times in asked for place in wanted for one in [place] * times])


class Transactions(RuleBasedStateMachine):
    """Transactions that number, commit, fail, delete and start again with an empty memory."""

    given = Bundle("given")

    @initialize()
    def begin(self) -> None:
        self.tx = opened()
        self.numbering = Numbering()
        self.pending: list[int] = []

    @rule(wanted=crowded, times=st.sampled_from([1, 1, 1, 700]))
    def number(self, wanted: list[Wanted], times: int) -> None:
        found = give(self.numbering, self.tx, [place for place in wanted for _ in range(times)])
        assert not set(found) & set(self.pending)
        self.pending += found

    @rule(target=given)
    def commit(self) -> tuple[int, ...]:
        hold(self.tx, self.pending)
        kept, self.pending = tuple(self.pending), []
        self.numbering.forget()
        return kept

    @rule()
    def fail(self) -> None:
        self.pending = []
        self.numbering.forget()

    @rule(gone=consumes(given))
    def delete(self, gone: tuple[int, ...]) -> None:
        self.tx.executemany("DELETE FROM events WHERE id = ?", [(one,) for one in gone])

    @rule()
    def restart(self) -> None:
        self.pending = []
        self.numbering = Numbering()

    @invariant()
    def pending_ids_are_all_different(self) -> None:
        assert len(set(self.pending)) == len(self.pending)

    def teardown(self) -> None:
        self.tx.close()


Transactions.TestCase.settings = settings(max_examples=40, stateful_step_count=15, deadline=None)
TestTransactions = Transactions.TestCase
