import pytest

from logserver.cli.times import iso, span_text
from logserver.core.times import iso_text, moment_ms

NOW = 1_700_000_000_000
DAY = 86_400_000


@pytest.mark.parametrize(
    ("text", "before", "after"),
    [
        ("30s", NOW - 30_000, NOW + 30_000),
        ("15m", NOW - 900_000, NOW + 900_000),
        ("1h", NOW - 3_600_000, NOW + 3_600_000),
        ("90d", NOW - 90 * DAY, NOW + 90 * DAY),
        ("2w", NOW - 14 * DAY, NOW + 14 * DAY),
        ("0s", NOW, NOW),
        ("2026-12-31", 1_798_675_200_000, 1_798_675_200_000),
        ("2026-12-31T18:00", 1_798_740_000_000, 1_798_740_000_000),
        ("2026-12-31 18:00:00.001Z", 1_798_740_000_001, 1_798_740_000_001),
        ("2026-12-31T18:00:00+02:00", 1_798_732_800_000, 1_798_732_800_000),
        ("1970-01-01", 0, 0),
    ],
)
def test_a_time_is_a_span_or_iso_8601(text: str, before: int, after: int) -> None:
    assert moment_ms(text, NOW, ahead=False) == before
    assert moment_ms(text, NOW, ahead=True) == after


@pytest.mark.parametrize(
    "text", ["", "1", "h", "1 h", "-1h", "1y", "+1h", "٣h", "now", "2026-13-01", "1969-12-31", "0001-01-01T00:00+14:00"]
)
def test_anything_else_is_none(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        moment_ms(text, NOW, ahead=False)


@pytest.mark.parametrize("ahead", [True, False])
def test_a_span_stays_within_the_calendar(ahead: bool) -> None:  # noqa: FBT001 - a parameter of pytest's
    with pytest.raises(ValueError, match="w"):
        moment_ms("999999999999w", NOW, ahead=ahead)


@pytest.mark.parametrize(
    ("microseconds", "text"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (1_798_740_000_001_000, "2026-12-31T18:00:00.001Z"),
        (1_798_740_000_001_002, "2026-12-31T18:00:00.001002Z"),
        (10**18, "9999-12-31T23:59:59.999Z"),
        (-(10**18), "0001-01-01T00:00:00.000Z"),
    ],
)
def test_a_moment_is_shown_in_utc_whatever_a_sender_meant(microseconds: int, text: str) -> None:
    assert iso_text(microseconds) == text


def test_what_is_read_is_shown_again() -> None:
    assert iso(None) is None
    assert iso(moment_ms("2026-12-31T18:00:00.001Z", NOW, ahead=False)) == "2026-12-31T18:00:00.001Z"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 ms"),
        (0.25, "250 ms"),
        (1, "1 s"),
        (60, "1 m"),
        (3_725, "1 h 2 m"),
        (90_061, "1 d 1 h"),
        (86_401, "1 d 1 s"),
    ],
)
def test_a_length_of_time_has_two_units(seconds: float, text: str) -> None:
    assert span_text(seconds) == text
