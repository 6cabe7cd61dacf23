"""A quick look at a whole value: which of its texts may hold something that a rule matches. Most hold nothing."""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate
from typing import Any, NamedTuple

import msgspec

from logserver.core.redaction import patterns
from logserver.core.redaction.builtin import BY_ID
from logserver.core.redaction.patterns import Pattern, builtin
from logserver.core.redaction.rules import Rule
from logserver.core.redaction.texts import encoded

NOTHING: frozenset[str] = frozenset()

_LEAST_NUMBER = 10**12
_MOST_BITS = 14_000
"""Python does not write longer integers as text, and so nothing stores them."""

_encode = msgspec.json.Encoder().encode
_UNLIKE_TEXT = builtin(rb"\\|[:\[,][-0-9.]+e|^[-0-9.]+e")


class _Custom(NamedTuple):
    pattern: Pattern
    anywhere: Pattern | None
    anchored: bool


class Suspicion:
    """Finds the texts that rules may match: all that they do match, and a few more."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        hints = [BY_ID[rule.id].hint for rule in rules if rule.type == "builtin"]
        self._hint = builtin(b"|".join(hints)) if hints else None
        self._customs = [
            _Custom(patterns.custom(rule.pattern), patterns.anywhere(rule.pattern), patterns.anchored(rule.pattern))
            for rule in rules
            if rule.pattern is not None
        ]

    def of_text(self, text: str) -> bool:
        """Whether a text, or what stands under it as a key, may match a built-in rule."""
        return self._hint is not None and self._hint.found(encoded(text))

    def texts(self, value: Any) -> frozenset[str]:
        """The suspicious ones among a value's strings, object keys and long numbers (as number_text has them)."""
        written = _json(value)
        hinted = self._hint is not None and (written is None or self._hint.found(written))
        customs = self._customs
        if customs and written is not None and not _UNLIKE_TEXT.found(written):
            customs = [each for each in customs if each.anchored or each.pattern.found(written)]
        if not (hinted or customs):
            return NOTHING
        texts = texts_of(value)
        joined = encoded("\n".join(texts))
        customs = [each for each in customs if each.anywhere is None or each.anywhere.found(joined)]
        found = self._hinted(texts, joined) if hinted else set()
        for each in customs:
            found.update(text for text in texts if each.pattern.found(encoded(text)))
        return frozenset(found)

    def _hinted(self, texts: list[str], joined: bytes) -> set[str]:
        """The texts in which the expressions of built-in rules find something; ``joined`` by line feeds."""
        sizes = [len(text) for text in texts] if joined.isascii() else [len(encoded(text)) for text in texts]
        ends = list(accumulate(size + 1 for size in sizes))
        found: set[str] = set()
        position = 0
        while self._hint is not None and position < len(joined) and (span := self._hint.first(joined, position)):
            place = bisect_left(ends, span[1])
            found.add(texts[place])
            # From the line feed, because an expression may ask for something before what it finds.
            position = ends[place] - 1
        return found


def texts_of(value: Any) -> list[str]:
    """Every string, object key and long number of a value, in no particular order."""
    texts: list[str] = []
    waiting = [value]
    for each in waiting:
        kind = type(each)
        if kind is str:
            texts.append(each)
        elif kind is dict:
            texts.extend(each)
            waiting.extend(each.values())
        elif kind is list:
            waiting.extend(each)
        elif (kind is int or kind is float) and (number := number_text(each)):
            texts.append(number)
    return texts


def number_text(number: Any) -> str:
    """The digits of an integer, or a float without a fraction, of 13 digits or more; empty for any other number."""
    if -_LEAST_NUMBER < number < _LEAST_NUMBER:
        return ""
    if isinstance(number, float):
        return str(int(number)) if number.is_integer() else ""
    return str(number) if number.bit_length() <= _MOST_BITS else ""


def _json(value: Any) -> bytes | None:
    try:
        return _encode(value)
    except (ValueError, TypeError, OverflowError, RecursionError):
        # What cannot be written as JSON cannot be stored either, but that is for others to say.
        return None
