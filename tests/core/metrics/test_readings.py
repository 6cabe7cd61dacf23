"""Histograms as summaries of numbers, and the names of series."""

from bisect import bisect_left

from hypothesis import given
from hypothesis import strategies as st

from logserver.core.metrics.readings import Reading, series_name

INFINITY = float("inf")
finite = st.floats(-1e6, 1e6)


@given(st.lists(finite, min_size=1, max_size=8, unique=True).map(sorted), st.lists(finite, max_size=50))
def test_a_summary_knows_how_many_lie_below_each_bound(bounds: list[float], values: list[float]) -> None:
    every = [*bounds, INFINITY]
    buckets = dict.fromkeys(every, 0)
    for value in values:
        buckets[every[bisect_left(every, value)]] += 1
    sketch = Reading("h", "histogram", (), 0, sum(values), buckets).sketch()
    assert (sketch.n, sketch.total) == (len(values), sum(values))
    if values:
        median = sketch.percentile(0.5)
        assert median is not None
        bound = every[bisect_left(every, sorted(values)[(len(values) - 1) // 2])]
        index = every.index(bound)
        below = every[index - 1] if index else min(bound, 0.0)
        assert below - abs(below) * 0.01 - 1e-9 <= median <= min(bound, every[-2]) + abs(median) * 0.01 + 1e-9


@given(
    st.dictionaries(st.sampled_from("abc"), st.text(min_size=1, max_size=20), min_size=1),
    st.dictionaries(st.sampled_from("abc"), st.text(min_size=1, max_size=20), min_size=1),
)
def test_series_are_called_alike_only_where_they_are_one(one: dict[str, str], other: dict[str, str]) -> None:
    names = [series_name("m", tuple(sorted(labels.items())), 40) for labels in (one, other)]
    assert (names[0] == names[1]) == (one == other)
    assert all(len(name) <= 40 for name in names)
