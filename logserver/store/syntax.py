"""Reads the query language: any text is a query or a QuerySyntaxError that points at the character.

What a letter, a digit or a space is goes by fixed ranges, never by Python's Unicode tables: the same text is
the same query on every version.
"""

import math
import re

from logserver.store.errors import QuerySyntaxError
from logserver.store.query import (
    ALIASES,
    EVERYTHING,
    FIELD,
    NAMES,
    NUMBER,
    TEXT_FIELD,
    Compare,
    Facet,
    Leaf,
    Node,
    Operator,
    Present,
    Text,
    conjunction,
    disjunction,
    folded,
    negation,
    number,
)
from logserver.store.words import MAX_KEY, MAX_VALUE, severity

MAX_CHARACTERS = 4_096
MAX_DEPTH = 32
MAX_TERMS = 64

_SPACE = " \t\n\r\f\v\u00a0\u3000"
_SPACES = re.compile(f"[{_SPACE}]*")
_BARE = re.compile(f'[^{_SPACE}()"]+')
_KEYWORD = re.compile(f'(AND|OR|NOT)(?=[{_SPACE}()"]|\\Z)')
_QUOTED = re.compile(r'"((?:[^"\\]|\\["\\]|\\(?!["\\]))*)"')
_ESCAPED = re.compile(r'\\(["\\])')
_REFUSED = re.compile("[\x00\ud800-\udfff]")
_SEARCHABLE = re.compile("[0-9A-Za-z]|[^\x00-\x7f\ue000-\uf8ff]")
_COMPARISON = re.compile("(>=|<=|>|<)(.*)", re.DOTALL)
_INFINITE = (math.inf, -math.inf)
_NO_VALUE = ("//", ":", "\\")
"""What follows the colon of a URL, a ``Name::Space`` or a ``C:\\path``: such a token is a word, no field."""


def parse(text: str) -> Node:
    """The query that ``text`` spells; empty text asks for everything.

    Raises QuerySyntaxError, and nothing else, for what is no query.
    """
    if len(text) > MAX_CHARACTERS:
        raise QuerySyntaxError(f"a query has at most {MAX_CHARACTERS} characters", MAX_CHARACTERS)
    refused = _REFUSED.search(text)
    if refused:
        raise QuerySyntaxError("this character cannot be searched for", refused.start())
    return _Parser(text).query()


