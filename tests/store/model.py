"""What a query means, said a second time and as plainly as possible: no index, no SQL, no shared code."""

import re
import unicodedata
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from logserver.store.events import Event
from logserver.store.query import And, Compare, Exact, Facet, Glob, Node, Not, Or, Present, Text
from logserver.store.words import newest_words

LEVELS = {"warning": "warn", "err": "error", "notice": "info", "crit": "fatal"}


def lower(text: str) -> str:
    return "".join(chr(ord(c) + 32) if "A" <= c <= "Z" else c for c in text)


def text_words(text: str) -> list[str]:
    plain = [c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c)]
    return "".join(c.lower() if unicodedata.category(c)[0] in "LN" else " " for c in plain).split()


def pairs(event: Event) -> list[tuple[str, Any]]:
    """Every attribute with its dotted name in lower case, leaves and objects both."""
    found: list[tuple[str, Any]] = []
    for key, value in event.context.items():
        name = f"context.{key}" if lower(key) in {"type", "level", "group"} else key
        found += inside(name, value)
    level = LEVELS.get(lower(event.level), event.level)
    own = [("type", event.type), ("level", level)]
    if event.error_group is not None:
        digits = event.error_group.hex()
        ends = (0, 8, 12, 16, 20, 32)
        own.append(("group", "-".join(digits[a:b] for a, b in pairwise(ends))))
    return own + [(lower(name).replace("\x1f", "\ufffd"), value) for name, value in found]


def inside(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, list):
        for element in value:
            yield from inside(name, element)
        return
    yield name, value
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from inside(f"{name}.{key}", inner)


def spelled(value: Any) -> str | None:
    """How a value reads as the value of a facet, if it can be one."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) or (isinstance(value, float) and value == int(value)):
        return str(int(value))
    return lower(value) if isinstance(value, str) and len(value) <= 128 else None


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def satisfies(event: Event, node: Node) -> bool:
    match node:
        case And(terms):
            return all(satisfies(event, term) for term in terms)
        case Or(terms):
            return any(satisfies(event, term) for term in terms)
        case Not(term):
            return not satisfies(event, term)
        case Text():
            return has_phrase(event, node)
        case Facet(key, value, prefix):
            wanted = lower(value)
            found = [spelled(other) for name, other in pairs(event) if name == lower(key).replace("\x1f", "\ufffd")]
            return any(one is not None and (one.startswith(wanted) if prefix else one == wanted) for one in found)
        case Exact(key, value):
            return event.type == "audit" and bool(at(event.context, key) == value)
        case Glob(key, pattern):
            held = at(event.context, key)
            return (
                isinstance(held, str) and re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), held) is not None
            )
        case Present(key):
            return any(name == key.replace("\x1f", "\ufffd") and value is not None for name, value in pairs(event))
        case Compare(key, operator, number):
            wanted_name = key.replace("\x1f", "\ufffd")
            return any(compared(value, operator, number) for name, value in pairs(event) if name == wanted_name)


def at(context: dict[str, Any], key: str) -> Any:
    outer, _, inner = key.partition(".")
    value = context.get(outer)
    return (value.get(inner) if isinstance(value, dict) else None) if inner else value


def compared(value: Any, operator: str, number: str) -> bool:
    if operator == "=" and isinstance(value, str):
        whole = float(number).is_integer() and value == str(int(float(number)))
        return lower(value) == lower(number) or whole
    if not is_number(value):
        return False
    wanted = float(number)
    answers: dict[str, bool] = {
        "=": value == wanted,
        ">": value > wanted,
        ">=": value >= wanted,
        "<": value < wanted,
        "<=": value <= wanted,
    }
    return answers[operator]


def has_phrase(event: Event, node: Text) -> bool:
    """Texts over 128 characters and the words of an exception are left to their own tests."""
    wanted = text_words(node.phrase)
    text = event.message
    if event.type == "audit":  # what its text is made of is tested with the words
        text = newest_words("audit", "info", None, event.message, event.context)[0]
    words = text_words(text)
    for at in range(len(words) - len(wanted) + 1 if wanted else 0):
        run = words[at : at + len(wanted)]
        if run[:-1] == wanted[:-1] and (run[-1].startswith(wanted[-1]) if node.prefix else run[-1] == wanted[-1]):
            return True
    return False
