"""What is wrong with the shape of a batch: looked for only once it is known that something is."""

from collections.abc import Iterator, Mapping
from types import UnionType
from typing import Annotated, Any, get_args

import msgspec

from logserver.api.bodies import decode
from logserver.contracts.luminalog.refusals import MOST_ENTRIES_NAMED, Rejected
from logserver.contracts.luminalog.wire import MAX_NAME, MOST_ENTRIES, Level, Name, Problem

_TEXT = "Expected string"
_NAME = f"Expected string of at most {MAX_NAME} characters"
_OBJECT = "Expected object"
_Shapes = Mapping[str, tuple[type | UnionType | Annotated[Any, ...], str]]

_REQUIRED = frozenset({"timestamp", "level", "message"})
_ENTRY: _Shapes = {
    "timestamp": (str, _TEXT),
    "level": (Level, f"Must be one of {', '.join(get_args(Level))}"),
    "message": (str, _TEXT),
    "environment": (Name, _NAME),
    "metadata": (dict[str, Any], _OBJECT),
    "error": (dict[str, Any], _OBJECT),
    "project_id": (Name, _NAME),
    "privacy_mode": (bool, "Expected boolean"),
    "trace_id": (Name, _NAME),
    "span_id": (Name, _NAME),
    "parent_span_id": (Name, _NAME),
}
_ERROR: _Shapes = {
    "type": (Name, _NAME),
    "message": (str, _TEXT),
    "stack_trace": (list[str] | str, "Expected array of strings, or one string"),
    "context": (dict[str, Any], _OBJECT),
    "fingerprint": (Name, _NAME),
}


def entries_of(raw: bytes) -> list[Any]:
    """The entries of a body, whatever they are; raises Malformed, and Rejected for another shape around them."""
    body = decode(raw)
    if not isinstance(body, dict):
        raise Rejected(f"the body: {_OBJECT}")
    entries = body.get("logs")
    if not isinstance(entries, list):
        raise Rejected(f"logs: {'Required' if entries is None else 'Expected array'}")
    check_count(len(entries))
    return entries


def check_count(count: int) -> None:
    """Raise Rejected for a batch of too many entries, or none."""
    if not 1 <= count <= MOST_ENTRIES:
        raise Rejected(f"logs: Must have 1 to {MOST_ENTRIES} entries, not {count}")


def problems_of(index: int, entry: Any) -> Iterator[Problem]:
    """Every field of an entry that is missing or of another type than it must be."""
    if not isinstance(entry, dict):
        yield Problem(index, "", _OBJECT)
        return
    yield from _wrong(index, entry, _ENTRY, "")
    if isinstance(error := entry.get("error"), dict):
        yield from _wrong(index, error, _ERROR, "error.")


def _wrong(index: int, sent: dict[str, Any], shapes: _Shapes, prefix: str) -> Iterator[Problem]:
    for name, (kind, words) in shapes.items():
        value = sent.get(name)
        if value is None:
            if not prefix and name in _REQUIRED:
                yield Problem(index, name, "Required")
            continue
        try:
            msgspec.convert(value, kind)
        except msgspec.ValidationError:
            yield Problem(index, prefix + name, words)


def rejected(problems: list[Problem]) -> Rejected:
    """The refusal of a batch whose entries break rules; its message names the first of them."""
    first, bad = problems[0], dict.fromkeys(problem.index for problem in problems)
    named = set(list(bad)[:MOST_ENTRIES_NAMED])
    where = f"logs[{first.index}]{'.' if first.field else ''}{first.field}"
    more = f" ({len(bad)} entries break a rule)" if len(bad) > 1 else ""
    return Rejected(f"{where}: {first.message}{more}", [problem for problem in problems if problem.index in named])
