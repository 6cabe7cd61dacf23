"""Patterns of metric rules: RE2 over UTF-8, so that no line makes one slow, and each with a bounded memory."""

from typing import Any

import re2  # type: ignore[import-untyped]  # it is published without types

MAX_LENGTH = 1_000
"""Characters of a pattern."""

MAX_PROGRAM = 5_000
"""Instructions of a compiled pattern: what its slowest engine may keep busy with each byte."""

PATTERN_MEMORY = 1 << 20
SET_MEMORY = 4 << 20
_TOGETHER = 32
"""Patterns that are searched in one pass; their memory is SET_MEMORY."""


class Unusable(ValueError):
    """A pattern cannot be used; the text says why."""


def compiled(expression: str) -> Any:
    """A compiled pattern; raises Unusable where it does not compile or is too large."""
    try:
        regexp = re2.compile(_encoded(expression), _options(PATTERN_MEMORY))
    except re2.error as error:
        raise Unusable(_reason(error)) from None
    if regexp.programsize > MAX_PROGRAM:
        raise Unusable("it is too large")
    return regexp


class Prefilter:
    """Tells which of some patterns match a line, in one pass for 32 of them; the same as asking one by one."""

    def __init__(self, expressions: list[str]) -> None:
        self._parts: list[tuple[int, Any]] = []
        for start in range(0, len(expressions), _TOGETHER):
            self._add(start, [_encoded(expression) for expression in expressions[start : start + _TOGETHER]])

    def _add(self, start: int, expressions: list[bytes]) -> None:
        joined = re2.Set.SearchSet(_options(SET_MEMORY))
        try:
            for expression in expressions:
                joined.Add(expression)
            joined.Compile()
        except re2.error:
            # Together they need more memory than a set may have.
            if len(expressions) == 1:
                self._parts.append((start, _One(expressions[0]).match))
                return
            half = len(expressions) // 2
            self._add(start, expressions[:half])
            self._add(start + half, expressions[half:])
        else:
            self._parts.append((start, joined.Match))

    def matching(self, line: bytes) -> list[int]:
        """The indices of the patterns that match somewhere in a line of valid UTF-8, in ascending order."""
        found: list[int] = []
        for start, match in self._parts:
            if numbers := match(line):
                found += [start + number for number in sorted(numbers)]
        return found

    def single(self) -> Any:
        """The one function that says the same, in any order and None for nothing, where one pass is enough."""
        return self._parts[0][1] if len(self._parts) == 1 else None


class _One:
    """A pattern that no set has room for."""

    def __init__(self, expression: bytes) -> None:
        self._search = re2.compile(expression, _options(PATTERN_MEMORY)).search

    def match(self, line: bytes) -> list[int] | None:
        return [0] if self._search(line) is not None else None


def _options(memory: int) -> Any:
    options = re2.Options()
    options.max_mem = memory
    # RE2 would write the pattern, and what it was asked, to the standard error.
    options.log_errors = False
    return options


def _encoded(expression: str) -> bytes:
    try:
        return expression.encode()
    except UnicodeEncodeError:
        raise Unusable("it is no valid text") from None


def _reason(error: Exception) -> str:
    reason = error.args[0] if error.args else "it does not compile"
    return reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
