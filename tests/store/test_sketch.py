import math
from collections.abc import Iterable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from logserver.store import sketch
from logserver.store.sketch import MAX_BUCKETS, Sketch

SHARES = (0.0, 0.01, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0)
NEARLY_ZERO = 1e-9

finite = st.floats(allow_nan=False, allow_infinity=False, max_value=1e300, min_value=-1e300)
usual = st.floats(0, 1e7) | st.integers(-1_000_000, 1_000_000).map(float)
extremes = st.sampled_from([0.0, -0.0, 5e-324, 1e-9, 0.99e-9, -1e-9, 1.0, 1.02, 1e300, -1e300])
numbers = st.lists(usual | extremes | finite, min_size=1, max_size=200)


def summary(values: Iterable[float]) -> Sketch:
    found = Sketch()
    for value in values:
        found.add(value)
    return found


def nearest_rank(values: list[float], share: float) -> float:
    return sorted(values)[max(1, math.ceil(share * len(values))) - 1]


def stored(found: Sketch) -> tuple[int, int, float, float, float, bytes]:
    return found.n, found.errors, found.total, found.low, found.high, found.pack()


@settings(max_examples=300)
@example([-1.7e308, 1.7e308])
@given(numbers)
def test_a_percentile_is_within_one_percent_of_the_true_value(values: list[float]) -> None:
    found = summary(values)
    for share in SHARES:
        true = nearest_rank(values, share)
        read = found.percentile(share)
        assert read is not None
        assert math.isclose(read, true, rel_tol=0.01, abs_tol=NEARLY_ZERO), (share, true, read)
        assert min(values) <= read <= max(values)


@pytest.mark.parametrize("value", [1.7976931348623157e308, -1.7976931348623157e308, 1.79e308])
def test_the_largest_numbers_can_be_read_back(value: float) -> None:
    assert summary([value, 1.0, -1.0]).percentile(1.0 if value > 0 else 0.0) == value


def test_the_sum_of_the_largest_numbers_is_still_a_number() -> None:
    """SQLite stores what is no number as NULL, and the column takes none."""
    above, below = summary([1.7e308, 1.7e308]), summary([-1.7e308, -1.7e308])
    above.merge(below)
    assert not math.isnan(above.total)


@given(numbers)
def test_a_summary_knows_its_count_sum_and_extremes(values: list[float]) -> None:
    found = summary(values)
    assert (found.n, found.low, found.high) == (len(values), min(values), max(values))
    # Sums in another order, or compensated as by newer Pythons, differ in their last digits.
    assert math.isclose(found.total, math.fsum(values), abs_tol=1e-12 * math.fsum(abs(value) for value in values))
    assert sum(found.buckets.values()) == found.n


def test_failures_are_counted_apart() -> None:
    found = Sketch()
    for n in range(10):
        found.add(n, error=n % 3 == 0)
    assert (found.n, found.errors) == (10, 4)


def test_without_numbers_there_is_no_percentile() -> None:
    assert Sketch().percentile(0.5) is None


@given(numbers, numbers, st.integers(0, 5))
def test_merging_is_adding_all(ones: list[float], others: list[float], errors: int) -> None:
    merged, other = summary(ones), summary(others)
    other.errors = errors
    merged.merge(other)
    together = summary(ones + others)
    assert merged.buckets == together.buckets
    assert (merged.n, merged.low, merged.high, merged.errors) == (together.n, together.low, together.high, errors)
    assert math.isclose(merged.total, together.total, rel_tol=1e-9, abs_tol=1e300 * 1e-9)
    assert [merged.percentile(share) for share in SHARES] == [together.percentile(share) for share in SHARES]


@given(numbers)
def test_merging_nothing_changes_nothing(values: list[float]) -> None:
    found, empty = summary(values), Sketch()
    found.merge(Sketch())
    empty.merge(summary(values))
    assert found == empty == summary(values)


@given(numbers)
def test_what_is_stored_comes_back(values: list[float]) -> None:
    found = summary(values)
    assert sketch.unpack(stored(found)) == found


@given(st.lists(usual | extremes | finite, min_size=2))
def test_buckets_are_in_the_order_of_their_numbers(values: list[float]) -> None:
    ordered = sorted(values)
    read = [sketch.bucket_value(sketch.bucket_of(value)) for value in ordered]
    assert read == sorted(read)


def spread(buckets: int) -> list[float]:
    """Numbers of so many neighbouring buckets, the smallest first."""
    return [sketch.bucket_value(sketch.bucket_of(1.0) + n) for n in range(buckets)]


@pytest.mark.parametrize("order", [1, -1])
def test_beyond_the_bound_the_smallest_are_pooled(order: int) -> None:
    values = spread(MAX_BUCKETS + 60)
    found = summary(values[::order])
    found.pack()
    assert len(found.buckets) == MAX_BUCKETS
    assert (found.n, found.low, found.high) == (len(values), values[0], values[-1])
    assert sum(found.buckets.values()) == len(values)
    for share in (0.05, 0.5, 1.0):
        read = found.percentile(share)
        assert read is not None
        assert math.isclose(read, nearest_rank(values, share), rel_tol=0.01)


def test_merging_beyond_the_bound_is_adding_all() -> None:
    values = spread(MAX_BUCKETS + 60)
    merged = summary(values[::2])
    merged.merge(summary(values[1::2]))
    merged.pack()
    assert len(merged.buckets) == MAX_BUCKETS
    added = summary(values)
    added.pack()
    assert merged.buckets == added.buckets


def test_numbers_of_both_signs_share_the_bound() -> None:
    values = spread(MAX_BUCKETS // 2 + 30)
    found = summary([*values, *(-value for value in values), 0.0])
    found.pack()
    assert len(found.buckets) == MAX_BUCKETS
    assert sum(found.buckets.values()) == found.n == 2 * len(values) + 1
    for share, true in ((0.0, -values[-1]), (1.0, values[-1])):
        read = found.percentile(share)
        assert read is not None
        assert math.isclose(read, true, rel_tol=0.01)
