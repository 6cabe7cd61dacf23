"""How values are spread: every one is counted once, below the first bound that it is no more than."""

from math import inf

from hypothesis import given
from hypothesis import strategies as st

from logserver.store.spread import Spread

BOUNDS = (0.1, 1.0, 10.0)


def test_a_bound_is_part_of_what_is_below_it() -> None:
    spread = Spread(BOUNDS)
    for value in (0.05, 0.1, 0.5, 10.0, 10.5):
        spread.add(value)
    assert spread.taken() == ([(0.1, 2), (1.0, 3), (10.0, 4), (inf, 5)], 21.15)


def test_of_nothing_there_is_nothing() -> None:
    assert Spread(BOUNDS).taken() == ([(0.1, 0), (1.0, 0), (10.0, 0), (inf, 0)], 0)


@given(st.lists(st.integers(0, 20).map(float)))
def test_it_counts_what_is_no_more_than_each_bound(values: list[float]) -> None:
    spread = Spread(BOUNDS)
    for value in values:
        spread.add(value)
    below, total = spread.taken()
    assert below == [(bound, sum(value <= bound for value in values)) for bound in (*BOUNDS, inf)]
    assert total == sum(values)
