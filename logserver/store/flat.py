"""The words of events whose context is one flat object, as most are, by a template for each set of keys.

A shorter way to the same words as words.newest_words() makes: where it is not certain to be, it is not taken.
"""

from codecs import charmap_decode
from itertools import compress
from typing import Any, NamedTuple

from logserver.store.words import (
    BETWEEN_PARTS,
    BETWEEN_WORDS,
    MAX_KEY,
    MAX_VALUE,
    TABLE,
    newest_words,
    severity,
    start_of,
)

REMEMBERED = 1_000
"""Templates that are kept; who sends other keys each time makes room for them with everybody's."""

_MOST_KEYS = 200
_LONGEST_KEYS = 2_048
"""Characters that the keys of a template may have together."""

_CERTAINLY_SHORT = 10**30
_SPELLED = {True: "true", False: "false"}
_SIMPLE = (str, int, bool, float, type(None))


class _Template(NamedTuple):
    """How the pairs of one type, level and set of keys are joined."""

    text: str
    """The pairs, with a place for each value that is spelled."""
    spelled: list[bool]
    """Which values those are."""
    floats: list[int]
    """Where numbers with a fraction stand, which have no words; whole ones have."""
    booleans: list[int]
    length: int
    """Of the text without values."""
    pairs: int


templates: dict[Any, _Template | None] = {}
"""By type, level, keys and types of values; None where the words are made one by one."""


def words_of(event_type: str, level: str, group: str | None, message: str, context: dict[str, Any]) -> tuple[str, str]:
    """What words.newest_words() makes of an event."""
    if group is None and event_type != "audit" and message.isascii():
        facets = _facets(event_type, level, context)
        if facets is not None:
            return message, facets
    return newest_words(event_type, level, group, message, context)


def _facets(event_type: str, level: str, context: dict[str, Any]) -> str | None:
    """The words of an event's attributes; None where they must be made one by one."""
    values: Any = tuple(context.values())
    key = (event_type, level, tuple(context), tuple(map(type, values)))
    try:
        template = templates[key]
    except KeyError:
        if len(context) > _MOST_KEYS or sum(map(len, context)) + len(level) > _LONGEST_KEYS:
            return None
        if len(templates) >= REMEMBERED:
            templates.clear()
        template = templates[key] = _template(event_type, level, context)
    if template is None:
        return None
    text, spelled, floats, booleans, length, pairs = template
    for place in floats:
        if values[place].is_integer():
            return None
    if booleans:
        values = list(values)
        for place in booleans:
            values[place] = _SPELLED[values[place]]
    values = tuple(compress(values, spelled))
    try:
        joined = text % values
    except ValueError:  # Python does not spell integers of thousands of digits
        return None
    if len(joined) - length > MAX_VALUE and not all(map(_is_short, values)):
        return None
    if joined.count(BETWEEN_PARTS) != pairs or joined.count(BETWEEN_WORDS) != pairs - 1:
        return None
    return charmap_decode(joined.encode(), "strict", TABLE)[0]


def _is_short(value: str | int) -> bool:
    if isinstance(value, str):
        return len(value) <= MAX_VALUE
    return -_CERTAINLY_SHORT < value < _CERTAINLY_SHORT


def _template(event_type: str, level: str, context: dict[str, Any]) -> _Template | None:
    pairs = [f"type{BETWEEN_PARTS}{event_type}", f"level{BETWEEN_PARTS}{severity(level)}"]
    parts = [pair.replace("%", "%%") for pair in pairs]
    spelled: list[bool] = []
    floats: list[int] = []
    booleans: list[int] = []
    for place, (name, value) in enumerate(context.items()):
        start = start_of("", name)
        kind, found = type(value), len(start) <= MAX_KEY + 1
        if kind not in _SIMPLE or (kind is str and not found):
            return None
        if kind is float and found:
            floats.append(place)
        elif kind is bool:
            booleans.append(place)
        spelled.append(found and kind in {str, int, bool})
        if spelled[-1]:
            parts.append(start.replace("%", "%%") + "%s")
    text = BETWEEN_WORDS.join(parts)
    length = len(text % (("",) * sum(spelled)))
    return _Template(text, spelled, floats, booleans, length, len(parts))
