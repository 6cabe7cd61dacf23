import math
from typing import Any

import pytest

from logserver.store.events import Event
from logserver.store.samples import Sample, is_failure, sample_of
from tests.store.counted import metric
from tests.store.stored import event


@pytest.mark.parametrize(
    ("found", "value"),
    [
        (metric(value=1), 1.0),
        (metric(value=-2.5), -2.5),
        (metric(value=0), 0.0),
        (metric(value=10**30), 1e30),
        (metric(value=10**400), None),
        (metric(value=-(10**400)), None),
        (metric(value=True), None),
        (metric(value="1"), None),
        (metric(value=None), None),
        (metric(value=[1]), None),
        (metric(value=math.nan), None),
        (metric(value=math.inf), None),
        (metric(duration_ms=3), 3.0),
        (metric(value=1, duration_ms=3), 1.0),
        (metric(value=None, duration_ms=3), 3.0),
        (metric(), None),
        (event("t", kind="transaction", duration_ms=5), 5.0),
        (event("t", kind="transaction", value=5), None),
        (event("t", kind="transaction", duration_ms=False), None),
        (event("s", kind="span", duration_ms=6.5), 6.5),
        (event("c", kind="check_in", duration_ms=7), 7.0),
        (event("l", kind="log", duration_ms=8, value=8), None),
        (event("e", kind="error", duration_ms=9, value=9), None),
    ],
)
def test_which_events_carry_a_number(found: Event, value: float | None) -> None:
    sample = sample_of(found)
    assert (sample.value if sample else None) == value
    assert sample is None or type(sample.value) is float


@pytest.mark.parametrize(
    ("found", "sample"),
    [
        (
            metric(value=1, unit="kB", environment="prod", release="1.2"),
            Sample("metric", "m", "prod", "1.2", "kB", 1.0, error=False),
        ),
        (metric(value=1, unit=7, environment=8, release=9), Sample("metric", "m", "", "", None, 1.0, error=False)),
        (
            event("GET", kind="transaction", duration_ms=2, transaction_name="home", unit="s"),
            Sample("transaction", "home", "", "", "ms", 2.0, error=False),
        ),
        (
            event("GET", kind="transaction", duration_ms=2, transaction_name="", level="error"),
            Sample("transaction", "GET", "", "", "ms", 2.0, error=True),
        ),
        (
            event("db", kind="span", duration_ms=2, transaction_name="home"),
            Sample("span", "db", "", "", "ms", 2.0, error=False),
        ),
    ],
)
def test_a_number_is_summed_under_its_names(found: Event, sample: Sample) -> None:
    assert sample_of(found) == sample


@pytest.mark.parametrize(
    ("level", "context", "failed"),
    [
        ("info", {}, False),
        ("warn", {}, False),
        ("ERROR", {}, True),
        ("err", {}, True),
        ("critical", {}, True),
        ("info", {"status_code": 500}, True),
        ("info", {"status_code": 599}, True),
        ("info", {"status_code": 600}, False),
        ("info", {"status_code": 499}, False),
        ("info", {"status_code": "503"}, True),
        ("info", {"status_code": "0503"}, False),
        ("info", {"status_code": "٥٠٣"}, False),
        ("info", {"status_code": "²²²"}, False),
        ("info", {"status_code": 503.0}, False),
        ("info", {"status_code": True}, False),
        ("info", {"status": 502}, True),
        ("info", {"status": "ok"}, False),
        ("info", {"transaction_status": "500"}, True),
        ("info", {"http": {"status_code": 500}}, True),
        ("info", {"http": {"status": 500}}, False),
        ("info", {"http": 500}, False),
        ("info", {"request": {"status": "504"}}, True),
        ("info", {"request": [500]}, False),
        ("info", {"status_code": 200, "http": {"status_code": 500}}, True),
    ],
)
def test_what_counts_as_a_failure(level: str, context: dict[str, Any], failed: bool) -> None:  # noqa: FBT001 - a column
    assert is_failure(event(level=level, **context)) is failed
