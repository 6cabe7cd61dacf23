"""Terms of a query made for people: "this value", "not this value", added to what they have asked already."""

import re
from typing import Any

from logserver.store.errors import QuerySyntaxError
from logserver.store.query import Compare, Facet, Leaf, Not, Or, canonical, folded
from logserver.store.syntax import MAX_CHARACTERS, parse
from logserver.store.words import MAX_KEY, MAX_VALUE

_FEWEST_SPELLED = 1e-300
_PLAIN = re.compile("[A-Za-z0-9_./@-]+")


def term(key: str, value: Any) -> Leaf | None:
    """What finds records that have ``value`` at the path ``key``; None for a value that no term finds."""
    if not 0 < len(key) <= MAX_KEY:
        return None
    key = folded(key)
    if isinstance(value, bool):
        return Facet(key, "true" if value else "false")
    if isinstance(value, str):
        return Facet(key, value) if 0 < len(value) <= MAX_VALUE and _askable(value) else None
    if isinstance(value, int):
        return Facet(key, str(value)) if abs(value) < 1 << 63 else None
    if isinstance(value, float):
        return Compare(key, "=", f"{value}") if _FEWEST_SPELLED < abs(value) < 1e15 or value == 0 else None
    return None


def spelled(term: Leaf | Not) -> str:
    """The text of a term, without quotes where none are needed."""
    leaf = term.term if isinstance(term, Not) else term
    if isinstance(leaf, Facet) and not leaf.prefix and _PLAIN.fullmatch(leaf.value):
        text = f"{'-' * isinstance(term, Not)}{leaf.key}:{leaf.value}"
        try:
            if parse(text) == term:
                return text
        except QuerySyntaxError:
            pass
    return canonical(term)


def narrowed(text: str, leaf: Leaf, *, exclude: bool = False) -> str | None:
    """The query ``text`` with a further term that must, or must not, hold; None where it would get too long.

    The text stays as it was typed; raises QuerySyntaxError where it is no query.
    """
    further = spelled(Not(leaf) if exclude else leaf)
    text = text.strip()
    if not text:
        return further
    asked = f"({text})" if isinstance(parse(text), Or) else text
    longer = asked if f" {further} " in f" {asked} " else f"{asked} {further}"
    return longer if len(longer) <= MAX_CHARACTERS else None


def _askable(value: str) -> bool:
    return "\0" not in value and not any("\ud800" <= char <= "\udfff" for char in value)
