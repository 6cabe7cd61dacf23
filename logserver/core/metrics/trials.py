"""Rules tried on lines that somebody shows, without anything being counted."""

from collections.abc import Callable, Iterable

from logserver.core.faults import Invalid
from logserver.core.metrics.extraction import Found, Reader, text_of
from logserver.core.metrics.rules import MetricRule

MAX_LINES = 1_000
MAX_LINE = 8_192
"""Characters of a line."""

_SECONDS = 5.0


def tried(rules: list[MetricRule], lines: Iterable[str], monotonic: Callable[[], float]) -> list[list[Found]]:
    """What each line yields, as Extractor.matches says. Raises Invalid where that takes longer than five seconds."""
    readers, end = [Reader(rule) for rule in rules], monotonic() + _SECONDS
    found: list[list[Found]] = []
    for line in lines:
        text, matches = text_of(line.encode()), []
        for reader in readers:
            if monotonic() > end:
                raise Invalid([("lines", "Take too long to match; send fewer, or simpler patterns")])
            if (one := reader.read(text)) is not None:
                matches.append(one)
        found.append(matches)
    return found
