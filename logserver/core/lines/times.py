"""The time a line says it happened.

By name (JSON, logfmt): ISO 8601 with a time of day, or a number (or its digits) that is epoch seconds,
milliseconds, microseconds or nanoseconds by its size.

In plain text: ISO 8601 at the beginning (also with a space for ``T``, slashes for dashes as nginx writes its error
log, behind a bracket, or behind syslog's ``<11>1``), and the bracketed time of access logs
(``1.2.3.4 - - [10/Oct/2026:13:55:36 +0200]``). The old syslog form, ``Oct 10 13:55:36``, lacks a year: it is no
time here.

A time without an offset is UTC. Whatever is before 1973 is no time: such numbers are durations, such dates zeros.
"""

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from logserver.core.times import EPOCH, read_time

_EARLIEST = 100_000_000 * 1_000_000
_LATEST = 253_402_300_799_999_999
_DIGITS = re.compile(r"\d{9,20}(?:\.\d{1,12})?", re.ASCII)
_ISO = re.compile(r"\d{4}-?\d\d-?\d\d[T ]\d\d[\d:.,]{0,20}(?: ?(?:Z|UTC|[+-]\d\d:?\d\d))?", re.ASCII | re.IGNORECASE)
_WRITTEN_ISO = re.compile(
    r"(?:<\d{1,3}>(?:\d )?)?[\[(]?"
    r"(\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?: ?(?:Z|UTC|[+-]\d\d:?\d\d)(?![\w:]))?)",
    re.ASCII,
)
_ACCESS = re.compile(
    r"\S{1,64} \S{1,64} [^\[\"]{1,128}\[(\d\d)/([A-Z][a-z]{2})/(\d{4}):(\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)\]",
    re.ASCII,
)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_COLOUR = re.compile(r"(?:\x1b\[[0-9;]{0,16}m){1,4}")


def spoken_time(value: Any) -> int | None:
    """The time that the value of a field means, in Unix microseconds; None where it means none."""
    if isinstance(value, str):
        text = value.strip()
        if not _DIGITS.fullmatch(text):
            return _iso(text) if _ISO.fullmatch(text) else None
        value = float(text) if "." in text else int(text)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 1e8 <= value < 1e20:
        return None
    if value < 1e11:
        return _sane(round(value * 1_000_000))
    if value < 1e14:
        return _sane(round(value * 1_000))
    return _sane(int(value) if value < 1e17 else int(value) // 1_000)


def written_time(text: str) -> int | None:
    """The time that a line of plain text begins with, in Unix microseconds; None where it begins with none."""
    if (colour := _COLOUR.match(text)) is not None:
        text = text[colour.end() :][:256]
    if iso := _WRITTEN_ISO.match(text):
        return _iso(iso[1].replace("/", "-"))
    if access := _ACCESS.match(text):
        return _access(access)
    return None


def _iso(text: str) -> int | None:
    # Everything ISO 8601 leaves open, as Python reads it: no space before the offset, Z for UTC.
    spelled = text[:11].replace(" ", "T") + text[11:].replace(" ", "").upper().replace("UTC", "Z")
    moment = read_time(spelled)
    return None if moment is None else _sane(moment)


def _access(found: re.Match[str]) -> int | None:
    day, month, year, hour, minute, second, sign, hours, minutes = found.groups()
    try:
        offset = timedelta(hours=int(hours), minutes=int(minutes))
        zone = timezone(-offset if sign == "-" else offset) if offset else UTC
        number = _MONTHS.index(month) + 1
        moment = datetime(int(year), number, int(day), int(hour), int(minute), int(second), tzinfo=zone)
        return _sane((moment - EPOCH) // timedelta(microseconds=1))
    except (ValueError, OverflowError):
        return None


def _sane(microseconds: int) -> int | None:
    return microseconds if _EARLIEST <= microseconds <= _LATEST else None
