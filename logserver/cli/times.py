"""Points in time as they are typed and shown: spans such as ``90d`` from now, and ISO 8601, UTC unless it says else."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from logserver.core.clock import SystemClock
from logserver.core.times import EPOCH, iso_text

EXAMPLES = "15m, 24h, 7d, 2026-12-31 or 2026-12-31T18:00:00Z"
_MAX_MS = 253_402_300_799_999
"""The end of the year 9999."""
_SPAN = re.compile(r"([0-9]{1,12})(s|m|h|d|w)")
_UNITS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}


def moment_ms(text: str, now_ms: int, *, ahead: bool) -> int:
    """The Unix milliseconds of an ISO 8601 date or time, or of a span before now or, with ``ahead``, after it.

    Raises ValueError for anything else, and outside the years 1970 to 9999.
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
    if not 0 <= at <= _MAX_MS:
        raise ValueError(text)
    return at


def moment_option(name: str, *, help: str, ahead: bool = False) -> Callable[[Any], Any]:  # noqa: A002 - as click
    """An option whose value is a point in time, in Unix milliseconds."""

    def read(_ctx: click.Context, param: click.Parameter, value: str | None) -> int | None:
        if value is None:
            return None
        try:
            return moment_ms(value, SystemClock().now_ms(), ahead=ahead)
        except ValueError as error:
            raise click.BadParameter(f"{value!r} is no time; write it like {EXAMPLES}.", param=param) from error

    return click.option(name, metavar="TIME", callback=read, help=help)


def iso(ms: int | None) -> str | None:
    """Unix milliseconds as ISO 8601 in UTC; None stays None."""
    return None if ms is None else iso_text(ms * 1_000)


def span_text(seconds: float) -> str:
    """A length of time in its two greatest units."""
    left = int(seconds)
    if left < 1:
        return f"{seconds * 1_000:.0f} ms"
    parts = []
    for unit, length in (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)):
        if left >= length:
            parts.append(f"{left // length} {unit}")
            left %= length
    return " ".join(parts[:2])
