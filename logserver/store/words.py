"""What the full-text index holds of an event: its text, and one word per attribute.

A word is ``key U+E0FF value``, where every byte of the UTF-8 text that is no ASCII letter or digit is moved to
U+E000 plus the byte. Private-use characters are token characters of ``unicode61``, so a word is always one
token, two different attributes never share one, and nothing a client sends can forge another attribute's word.
Words are equal whatever the case of their ASCII letters, because the tokenizer folds it.

The function of each version is frozen: a contentless index deletes by the exact old words, so every row carries
the version that made its words, and a change here is a new version beside the old one.
"""

import re
from codecs import charmap_decode
from collections.abc import Iterable, Iterator
from itertools import product
from typing import Any

VERSION = 2
"""The word function that new rows are indexed by."""

TYPES = ("error", "log", "metric", "transaction", "span", "check_in", "audit")
"""Every type of event; each row has exactly one of them as a word, so together they match everything."""

RESERVED = frozenset({"type", "level", "group"})
"""Facets the record itself defines; a context key of the same name is found as ``context.<key>``."""

# The tokenizer folds ASCII case, so a context key "Level" would be the record's own facet too.
_RESERVED_SPELLINGS = frozenset(
    "".join(letters) for name in RESERVED for letters in product(*((c, c.upper()) for c in name))
)

MAX_KEY = 128
MAX_VALUE = 128
MAX_WORDS = 2_000
MAX_LONG_TEXT = 4_096
MAX_TEXT = 131_072
_MAX_INTEGER_BITS = 426  # no number of 128 digits has more; Python refuses to spell very long ones

BETWEEN_WORDS = "\x1e"
BETWEEN_PARTS = "\x1f"
_CAPITALS = re.compile("[A-Z]+")
_PRIVATE = re.compile("[\ue000-\uf8ff]")

SEVERITY = {
    "trace": "trace",
    "debug": "debug",
    "info": "info",
    "information": "info",
    "notice": "info",
    "warn": "warn",
    "warning": "warn",
    "error": "error",
    "err": "error",
    "fatal": "fatal",
    "critical": "fatal",
    "crit": "fatal",
    "panic": "fatal",
    "emergency": "fatal",
    "alert": "fatal",
}
"""Every spelling of a level that clients send, and the one it is counted and found under."""


def _moved(byte: int) -> str:
    char = chr(byte)
    if byte < 0x80 and char.isalnum():
        return char
    return chr(0xE000 + byte)


TABLE = "".join(
    " " if chr(byte) == BETWEEN_WORDS else "\ue0ff" if chr(byte) == BETWEEN_PARTS else _moved(byte)
    for byte in range(256)
)
_EXACT_TABLE = "".join(_moved(byte) for byte in range(256))


def severity(level: str) -> str:
    """The level an event is found under: the common name of a known spelling, else the sent one in lower case."""
    known = SEVERITY.get(level)
    if known is None:
        lower = _CAPITALS.sub(lambda capitals: capitals[0].lower(), level)
        known = SEVERITY.get(lower, lower)
    return known


def word(key: str, value: str) -> str:
    """The one token of an attribute; equal for values that differ only in the case of ASCII letters."""
    return f"{_moved_text(_plain_key(key))}\ue0ff{_moved_text(value)}"


def _plain_key(key: str) -> str:
    return key.replace(BETWEEN_PARTS, "\ufffd")


def _moved_text(text: str) -> str:
    return charmap_decode(text.encode(), "strict", _EXACT_TABLE)[0]


def event_words(
    event_type: str, level: str, group: str | None, message: str, context: dict[str, Any]
) -> tuple[str, str]:
    """The two indexed columns of an event, by version 1: its text and its words.

    ``group`` is the public id of its error group, if it has one. Strings of up to 128 characters, integers
    (also whole numbers sent as floats) and booleans at any depth of ``context`` are words under their dotted
    path; longer strings are part of the text.
    """
    pairs = [f"type\x1f{event_type}", f"level\x1f{severity(level)}"]
    if group is not None:
        pairs.append(f"group\x1f{group}")
    long_texts: list[str] = []
    repeated = _flatten(context, pairs, long_texts)
    if event_type == "error":
        long_texts[:0] = _exception_texts(context, message)
    if repeated:
        pairs = list(dict.fromkeys(pairs))
    text = message if not long_texts else "\n".join((message, *long_texts))[:MAX_TEXT]
    if not text.isascii():
        text = _PRIVATE.sub(" ", text)
    return text, _joined(pairs[:MAX_WORDS])


