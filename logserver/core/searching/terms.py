"""Terms of a query made for people: "this value", "not this value", added to what they have asked already."""

from typing import Any

from logserver.store.query import Compare, Facet, Leaf, Or, canonical, negation
from logserver.store.syntax import MAX_CHARACTERS, parse
from logserver.store.words import MAX_KEY, MAX_VALUE

_FEWEST_SPELLED = 1e-300


def term(key: str, value: Any) -> Leaf | None:
    """What finds records that have ``value`` at the path ``key``; None for a value that no term finds."""
    if not 0 < len(key) <= MAX_KEY:
        return None
    if isinstance(value, bool):
        return Facet(key, "true" if value else "false")
    if isinstance(value, str):
        return Facet(key, value) if 0 < len(value) <= MAX_VALUE and _askable(value) else None
    if isinstance(value, int):
        return Facet(key, str(value)) if abs(value) < 1 << 63 else None
    if isinstance(value, float):
        return Compare(key, "=", f"{value}") if _FEWEST_SPELLED < abs(value) < 1e15 or value == 0 else None
    return None


def narrowed(text: str, leaf: Leaf, *, exclude: bool = False) -> str | None:
    """The query ``text`` with a further term that must, or must not, hold; None where it would get too long.

    The text stays as it was typed; raises QuerySyntaxError where it is no query.
    """
    spelled = canonical(negation(leaf) if exclude else leaf)
    text = text.strip()
    if not text:
        return spelled
    asked = f"({text})" if isinstance(parse(text), Or) else text
    longer = asked if f" {spelled} " in f" {asked} " else f"{asked} {spelled}"
    return longer if len(longer) <= MAX_CHARACTERS else None


def _askable(value: str) -> bool:
    return "\0" not in value and not any("\ud800" <= char <= "\udfff" for char in value)
