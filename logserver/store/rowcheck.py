"""Decides on the row what the index cannot: numbers and presence, and whatever is mixed with them."""

import operator
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from logserver.store import events
from logserver.store.globs import fitting
from logserver.store.plan import facet_words
from logserver.store.query import And, Compare, Exact, Facet, Glob, Node, Not, Or, Present, Text, folded, number
from logserver.store.tokens import Tokenizer, searchable
from logserver.store.words import RESERVED, word

_decode = msgspec.json.Decoder(dict[str, Any]).decode
_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}


class Look:
    """A row under examination; what is read from it is read once."""

    __slots__ = ("_context", "_facets", "_indexed", "_text", "_tokenizer", "row")

    def __init__(self, row: events.Row, tokenizer: Tokenizer) -> None:
        self.row = row
        self._tokenizer = tokenizer
        self._context: dict[str, Any] | None = None
        self._indexed: tuple[int, str, str] | None = None
        self._facets = ""
        self._text = ""

    def context(self) -> dict[str, Any]:
        """The attributes as sent."""
        if self._context is None:
            self._context = _decode(self.row[5])
        return self._context

    def facets(self) -> str:
        """The facet words of the row, folded, each with a space on both sides."""
        if not self._facets:
            # Letters are the only characters of a facet word that have a case.
            self._facets = f" {self._entry()[2].lower()} "
        return self._facets

    def text(self) -> str:
        """The words of the row's text, folded, each with a space on both sides."""
        if not self._text:
            self._text = f" {' '.join(self._tokenizer.words(self._entry()[1]))} "
        return self._text

    def _entry(self) -> tuple[int, str, str]:
        if self._indexed is None:
            self._indexed = events.words_of(self.row)
        return self._indexed


Check = Callable[[Look], bool]


def check(node: Node, tokenizer: Tokenizer) -> Check:
    """A function that says whether a row satisfies the node, as the index would where it could."""
    match node:
        case Text():
            return _text_check(node, tokenizer)
        case Facet():
            return _facet_check(node)
        case Compare():
            return _compare_check(node)
        case Exact(key, value):
            return lambda look: look.row[2] == "audit" and _at(look.context(), key) == value
        case Glob(key, pattern):
            fits = fitting(pattern)
            return lambda look: type(found := _at(look.context(), key)) is str and fits(found)
        case Present(key):
            return lambda look: any(value is not None for value in values(look, key))
        case Not(term):
            denied = check(term, tokenizer)
            return lambda look: not denied(look)
        case And(terms):
            every = [check(term, tokenizer) for term in terms]
            return lambda look: all(one(look) for one in every)
        case Or(terms):
            some = [check(term, tokenizer) for term in terms]
            return lambda look: any(one(look) for one in some)


def _text_check(node: Text, tokenizer: Tokenizer) -> Check:
    found = tokenizer.words(searchable(node.phrase))
    if not found:
        return lambda _: False
    phrase = " " + " ".join(found) + ("" if node.prefix else " ")
    return lambda look: phrase in look.text()


def _facet_check(node: Facet) -> Check:
    wanted = f" {word(node.key, node.value).lower()}{'' if node.prefix else ' '}"
    return lambda look: wanted in look.facets()


def _compare_check(node: Compare) -> Check:
    known = [f" {one.lower()} " for one in facet_words(node)]
    if known:
        return lambda look: any(one in look.facets() for one in known)
    key, compared, wanted = node.key, _OPERATORS[node.operator], number(node.number)
    spelled = folded(node.number) if node.operator == "=" else None

    def satisfied(value: Any) -> bool:
        kind = type(value)
        if kind is str:
            return spelled is not None and folded(value) == spelled
        return (kind is int or kind is float) and compared(value, wanted)

    return lambda look: any(satisfied(value) for value in values(look, key))


def _at(context: dict[str, Any], key: str) -> Any:
    """What stands at exactly this dotted path; None where nothing does."""
    value: Any = context
    for name in key.split("."):
        value = value.get(name) if type(value) is dict else None
    return value


def values(look: Look, key: str) -> Iterator[Any]:
    """What a row has under a dotted path, as the words name it; of a list, every element."""
    key = _name(key)
    if key in RESERVED:
        yield look.row[2] if key == "type" else look.row[3] if key == "level" else look.row[11]
        return
    waiting: list[tuple[Any, str | None]] = []
    if key.partition(".")[0] not in RESERVED:
        waiting.append((look.context(), key))
    hidden = key.removeprefix("context.")
    if hidden != key and hidden.partition(".")[0] in RESERVED:
        # The record's own facets come first; the sender's of the same name are under "context.".
        own = {name: value for name, value in look.context().items() if folded(name) in RESERVED}
        waiting.append((own, hidden))
    while waiting:
        value, rest = waiting.pop()
        if type(value) is list:
            waiting.extend((element, rest) for element in value)
        elif rest is None:
            yield value
        elif type(value) is dict:
            for sent, inner in value.items():
                # Folding keeps the length, so most keys are told apart without it.
                size = len(sent)
                if size == len(rest):
                    if _name(sent) == rest:
                        waiting.append((inner, None))
                elif size < len(rest) and rest[size] == "." and _name(sent) == rest[:size]:
                    waiting.append((inner, rest[size + 1 :]))


def _name(key: str) -> str:
    """A key as the words spell it, folded."""
    return folded(key).replace("\x1f", "\ufffd")
