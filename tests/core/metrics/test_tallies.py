"""What is counted between two sendings."""

import msgspec
import pytest

from logserver.core.metrics.rules import MetricRule
from logserver.core.metrics.tallies import Point, Tally

COUNTER = MetricRule(name="c", type="counter", pattern="x")
GAUGE = MetricRule(name="g", type="gauge", pattern="x")
HISTOGRAM = MetricRule(name="h", type="histogram", pattern="x", buckets=[1.0, 2.5])
AT = "1970-01-01T00:00:01.000Z"


def test_counters_are_summed_by_labels() -> None:
    tally = Tally()
    for labels, value in [((), 1.0), ((("a", "b"),), 2.0), ((), 3.0)]:
        tally.add(COUNTER, labels, value)
    assert tally.points(1000) == [
        Point("c", "counter", {}, AT, value=4.0),
        Point("c", "counter", {"a": "b"}, AT, value=2.0),
    ]


def test_of_a_gauge_the_newest_stays() -> None:
    tally = Tally()
    for value in (5.0, 7.0, -3.0):
        tally.add(GAUGE, (), value)
    assert tally.points(1000) == [Point("g", "gauge", {}, AT, value=-3.0)]


def test_a_value_falls_into_the_first_bucket_that_holds_it() -> None:
    tally = Tally()
    for value in (0.5, 1.0, 1.1, 2.5, 99.0):
        tally.add(HISTOGRAM, (), value)
    assert tally.points(1000) == [
        Point("h", "histogram", {}, AT, buckets={"1.0": 2, "2.5": 2, "+Inf": 1}, sum=104.1, count=5)
    ]


def test_further_series_are_dropped_and_counted() -> None:
    tally = Tally(most=2)
    tally.add(COUNTER, (), 1.0)
    tally.add(HISTOGRAM, (), 1.0)
    for rule in (COUNTER, GAUGE, HISTOGRAM):
        tally.add(rule, (("l", "v"),), 1.0)
        tally.add(rule, (), 1.0)
    assert (len(tally), tally.dropped) == (2, 4)


def test_sums_stay_finite() -> None:
    tally = Tally()
    for _ in range(2):
        tally.add(COUNTER, (), 1.7e308)
        tally.add(HISTOGRAM, (), -1.7e308)
    values = [point.value if point.sum is None else point.sum for point in tally.points(0)]
    assert values == [1.7976931348623157e308, -1.7976931348623157e308]


def test_a_tally_goes_on_from_its_state() -> None:
    tally = Tally(most=3)
    for rule in (COUNTER, GAUGE, HISTOGRAM, COUNTER):
        tally.add(rule, (("l", "v"),), 2.0)
    tally.add(COUNTER, (), 1.0)
    again = Tally.of(msgspec.json.decode(msgspec.json.encode(tally.state())), most=3)
    assert again.state() == tally.state()
    assert again.points(5) == tally.points(5)
    for each in (tally, again):
        each.add(HISTOGRAM, (("l", "v"),), 9.0)
        each.add(GAUGE, (), 9.0)
    assert again.state() == tally.state()
    assert again.dropped == 2
    assert Tally.of(tally.state()).points(5) == tally.points(5)


def test_anything_else_is_no_state() -> None:
    with pytest.raises(msgspec.ValidationError):
        Tally.of({"numbers": [1]})
