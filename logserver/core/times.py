"""Points in time as clients spell them and as answers show them."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_MILLISECONDS_FROM = 1e11
"""A number from here on is epoch milliseconds, below it epoch seconds."""

_EARLIEST_MS = -62_135_596_800_000
"""The beginning of the year 1."""

_LATEST_MS = 253_402_300_799_999
"""The end of the year 9999, the last that ISO 8601 can spell with four digits."""

_SPAN = re.compile(r"([0-9]{1,12})(s|m|h|d|w)", re.ASCII)
_UNITS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}

_NUMERIC = re.compile(r"-?\d{9,16}(?:\.\d+)?", re.ASCII)


def read_time(value: Any) -> int | None:
    """A time in Unix microseconds, or None for what is none.

    ISO 8601 with any offset (none means UTC) and any fraction; epoch seconds or, from 1e11 on, milliseconds,
    as a number or its digits.
    """
    if isinstance(value, str):
        if not _NUMERIC.fullmatch(value):
            return iso_time(value.strip())
        value = float(value) if "." in value else int(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if not abs(value) <= _LATEST_MS:
        return None
    return round(value * 1_000) if abs(value) >= _MILLISECONDS_FROM else round(value * 1_000_000)


def iso_time(text: str) -> int | None:
    """A time in ISO 8601 in Unix microseconds, as read_time() has it; None for what is none."""
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return (moment - EPOCH) // _MICROSECOND
    except (ValueError, OverflowError):
        return None


def moment_ms(text: str, now_ms: int, *, ahead: bool = False) -> int:
    """The Unix milliseconds of an ISO 8601 date or time, or of a span before now or, with ``ahead``, after it.

    A span is digits and one of s, m, h, d and w: ``15m``, ``7d``. Raises ValueError for anything else, and outside
    the years 1970 to 9999.
    """
    span = _SPAN.fullmatch(text)
    if span:
        length = int(span[1]) * _UNITS[span[2]]
        at = now_ms + length if ahead else now_ms - length
    else:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        at = (moment - EPOCH) // timedelta(milliseconds=1)
    if not 0 <= at <= _LATEST_MS:
        raise ValueError(text)
    return at


def iso_text(microseconds: int) -> str:
    """Unix microseconds as ISO 8601 in UTC, as fine as they are; held within the years 1 to 9999."""
    moment = EPOCH + timedelta(microseconds=min(max(microseconds, _EARLIEST_MS * 1000), _LATEST_MS * 1000))
    precision = "milliseconds" if microseconds % 1_000 == 0 else "microseconds"
    return moment.isoformat(timespec=precision).replace("+00:00", "Z")
