"""What of a query the index answers, and what is left to check on the row.

The index knows words and attributes; numbers are compared and presence is seen on the row. The MATCH
expression is built from our own tree only, and where it cannot be exact it lets too much through, never too
little.
"""

from collections.abc import Sequence

import msgspec

from logserver.store.query import (
    And,
    Compare,
    Exact,
    Facet,
    Glob,
    Leaf,
    Node,
    Not,
    Or,
    Present,
    Text,
    conjunction,
    number,
)
from logserver.store.tokens import searchable
from logserver.store.words import TYPES, audit_word, word

_MAX_WHOLE = 2.0**63


class Plan(msgspec.Struct, frozen=True):
    """How a query is answered: rows matching ``match`` that also satisfy ``check``."""

    query: Node
    match: str | None
    """An FTS5 expression over event_words, or None where every row is a candidate."""
    check: Node | None
    """The part to evaluate on each candidate, or None where the index is exact."""
    prefix: bool
    """Whether the expression has a prefix, whose cost no range of ids bounds."""


class _Part(msgspec.Struct, frozen=True):
    """A piece of a MATCH expression; ``excluded`` where it says what not to find."""

    text: str
    excluded: bool = False
    depth: int = 0
    prefix: bool = False


_Claim = _Part | bool
"""A piece, or True for everything and False for nothing."""


def plan(query: Node) -> Plan:
    """The plan of a query; top-level terms the index answers exactly are not checked again."""
    terms = query.terms if isinstance(query, And) else (query,)
    inexact = [term for term in terms if not _exact(term)]
    part = _part(query, widest=True)
    return Plan(
        query=query,
        match=_expression(part) if isinstance(part, _Part) else None,
        check=conjunction(inexact) if inexact else None,
        prefix=isinstance(part, _Part) and part.prefix,
    )


def facet_words(leaf: Facet | Exact | Compare) -> list[str]:
    """The words any of which makes a row equal to the leaf; none for a number no word can stand for.

    Whole numbers are words without their fraction, while text keeps the spelling: ``82.0`` may be either.
    """
    if isinstance(leaf, Facet):
        return [word(leaf.key, leaf.value)]
    if isinstance(leaf, Exact):
        return [audit_word(leaf.key, leaf.value)]
    value = number(leaf.number)
    if leaf.operator != "=" or not float(value).is_integer() or abs(value) >= _MAX_WHOLE:
        return []
    return [word(leaf.key, leaf.number), word(leaf.key, str(int(value)))]


def _exact(node: Node) -> bool:
    match node:
        case Present() | Exact() | Glob():
            return False
        case Compare():
            return bool(facet_words(node))
        case Not(term):
            return _exact(term)
        case And(terms) | Or(terms):
            return all(_exact(term) for term in terms)
        case _:
            return True


def _part(node: Node, *, widest: bool) -> _Claim:
    """The expression of a node.

    What the index cannot tell becomes everything where ``widest``, and nothing under a negation.
    """
    match node:
        case Not(term):
            return _complement(_part(term, widest=not widest))
        case And(terms):
            return _all([_part(term, widest=widest) for term in terms])
        case Or(terms):
            # Any of a, b is what is not excluded by all of not a, not b.
            return _complement(_all([_complement(_part(term, widest=widest)) for term in terms]))
        case Exact():
            # Its word is that of other cases and of longer values, too.
            return _leaf(node) if widest else False
        case _:
            return _leaf(node) if _exact(node) else widest


def _leaf(leaf: Leaf) -> _Part:
    if isinstance(leaf, Text):
        phrase = searchable(leaf.phrase).replace('"', '""')
        return _Part(f'text : "{phrase}"{" *" * leaf.prefix}', prefix=leaf.prefix)
    assert not isinstance(leaf, Present | Glob)  # noqa: S101 - the index knows no words of them
    found = [f'words : "{token}"' for token in facet_words(leaf)]
    prefix = isinstance(leaf, Facet) and leaf.prefix
    return _Part(_joined(found, "OR") + " *" * prefix, prefix=prefix)


def _complement(part: _Claim) -> _Claim:
    if not isinstance(part, _Part):
        return not part
    return _Part(part.text, not part.excluded, part.depth, part.prefix)


def _all(parts: Sequence[_Claim]) -> _Claim:
    if not all(parts):
        return False
    # Deepest first: FTS5's parser has a stack of 100, and what is open on it is then only parentheses.
    known = sorted((part for part in parts if isinstance(part, _Part)), key=lambda part: -part.depth)
    if not known:
        return True
    if len(known) == 1:
        return known[0]
    wanted = [part.text for part in known if not part.excluded]
    excluded = [part.text for part in known if part.excluded]
    text = _joined(excluded, "OR")
    if wanted:
        text = f"({_joined(wanted, 'AND')} NOT {text})" if excluded else _joined(wanted, "AND")
    return _Part(text, not wanted, known[0].depth + 1, any(part.prefix for part in known))


def _joined(texts: Sequence[str], operator: str) -> str:
    return texts[0] if len(texts) == 1 else f"({f' {operator} '.join(texts)})"


def _expression(part: _Part) -> str:
    if not part.excluded:
        return part.text
    # Every row has exactly one type, so together they are what to exclude from.
    everything = _joined([f'words : "{word("type", name)}"' for name in TYPES], "OR")
    return f"({everything} NOT {part.text})"
