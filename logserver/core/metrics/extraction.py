"""From lines to numbers: metric rules applied, to one line for all to see, or to many at once and fast.

A pattern is searched in the raw line without its end, as text: what is no UTF-8 there is U+FFFD. A rule yields at
most one number of a line, from its first match. Where the value is no number, or a counter's is negative, the
line yields nothing.
"""

import re
from collections.abc import Callable, Sequence
from math import isfinite
from typing import Any, NamedTuple

from logserver.core.metrics.patterns import Prefilter, compiled
from logserver.core.metrics.rules import Labels, MetricConfig, MetricRule, index_of, labels_of
from logserver.core.metrics.sources import BadGlob, fitting
from logserver.core.metrics.tallies import Tally

_NUMBER = re.compile(rb"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_MAX_DIGITS = 400
_REMEMBERED = 256


class Found(NamedTuple):
    """What a rule found in a line."""

    rule: MetricRule
    labels: Labels
    value: float


class Reader:
    """A rule ready to read lines; raises ValueError (Unusable among them) where it does not hold together."""

    def __init__(self, rule: MetricRule) -> None:
        self.rule = rule
        self._regexp = compiled(rule.pattern)
        self._labels = sorted((label, index_of(self._regexp, group)) for label, group in rule.groups().items())
        capture = rule.value_group()
        self._value = None if capture is None else index_of(self._regexp, capture)
        self._factor = rule.factor()
        self.fixed = Found(rule, (), 1.0) if not self._labels and self._value is None else None
        """What every line that matches yields, where that does not depend on the line."""

    def read(self, line: bytes) -> Found | None:
        """What a line of valid UTF-8 yields."""
        found = self._regexp.search(line)
        if found is None:
            return None
        value = 1.0
        if self._value is not None:
            number = _number(found.group(self._value))
            if number is None:
                return None
            value = number * self._factor
            if not isfinite(value) or (value < 0 and self.rule.type == "counter"):
                return None
        labels = {label: (found.group(index) or b"").decode("utf-8", "replace") for label, index in self._labels}
        return Found(self.rule, labels_of(labels), value)


class Extractor:
    """The rules for the lines of one source."""

    def __init__(self, readers: Sequence[Reader]) -> None:
        self._readers = list(readers)
        self._prefilter = Prefilter([reader.rule.pattern for reader in self._readers])
        self._matching: Callable[[bytes], Sequence[int] | None] = self._prefilter.single() or self._prefilter.matching

    def matches(self, line: bytes) -> list[Found]:
        """What one line yields, in the order of the rules."""
        line = text_of(line)
        found = (reader.read(line) for reader in self._readers)
        return [one for one in found if one is not None]

    def count(self, lines: Sequence[bytes], tally: Tally) -> None:
        """Add to a tally what lines yield, in their order: the same as with ``matches``, faster."""
        matching, readers, add = self._matching, self._readers, tally.add
        for sent in lines:
            line = sent if sent.isascii() else text_of(sent)
            numbers = matching(line)
            if not numbers:
                continue
            for number in sorted(numbers):
                found = readers[number].fixed or readers[number].read(line)
                if found is not None:
                    add(found.rule, found.labels, found.value)


class RuleSet:
    """All rules an agent was told of. What this version cannot use is left out and named in ``unusable``."""

    def __init__(self, configs: Sequence[MetricConfig]) -> None:
        self.unusable: list[tuple[str, str]] = []
        """Names of configs or metrics, and why they cannot be used."""
        self._sources: list[tuple[Callable[[str], bool], list[Reader]]] = []
        self._extractors: dict[tuple[bool, ...], Extractor] = {}
        for config in configs:
            if not config.enabled:
                continue
            try:
                fits = fitting(config.log_source)
            except BadGlob as error:
                self.unusable.append((config.name, str(error)))
                continue
            self._sources.append((fits, self._readers(config)))

    def _readers(self, config: MetricConfig) -> list[Reader]:
        readers = []
        for rule in config.metrics:
            try:
                readers.append(Reader(rule))
            except ValueError as error:
                self.unusable.append((rule.name, str(error)))
        return readers

    def of(self, source: str) -> Extractor | None:
        """The rules for a source (a full path, or ``stdin``); None where no rule is about it."""
        chosen = tuple(bool(readers) and fits(source) for fits, readers in self._sources)
        if not any(chosen):
            return None
        if chosen not in self._extractors:
            if len(self._extractors) >= _REMEMBERED:
                self._extractors.clear()
            pairs = zip(chosen, self._sources, strict=True)
            self._extractors[chosen] = Extractor(
                [reader for wanted, (_, readers) in pairs if wanted for reader in readers]
            )
        return self._extractors[chosen]


def text_of(line: bytes) -> bytes:
    """A line as patterns see it, in valid UTF-8."""
    try:
        line.decode()
    except UnicodeDecodeError:
        return line.decode("utf-8", "replace").encode()
    return line


def _number(captured: Any) -> float | None:
    """The finite number that a capture spells."""
    if captured is None or len(captured) > _MAX_DIGITS or not _NUMBER.fullmatch(captured):
        return None
    return float(captured)