class _Parser:
    """Recursive descent, one method per rule; ``at`` is the next character."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.terms = 0

    def query(self) -> Node:
        if self.ended():
            return EVERYTHING
        node = self.any(0)
        if not self.ended():
            raise QuerySyntaxError("this parenthesis was never opened", self.at)
        return node

    def ended(self) -> bool:
        found = _SPACES.match(self.text, self.at)
        self.at = found.end() if found else self.at
        return self.at == len(self.text)

    def ahead(self, char: str) -> bool:
        return self.text.startswith(char, self.at)

    def keyword(self) -> str | None:
        found = _KEYWORD.match(self.text, self.at)
        return found[1] if found else None

    def any(self, depth: int) -> Node:
        terms = [self.all(depth)]
        while not self.ended() and self.keyword() == "OR":
            self.at += len("OR")
            terms.append(self.all(depth))
        return disjunction(terms)

    def all(self, depth: int) -> Node:
        terms = [self.one(depth)]
        while not self.ended() and not self.ahead(")") and self.keyword() != "OR":
            if self.keyword() == "AND":
                self.at += len("AND")
            terms.append(self.one(depth))
        return conjunction(terms)

    def one(self, depth: int) -> Node:
        if self.ended():
            raise QuerySyntaxError("a term is missing here", self.at)
        if depth > MAX_DEPTH:
            raise QuerySyntaxError(f"a query nests at most {MAX_DEPTH} deep", self.at)
        if self.ahead("("):
            return self.group(depth)
        if self.ahead(")"):
            raise QuerySyntaxError("a term is missing before this parenthesis", self.at)
        keyword = self.keyword()
        if keyword == "NOT":
            self.at += len("NOT")
            return negation(self.one(depth + 1))
        if keyword:
            raise QuerySyntaxError(
                f'a term is missing before {keyword}; the word itself is "{keyword}"', self.at
            )
        if self.ahead("-"):
            return self.minus(depth)
        return self.leaf()

    def group(self, depth: int) -> Node:
        opened = self.at
        self.at += 1
        node = self.any(depth + 1)
        if not self.ahead(")"):
            raise QuerySyntaxError("this parenthesis is never closed", opened)
        self.at += 1
        return node

    def minus(self, depth: int) -> Node:
        start = self.at
        self.at += 1
        if self.ended() or self.ahead(")") or self.text[start + 1] in _SPACE:
            raise QuerySyntaxError("a minus stands right before what it excludes", start)
        return negation(self.one(depth + 1))

    def leaf(self) -> Leaf:
        start = self.at
        self.terms += 1
        if self.terms > MAX_TERMS:
            raise QuerySyntaxError(f"a query has at most {MAX_TERMS} terms", start)
        if self.ahead('"'):
            quoted = self.quoted()
            if self.ahead(":"):
                self.at += 1
                return self.field(quoted, start, literal=True)
            return _text(quoted, start, prefix=self.star())
        found = _BARE.match(self.text, start)
        token = found[0] if found else ""
        field = FIELD.match(token)
        colon = field.end() if field else 0
        if token[colon : colon + 1] == ":" and colon and not token.startswith(_NO_VALUE, colon + 1):
            self.at += colon + 1
            return self.field(token[:colon], start, literal=False)
        self.at += len(token)
        word = token.removesuffix("*")
        return _text(word, start, prefix=word != token)

    def quoted(self) -> str:
        found = _QUOTED.match(self.text, self.at)
        if not found:
            raise QuerySyntaxError("this quote is never closed", self.at)
        self.at = found.end()
        return _ESCAPED.sub(r"\1", found[1])

    def star(self) -> bool:
        starred = self.ahead("*")
        self.at += starred
        return starred

    def field(self, key: str, start: int, *, literal: bool) -> Leaf:
        key = folded(key)
        if not literal:
            key = ALIASES.get(key, key)
        if len(key) > MAX_KEY:
            raise QuerySyntaxError(f"a field has at most {MAX_KEY} characters", start)
        value_at = self.at
        if self.ahead('"'):
            value = self.quoted()
            prefix = self.star()
        else:
            found = _BARE.match(self.text, self.at)
            if not found:
                raise QuerySyntaxError("a value is missing here; quote it all to search for text", value_at)
            self.at = found.end()
            if key != TEXT_FIELD or literal:
                return _bare_value(key, found[0], value_at)
            value = found[0].removesuffix("*")
            prefix = value != found[0]
        if key == TEXT_FIELD and not literal:
            return _text(value, value_at, prefix=prefix)
        return _facet(key, value, value_at, prefix=prefix)


def _text(phrase: str, at: int, *, prefix: bool) -> Text:
    if not _SEARCHABLE.search(phrase):
        raise QuerySyntaxError("text is searched by words, and here is no letter or digit", at)
    return Text(phrase, prefix)


def _bare_value(key: str, value: str, at: int) -> Leaf:
    if value == "*":
        return Present(key)
    compared = _COMPARISON.fullmatch(value)
    if compared:
        operator: Operator = compared[1]  # type: ignore[assignment]  # the pattern allows no other
        if not NUMBER.fullmatch(compared[2]) or number(compared[2]) in _INFINITE:
            raise QuerySyntaxError("a number is expected here", at + len(operator))
        return Compare(key, operator, compared[2])
    if value.endswith("*"):
        return _facet(key, value[:-1], at, prefix=True)
    decimal = key not in NAMES and NUMBER.fullmatch(value) and isinstance(number(value), float)
    if decimal and len(value) <= MAX_VALUE and number(value) not in _INFINITE:
        return Compare(key, "=", value)
    return _facet(key, value, at, prefix=False)


def _facet(key: str, value: str, at: int, *, prefix: bool) -> Facet:
    if key == "level" and not prefix:
        value = severity(value)
    if len(value) > MAX_VALUE:
        raise QuerySyntaxError(f"an attribute over {MAX_VALUE} characters is found as text only", at)
    return Facet(key, value, prefix)
