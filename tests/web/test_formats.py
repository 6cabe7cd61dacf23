"""How values are written on pages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logserver.web import formats

NOW = 1_780_000_000_000


@pytest.mark.parametrize(
    ("ms", "said"),
    [
        (NOW, "just now"),
        (NOW - 5_000, "5 s ago"),
        (NOW - 300_000, "5 min ago"),
        (NOW - 7_200_000, "2 h ago"),
        (NOW - 3 * 86_400_000, "3 d ago"),
        (NOW + 7_200_000, "in 2 h"),
        (NOW - 400 * 86_400_000, "2025-04-23"),
    ],
)
def test_how_long_ago(ms: int, said: str) -> None:
    assert formats.ago(ms, NOW).striptags() == said


@pytest.mark.parametrize(
    ("ms", "said"),
    [
        (None, formats.NOTHING),
        (0.44, "0.4 ms"),
        (320, "320 ms"),
        (1_250, "1.25 s"),
        (200_000, "3 min 20 s"),
        (18_120_000, "5 h 2 min"),
        (86_400_000, "1 d"),
    ],
)
def test_durations(ms: float | None, said: str) -> None:
    assert formats.duration(ms) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [(0, "0"), (7, "7"), (0.25, "0.25"), (999, "999"), (1_234, "1.2k"), (2_000_000, "2M"), (-1_500, "-1.5k")],
)
def test_short_numbers(value: float, said: str) -> None:
    assert formats.short(value) == said


@pytest.mark.parametrize(
    ("value", "said"), [(12, "12 B"), (1_500, "1.5 kB"), (3_200_000, "3.2 MB"), (9e15, "9000.0 TB")]
)
def test_sizes(value: float, said: str) -> None:
    assert formats.size(value) == said


@given(st.lists(st.floats(0, 1e12), max_size=60), st.text(max_size=40))
def test_a_sparkline_holds_no_markup_of_its_label(values: list[float], label: str) -> None:
    drawn = formats.sparkline(values, label)
    assert drawn.count("<rect ") == sum(value > 0 for value in values)
    assert drawn.count("<") == drawn.count("<rect ") + 2
