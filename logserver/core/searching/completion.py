"""What may come next in a query that is being typed: fields, and values of a field, as the newest records have them."""

import re
from collections import Counter
from typing import NamedTuple

from logserver.core.projects import Project
from logserver.core.searching.fields import Scalar, fields
from logserver.core.searching.terms import spelled, term
from logserver.core.searching.view import LEVELS
from logserver.store import search, vocabulary
from logserver.store.events import Event
from logserver.store.ids import uuid_text
from logserver.store.query import ALIASES, FIELD, Facet, canonical, folded
from logserver.store.search import Search
from logserver.store.tx import Tx
from logserver.store.words import TYPES, severity

MOST_OFFERS = 20
SAMPLED = 500
"""How many of the newest records are looked at."""

_SAMPLED_FIELDS = 60
_LONGEST = 200

# What is typed, up to the caret: a minus or a parenthesis, a field with its colon, and the beginning of a value.
_TYPED = re.compile(
    r"""
    (?: ^ | (?<=[\s(-]) )
    (?P<key> "(?:[^"\\]|\\.)*"(?=:) | (?: [^\s()":-][^\s()":]* )? )
    (?: (?P<colon>:) (?P<value> "?[^\s()"]* ) )? $
    """,
    re.VERBOSE,
)


class Offer(NamedTuple):
    """Something to go on with: ``text`` stands in place of what was typed from ``begin`` on."""

    text: str
    seen: int
    """In how many of the sampled records it is."""


class Completion(NamedTuple):
    """What may stand between two places of the query, counted in characters."""

    begin: int
    end: int
    offers: list[Offer]


def complete(tx: Tx, project: Project, text: str, at: int, since_ms: int | None = None) -> Completion:
    """What may stand at the caret ``at`` of a query."""
    at = max(0, min(at, len(text)))
    typed = _TYPED.search(text[max(0, at - _LONGEST) : at])
    within_quotes = text[:at].replace('\\"', "").count('"') % 2 == 1
    if typed is None or (within_quotes and not typed["colon"]):
        return Completion(at, at, [])
    key, value = typed["key"], typed["value"] or ""
    sampled, _ = search.older(tx, Search((project.number,), "", since_ms), limit=SAMPLED, place=None)
    if typed["colon"]:
        key = folded(key.strip('"'))
        found = _values(tx, project, ALIASES.get(key, key), sampled)
        offers = _fitting(found, value.strip('"'))
        offered = [Offer(text, n) for name, n in offers if (text := _spelled(key, name))]
        return Completion(at - len(value), at, offered)
    begin = at - len(key)
    return Completion(begin, at, [Offer(f"{name}:", n) for name, n in _fitting(_names(sampled), key) if _plain(name)])


def _spelled(key: str, value: str) -> str:
    """A value as it stands behind its field."""
    leaf = term(key, value)
    text = spelled(leaf) if leaf is not None else ""
    # The key may have quotes, and colons in them.
    return text.removeprefix(canonical(Facet(folded(key), "x")).removesuffix("x")) if ":" in text else ""


def _plain(name: str) -> bool:
    return FIELD.fullmatch(name) is not None


def _fitting(found: Counter[str], begun: str) -> list[tuple[str, int]]:
    """The most frequent that begin so, then those that have it elsewhere."""
    wanted = folded(begun)
    fitting = [(name, n) for name, n in found.most_common() if wanted in folded(name)]
    fitting.sort(key=lambda each: not folded(each[0]).startswith(wanted))
    return fitting[:MOST_OFFERS]


def _names(sampled: list[Event]) -> Counter[str]:
    names: Counter[str] = Counter()
    for event in sampled:
        names.update({name for name, _ in fields(event.context, _SAMPLED_FIELDS)})
        names["group"] += event.error_group is not None
    for name in ("type", "level", "message", "environment", "release"):
        names[name] = max(names[name], 0)
    names["type"] = names["level"] = names["message"] = len(sampled)
    return names


def _values(tx: Tx, project: Project, key: str, sampled: list[Event]) -> Counter[str]:
    values: Counter[str] = Counter()
    if key == "type":
        values.update(dict.fromkeys(TYPES, 0))
        values.update(event.type for event in sampled)
    elif key == "level":
        values.update(dict.fromkeys(LEVELS, 0))
        values.update(severity(event.level) for event in sampled)
    elif key == "group":
        values.update(uuid_text(event.error_group) for event in sampled if event.error_group is not None)
    else:
        if key in vocabulary.KINDS:
            values.update(dict.fromkeys(vocabulary.known(tx, project.number, key), 0))
        for event in sampled:
            for name, value in fields(event.context, _SAMPLED_FIELDS):
                if folded(name) == key and (shown := _shown(value)):
                    values[shown] += 1
    return values


def _shown(value: Scalar) -> str:
    """A value as it can be asked for; empty where nobody would: numbers with a fraction are compared."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int) else ""
