"""Reads filters of lines as they are typed: LogQL's selector and line filters, such as ``{level="error"} |= "x"``."""

import re
from typing import NamedTuple

from logserver.core.lines.conditions import MAX_VALUE, Condition

MAX_QUERY = 4_096
"""Characters of a query."""

_BLANK = re.compile(r"[ \t\r\n]*")
_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_.]{0,127}", re.ASCII)
_MATCHER = re.compile(r"=~|!~|!=|=")
_LINE_FILTER = re.compile(r"\|=|\|~|!=|!~")
_OR = re.compile(r"or\b", re.ASCII)
_PLAIN = re.compile(r'[^"\\\n]+')
_RAW = re.compile("`([^`]*)`")
_CODE = re.compile(r"x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})", re.ASCII)
_ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\", '"': '"'}

_OPERATORS = {
    "=": ("text", False),
    "|=": ("text", False),
    "!=": ("text", True),
    "=~": ("pattern", False),
    "|~": ("pattern", False),
    "!~": ("pattern", True),
}


class Unreadable(ValueError):
    """The query breaks the grammar; the text says where and how."""


class Placed(NamedTuple):
    """A condition, and the character of the query (from 1) at which it stands."""

    condition: Condition
    at: int


def read(query: str) -> list[Placed]:
    """The conditions of a query, in the order written; Unreadable for what is none.

    A selector in braces (``=``, ``!=``, ``=~``, ``!~``) may come first, then line filters (``|=``, ``!=``, ``|~``,
    ``!~``), each with one string or several joined by ``or``. Strings stand in double quotes, with Go's escapes, or
    in backquotes.
    """
    if len(query) > MAX_QUERY:
        raise Unreadable(f"must be at most {MAX_QUERY} characters")
    return _Reader(query).conditions()


class _Reader:
    def __init__(self, query: str) -> None:
        self._query = query
        self._at = 0

    def conditions(self) -> list[Placed]:
        placed = []
        self._skip()
        if self._takes("{"):
            placed += self._selector()
        while self._at < len(self._query):
            at = self._at
            operator = self._matched(_LINE_FILTER)
            if operator is None:
                raise self._wrong('expected |= "text", != "text", |~ "pattern" or !~ "pattern"')
            values = [self._string(operator)]
            while self._matched(_OR) is not None:
                values.append(self._string("or"))
            placed.append(_placed("", operator, tuple(values), at))
        return placed

    def _selector(self) -> list[Placed]:
        placed: list[Placed] = []
        while not self._takes("}"):
            if placed and not self._takes(","):
                raise self._wrong("expected , or }")
            if placed and self._takes("}"):
                break
            at = self._at
            label = self._matched(_LABEL)
            if label is None:
                raise self._wrong("expected the name of a label, or }")
            operator = self._matched(_MATCHER)
            if operator is None:
                raise self._wrong(f"expected =, !=, =~ or !~ after {label}")
            placed.append(_placed(label, operator, (self._string(operator),), at))
        return placed

    def _string(self, after: str) -> str:
        if (raw := _RAW.match(self._query, self._at)) is not None:
            self._at = raw.end()
            value = raw[1]
        elif self._query.startswith('"', self._at):
            value = self._quoted()
        else:
            raise self._wrong(f"expected a string in double quotes or backquotes after {after}")
        if len(value) > MAX_VALUE:
            raise self._wrong(f"the string before this is longer than {MAX_VALUE} characters")
        self._skip()
        return value

    def _quoted(self) -> str:
        begun = self._at
        self._at += 1
        parts: list[str] = []
        while not self._query.startswith('"', self._at):
            plain = _PLAIN.match(self._query, self._at)
            if plain is not None:
                self._at = plain.end()
                parts.append(plain[0])
            elif self._query.startswith("\\", self._at):
                parts.append(self._escaped())
            else:
                self._at = begun
                raise self._wrong("this string does not end")
        self._at += 1
        try:
            # Go's \x and octal escapes are bytes of UTF-8.
            return "".join(parts).encode("utf-8", "surrogateescape").decode()
        except UnicodeError:
            self._at = begun
            raise self._wrong("this string is not valid UTF-8") from None

    def _escaped(self) -> str:
        code = _CODE.match(self._query, self._at + 1)
        if code is None:
            plain = _ESCAPES.get(self._query[self._at + 1 : self._at + 2])
            if plain is None:
                raise self._wrong("this escape is not known; write \\\\ for a backslash, or use backquotes")
            self._at += 2
            return plain
        byte, short, long, octal = code.groups()
        number = int(byte or short or long or octal, 8 if octal else 16)
        is_byte = byte is not None or octal is not None
        if number > (0xFF if is_byte else 0x10FFFF) or (not is_byte and 0xD800 <= number <= 0xDFFF):
            raise self._wrong("this escape is no character")
        self._at = code.end()
        return chr(0xDC00 + number) if is_byte and number >= 0x80 else chr(number)

    def _matched(self, grammar: re.Pattern[str]) -> str | None:
        found = grammar.match(self._query, self._at)
        if found is None:
            return None
        self._at = found.end()
        self._skip()
        return found[0]

    def _takes(self, character: str) -> bool:
        if not self._query.startswith(character, self._at):
            return False
        self._at += 1
        self._skip()
        return True

    def _skip(self) -> None:
        blank = _BLANK.match(self._query, self._at)
        if blank is not None:
            self._at = blank.end()

    def _wrong(self, message: str) -> Unreadable:
        return Unreadable(f"character {self._at + 1}: {message}")


def _placed(label: str, operator: str, values: tuple[str, ...], at: int) -> Placed:
    by, unless = _OPERATORS[operator]
    return Placed(Condition(label, by, values, unless), at + 1)  # type: ignore[arg-type] # one of the three
