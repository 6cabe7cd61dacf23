"""Points in time as they are typed and shown: spans such as ``90d`` from now, and ISO 8601, UTC unless it says else."""

from collections.abc import Callable
from typing import Any

import click

from logserver.core.clock import SystemClock
from logserver.core.times import iso_text, moment_ms

EXAMPLES = "15m, 24h, 7d, 2026-12-31 or 2026-12-31T18:00:00Z"


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
