"""Rules tried on lines that somebody shows, without anything being counted."""

from collections.abc import Callable, Iterable

from logserver.core.faults import Invalid
from logserver.core.metrics.extraction import Extractor, Found, Reader
from logserver.core.metrics.rules import MetricRule

MAX_LINES = 1_000
_SECONDS = 5.0


def tried(rules: list[MetricRule], lines: Iterable[str], monotonic: Callable[[], float]) -> list[list[Found]]:
    """What each line yields. Raises Invalid where that takes longer than five seconds."""
    extractor, end = Extractor([Reader(rule) for rule in rules]), monotonic() + _SECONDS
    found = []
    for line in lines:
        if monotonic() > end:
            raise Invalid([("lines", "take too long to match; send fewer")])
        found.append(extractor.matches(line.encode()))
    return found
