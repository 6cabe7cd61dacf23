"""The query language as a tree: what can be asked of events, and its canonical text.

``level:error user_id:42 "connection reset" -path:/health* (duration:>250 OR retries:*)``. The text is read by
store/syntax.py and answered by store/search.py; this module knows only what a question is.
"""

import re
from collections.abc import Iterable
from typing import Literal

import msgspec

from logserver.store.words import RESERVED

Operator = Literal["=", ">", ">=", "<", "<="]

TEXT_FIELD = "message"
"""The field whose words are searched as text."""

ALIASES = {"event_type": "type", "env": "environment"}
"""Other names of fields; a key in quotes is taken literally."""

NAMES = RESERVED | {"environment", "release"}
"""Fields that hold names: ``release:1.2`` asks for the text, not for the number."""

KEYWORDS = frozenset({"AND", "OR", "NOT"})
FIELD = re.compile(r"[@$]?[A-Za-z_\x80-\U0010ffff][A-Za-z0-9_./\x80-\U0010ffff-]*")
"""A key that needs no quotes."""

NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_PLAIN = re.compile("[A-Za-z0-9_]+")
_NEEDS_ESCAPE = re.compile(r'"|\\(?=["\\]|\Z)')


class Text(msgspec.Struct, frozen=True):
    """The words of a phrase, one after the other, in the text of the event."""

    phrase: str
    prefix: bool = False
    """Whether the last word may go on."""


class Facet(msgspec.Struct, frozen=True):
    """An attribute with a value, equal but for the case of ASCII letters."""

    key: str
    """In lower case, as far as ASCII goes."""
    value: str
    prefix: bool = False
    """Whether the value may go on."""


class Exact(msgspec.Struct, frozen=True):
    """A field of an audit event (words.identifiers) with exactly this text, case included.

    The language has no way to say it.
    """

    key: str
    value: str


class Glob(msgspec.Struct, frozen=True):
    """An attribute at exactly this path whose whole text fits a pattern (store/globs.py)."""

    key: str
    pattern: str


class Compare(msgspec.Struct, frozen=True):
    """A numeric attribute that is equal to, above or below a number."""

    key: str
    operator: Operator
    number: str
    """As spelled, because ``version:1.50`` also finds that very text."""


class Present(msgspec.Struct, frozen=True):
    """An attribute that is there at all, with any value but null."""

    key: str


class Not(msgspec.Struct, frozen=True):
    """What does not satisfy a term."""

    term: "Node"


class And(msgspec.Struct, frozen=True):
    """What satisfies all of the terms; without terms, everything."""

    terms: "tuple[Node, ...]"


class Or(msgspec.Struct, frozen=True):
    """What satisfies one of the terms."""

    terms: "tuple[Node, ...]"


Leaf = Text | Facet | Exact | Glob | Compare | Present
Node = Leaf | Not | And | Or

EVERYTHING = And(())


def folded(text: str) -> str:
    """The text with its ASCII letters in lower case and all else as it is: the index's idea of equal."""
    return text.lower() if text.isascii() else text.encode().lower().decode()


def number(spelling: str) -> int | float:
    """The number a spelling stands for: an exact integer, or a float, which may be infinite."""
    try:
        return int(spelling)
    except ValueError:
        return float(spelling)


def negation(term: Node) -> Node:
    """What does not satisfy ``term``."""
    return term.term if isinstance(term, Not) else Not(term)


def conjunction(terms: Iterable[Node]) -> Node:
    """What satisfies all terms, without needless nesting."""
    flat = [inner for term in terms for inner in (term.terms if isinstance(term, And) else (term,))]
    return flat[0] if len(flat) == 1 else And(tuple(flat))


def disjunction(terms: Iterable[Node]) -> Node:
    """What satisfies any of the terms (at least one), without needless nesting."""
    flat = [inner for term in terms for inner in (term.terms if isinstance(term, Or) else (term,))]
    return flat[0] if len(flat) == 1 else Or(tuple(flat))


def canonical(node: Node) -> str:
    """The one text of a tree: equal trees have equal texts, and parsing it gives the tree again.

    Only Exact and Glob, which the language cannot say, are not read back.
    """
    match node:
        case Text(phrase, prefix):
            return _spelled(phrase) + "*" * prefix
        case Facet(key, value, prefix):
            return f"{_spelled_key(key)}:{_spelled(value)}{'*' * prefix}"
        case Exact(key, value):
            return f"{_spelled_key(key)}:=={_quoted(value)}"
        case Glob(key, pattern):
            return f"{_spelled_key(key)}:~{_quoted(pattern)}"
        case Compare(key, "=", spelling):
            return f"{_spelled_key(key)}:{spelling}"
        case Compare(key, operator, spelling):
            return f"{_spelled_key(key)}:{operator}{spelling}"
        case Present(key):
            return f"{_spelled_key(key)}:*"
        case Not(term):
            return f"-({canonical(term)})" if isinstance(term, And | Or) else f"-{canonical(term)}"
        case And(terms):
            return " ".join(f"({canonical(term)})" if isinstance(term, Or) else canonical(term) for term in terms)
        case Or(terms):
            return " OR ".join(canonical(term) for term in terms)


def _spelled(text: str) -> str:
    if _PLAIN.fullmatch(text) and text not in KEYWORDS and not NUMBER.fullmatch(text):
        return text
    return _quoted(text)


def _spelled_key(key: str) -> str:
    if FIELD.fullmatch(key) and key != TEXT_FIELD and key not in ALIASES:
        return key
    return _quoted(key)


def _quoted(text: str) -> str:
    return f'"{_NEEDS_ESCAPE.sub(_escape, text)}"'


def _escape(found: re.Match[str]) -> str:
    return "\\" + found[0]
