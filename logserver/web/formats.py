"""How values are written on pages: times, counts, sizes, durations, shares, and where a list in SVG has its points."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from markupsafe import Markup, escape

from logserver.core.errors.groups import without_class

NOTHING = "\N{EN DASH}"
"""Stands where there is no value."""

_UNITS = ("B", "kB", "MB", "GB", "TB")
_AGES = ((60, 1, "s"), (3_600, 60, "min"), (86_400, 3_600, "h"), (86_400 * 60, 86_400, "d"))


def iso(ms: int) -> str:
    """A time (Unix milliseconds) as machines read it: ``2026-01-02T03:04:05.678Z``."""
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def clock(ms: int) -> Markup:
    """A time to the second, in UTC; with scripts the reader sees it in the browser's own zone."""
    return _time(ms, iso(ms)[:19].replace("T", " "), "clock")


def exact(ms: int) -> Markup:
    """A time to the millisecond."""
    return _time(ms, iso(ms)[:23].replace("T", " "), "exact")


def day(ms: int) -> Markup:
    """The day of a time."""
    return _time(ms, iso(ms)[:10], "day")


def ago(ms: int, now_ms: int) -> Markup:
    """How long ago a time was, or how far it is off: ``5 min ago``, ``in 2 h``; from two months on, its day."""
    seconds = round(abs(now_ms - ms) / 1000)
    for limit, unit, name in _AGES:
        if seconds < limit:
            words = "just now" if seconds == 0 else f"{seconds // unit} {name}"
            said = words if seconds == 0 else f"{words} ago" if ms <= now_ms else f"in {words}"
            return _time(ms, said, "ago")
    return day(ms)


def _time(ms: int, said: str, kind: str) -> Markup:
    spelled = iso(ms)
    return Markup('<time datetime="{0}" title="{0}" data-form="{2}">{1}</time>').format(spelled, said, kind)


def count(value: float) -> str:
    """A number with its thousands apart: ``1,234``."""
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}".rstrip("0").rstrip(".")


def short(value: float) -> str:
    """A number in at most four characters and a unit: ``1.2k``, ``34M``."""
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.1f}".removesuffix(".0") + unit
    if abs(value) >= 10 or value == int(value):
        return f"{value:.0f}"
    return f"{value:.2f}".rstrip("0").rstrip(".") if abs(value) >= 0.1 else f"{value:.1g}"


def size(value: float) -> str:
    """A number of bytes: ``12.3 MB``."""
    for unit in _UNITS:
        if abs(value) < 1000 or unit == _UNITS[-1]:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    raise AssertionError


def duration(ms: float | None) -> str:
    """A duration from milliseconds: ``0.4 ms``, ``320 ms``, ``1.25 s``, ``3 min 20 s``, ``5 h 2 min``."""
    if ms is None:
        return NOTHING
    if ms < 1000:
        return f"{ms:.1f} ms" if ms < 10 else f"{ms:.0f} ms"
    seconds = ms / 1000
    if seconds < 60:
        return f"{seconds:.2f} s"
    for size, name, part in ((86_400, "d", "h"), (3_600, "h", "min"), (60, "min", "s")):
        if seconds >= size:
            rest = int(seconds % size) // {"h": 3_600, "min": 60, "s": 1}[part]
            return f"{int(seconds // size)} {name} {rest} {part}" if rest else f"{int(seconds // size)} {name}"
    raise AssertionError


def percent(share: float | None) -> str:
    """A share of 1: ``99.95 %``."""
    if share is None:
        return NOTHING
    return f"{share * 100:.2f}".rstrip("0").rstrip(".") + " %"


def pretty(value: Any) -> str:
    """A value as indented JSON."""
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()


def sparkline(values: Sequence[float], label: str, width: int = 96, height: int = 20) -> Markup:
    """A row of bars as SVG; attributes only, for the pages allow no inline style."""
    highest = max(values, default=0) or 1
    step = width / max(len(values), 1)
    bars = "".join(
        f'<rect x="{at * step:.1f}" y="{height - tall:.1f}" width="{max(step - 1, 0.5):.1f}" height="{tall:.1f}"/>'
        for at, value in enumerate(values)
        if (tall := value / highest * (height - 1) + (1 if value else 0)) > 0
    )
    return Markup(  # noqa: S704 - numbers only, and the label escaped
        f'<svg class="sparkline" role="img" aria-label="{escape(label)}" viewBox="0 0 {width} {height}"'
        f' width="{width}" height="{height}" preserveAspectRatio="none">{bars}</svg>'
    )


FILTERS = {
    "iso": iso,
    "clock": clock,
    "exact": exact,
    "day": day,
    "ago": ago,
    "count": count,
    "short": short,
    "size": size,
    "duration": duration,
    "percent": percent,
    "pretty": pretty,
    "without": without_class,
    "sparkline": sparkline,
}