def newest_words(
    event_type: str, level: str, group: str | None, message: str, context: dict[str, Any]
) -> tuple[str, str]:
    """The two indexed columns of an event, by version 2.

    As version 1, but of an audit event every string is part of the text, whatever its length, and every field that
    is asked for by name has a word that no other event can have (audit_word).
    """
    text, facets = event_words(event_type, level, group, message, context)
    if event_type != "audit":
        return text, facets
    own = [audit_word(key, value) for key, value in identifiers(context)]
    return _PRIVATE.sub(" ", "\n".join((message, *_strings(context)))[:MAX_TEXT]), " ".join((facets, *own))


def audit_word(key: str, value: str) -> str:
    """The word of a field of an audit event; the same for values that differ beyond MAX_VALUE or in ASCII case.

    Its key begins with the separator, which keys of senders never hold (``_plain_key``).
    """
    return f"\ue01f{_moved_text(key)}\ue0ff{_moved_text(value[:MAX_VALUE])}"


FUNCTIONS = {1: event_words, 2: newest_words}
"""The word function of every version that a row may carry."""


def identifiers(context: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The fields of an audit event that name what, who and whose, by the key of their words."""
    for key in ("action", "category", "tenant_id", "actor.id", "actor.type", "target.id", "target.type"):
        outer, _, inner = key.partition(".")
        value = context.get(outer)
        if inner:
            value = value.get(inner) if type(value) is dict else None
        if type(value) is str:
            yield key, value


def _strings(context: dict[str, Any]) -> Iterator[str]:
    """Every string in what an audit event says of its parties and its doings. Never recurses."""
    waiting = [context.get(name) for name in ("changes", "metadata", "context", "target", "actor")]
    while waiting:
        value = waiting.pop()
        if type(value) is str:
            yield value
        elif type(value) is dict:
            waiting += value.values()
        elif type(value) is list:
            waiting += value


def _flatten(  # noqa: C901, PLR0912 - one flat loop is the hot path; a call per value would double its cost
    context: dict[str, Any], pairs: list[str], long_texts: list[str]
) -> bool:
    """Collect the words of a context; says whether some may be there twice. Never recurses."""
    repeated = False
    waiting: list[tuple[str, Any]] = []
    items: Iterable[tuple[str, Any]] = context.items()
    prefix = ""
    add = pairs.append
    while True:
        for key, value in items:
            kind = type(value)
            start = _starts.get(prefix + key) or start_of(prefix, key)
            if kind is str:
                if len(value) > MAX_VALUE:
                    long_texts.append(value[:MAX_LONG_TEXT])
                elif len(start) <= MAX_KEY + 1:
                    add(start + value)
            elif len(start) > MAX_KEY + 1:
                continue
            elif kind is bool:
                add(start + "true" if value else start + "false")
            elif kind is int:
                if value.bit_length() <= _MAX_INTEGER_BITS and len(digits := str(value)) <= MAX_VALUE:
                    add(start + digits)
            elif kind is float:
                if value.is_integer() and len(digits := str(int(value))) <= MAX_VALUE:
                    add(start + digits)
            elif kind is dict:
                waiting.append((start[:-1], value))
            elif kind is list:
                repeated = True
                waiting.append((start[:-1], value))
        if not waiting or len(pairs) >= MAX_WORDS:
            return repeated
        prefix, held = waiting.pop()
        if type(held) is dict:
            prefix += "."
            items = held.items()
        else:
            items = [("", element) for element in held]


_starts: dict[str, str] = {}
"""How the words of a path begin, remembered for the paths that come again and again."""

_STARTS_REMEMBERED = 5_000


def start_of(prefix: str, key: str) -> str:
    """A path and the separator behind it."""
    name = _plain_key(prefix + key)
    if not prefix and name in _RESERVED_SPELLINGS:
        name = f"context.{name}"
    start = name + BETWEEN_PARTS
    if len(_starts) < _STARTS_REMEMBERED and len(start) <= MAX_KEY + 1:
        _starts[prefix + key] = start
    return start


def _exception_texts(context: dict[str, Any], message: str) -> list[str]:
    exception = context.get("exception")
    if type(exception) is not dict:
        return []
    texts = [exception.get("class"), exception.get("message")]
    return [text for text in texts if type(text) is str and len(text) <= MAX_VALUE and text != message]


def _joined(pairs: list[str]) -> str:
    joined = BETWEEN_WORDS.join(pairs)
    if joined.count(BETWEEN_PARTS) == len(pairs) and joined.count(BETWEEN_WORDS) == len(pairs) - 1:
        return charmap_decode(joined.encode(), "strict", TABLE)[0]
    # A client sent one of the two separators itself: spell word by word, where they are ordinary characters.
    return " ".join(word(*pair.split(BETWEEN_PARTS, 1)) for pair in pairs)
