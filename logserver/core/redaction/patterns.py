"""Regular expressions for redaction: RE2 over UTF-8, bounded in time by its construction and in memory here."""

from collections.abc import Iterator
from typing import NamedTuple

import re2  # type: ignore[import-untyped]  # it is published without types

Span = tuple[int, int]
"""Where something was found in UTF-8 bytes: start and end."""

MAX_PROGRAM = 5_000
"""Instructions of a custom pattern: what its slowest engine may keep busy with each byte."""

_CUSTOM_MEMORY = 1 << 20
_BUILTIN_MEMORY = 8 << 20
_PROBES = (b"", b"a", b"a b", b"0", b"\n")


_NO_DIGITS = bytes(code for code in range(256) if not 48 <= code < 58)


_DIGITS_ONLY = bytes(code if 48 <= code < 58 else 32 for code in range(256))


def digit_groups(raw: bytes, start: int, end: int) -> list[Span]:
    """The runs of ASCII digits between two places, from left to right."""
    groups = []
    for piece in raw[start:end].translate(_DIGITS_ONLY).split(b" "):
        if piece:
            groups.append((start, start + len(piece)))
        start += len(piece) + 1
    return groups


class Look(NamedTuple):
    """What is seen of a text at a glance, so that most rules need not look closer."""

    raw: bytes
    lower: bytes
    digits: int

    @classmethod
    def at(cls, raw: bytes) -> "Look":
        """A glance at a text in UTF-8."""
        return cls(raw, raw.lower(), len(raw.translate(None, _NO_DIGITS)))


class Unusable(ValueError):
    """A pattern cannot be used; the text says why and quotes nothing of it, because patterns may be secrets."""


class Pattern:
    """A compiled expression; one of ``latin1`` sees bytes where others see the characters of UTF-8."""

    __slots__ = ("_regexp",)

    def __init__(self, expression: bytes, *, latin1: bool = False, memory: int = _BUILTIN_MEMORY) -> None:
        options = re2.Options()
        options.max_mem = memory
        # RE2 would write the pattern, and what it was asked, to the standard error.
        options.log_errors = False
        if latin1:
            options.encoding = re2.Options.Encoding.LATIN1
        try:
            self._regexp = re2.compile(expression, options)
        except re2.error as error:
            reason = error.args[0].decode("utf-8", "replace") if error.args else "it does not compile"
            raise Unusable(reason.partition(":")[0].strip()) from None

    @property
    def size(self) -> int:
        """The instructions of the compiled program."""
        return int(self._regexp.programsize)

    def found(self, raw: bytes) -> bool:
        """Whether it matches anywhere."""
        return self._regexp.search(raw) is not None

    def whole(self, raw: bytes) -> bool:
        """Whether it matches all of it."""
        return self._regexp.fullmatch(raw) is not None

    def first(self, raw: bytes, start: int = 0, group: int = 0) -> Span | None:
        """The leftmost match at or after ``start``, or a group of it."""
        match = self._regexp.search(raw, start)
        return None if match is None else match.span(group)

    def spans(self, raw: bytes, group: int = 0) -> Iterator[Span]:
        """The matches, or a group of them, from left to right and apart."""
        for match in self._regexp.finditer(raw):
            yield match.span(group)


def builtin(expression: bytes) -> Pattern:
    """A pattern of ours that is about ASCII, and finds it between any other bytes."""
    return Pattern(expression, latin1=True)


def custom(expression: str) -> Pattern:
    """A pattern of a user. Raises Unusable: it does not compile, is too large, or matches nothing at all."""
    pattern = Pattern(_encoded(expression), memory=_CUSTOM_MEMORY)
    if pattern.size > MAX_PROGRAM:
        raise Unusable("pattern too large")
    if any(start == end for probe in _PROBES for start, end in pattern.spans(probe)):
        raise Unusable("it matches the empty string")
    return pattern


def anywhere(expression: str) -> Pattern | None:
    """A pattern that matches lines joined by line feeds if the custom one matches one of them; None: cannot be had."""
    if _WHOLE_TEXT.found(raw := _encoded(expression)):
        return None
    try:
        return Pattern(b"(?m:%b)" % raw, memory=_CUSTOM_MEMORY)
    except Unusable:
        return None


def anchored(expression: str) -> bool:
    """Whether a custom pattern may ask where a text begins or ends; True where that cannot be told."""
    before = ""
    characters = iter(expression)
    for character in characters:
        if character == "\\":
            if next(characters, "") in "AzQ":
                return True
            before = ""
            continue
        if character == "$" or (character == "^" and before != "["):
            return True
        before = character
    return False


def _encoded(expression: str) -> bytes:
    try:
        return expression.encode()
    except UnicodeEncodeError:
        raise Unusable("invalid UTF-8") from None


_WHOLE_TEXT = builtin(rb"\\[AzQ]|\(\?[a-zA-Z]*-")
