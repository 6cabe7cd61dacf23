"""The window of time that a page of figures shows, as its address says it."""

from typing import NamedTuple

from logserver.core.faults import Invalid
from logserver.web.visit import Visit

LENGTHS = {
    "1h": 3_600_000,
    "6h": 21_600_000,
    "24h": 86_400_000,
    "7d": 604_800_000,
    "30d": 2_592_000_000,
}
"""By what they are called, in milliseconds."""

USUAL = "24h"
LONGEST_NAME = 200


class Shown(NamedTuple):
    """A window up to now, and whose figures are shown."""

    name: str
    since_ms: int
    until_ms: int
    environment: str
    """Empty: all of them."""
    release: str


def window(visit: Visit) -> Shown:
    """The window that is asked for; raises Invalid for one there is not, and for names that are too long."""
    name = visit.query.get("window", USUAL)
    if name not in LENGTHS:
        raise Invalid([("window", f"Must be one of {', '.join(LENGTHS)}")])
    # To whole minutes: that is how figures are counted.
    until_ms = -(-visit.now_ms // 60_000) * 60_000
    return Shown(name, until_ms - LENGTHS[name], until_ms, named(visit, "environment"), named(visit, "release"))


def named(visit: Visit, name: str) -> str:
    """A name that is asked for; empty where none is. Raises Invalid for one that is too long."""
    value = visit.query.get(name, "").strip()
    if len(value) > LONGEST_NAME:
        raise Invalid([(name, f"Must have at most {LONGEST_NAME} characters")])
    return value
