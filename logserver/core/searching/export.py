"""What a search finds, as files: JSON lines and CSV, one page after the other, so that no reader is held for long."""

import csv
import io
from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple

import msgspec

from logserver.core.records import record
from logserver.core.searching.fields import value_at
from logserver.store import search
from logserver.store.cursor import Place
from logserver.store.events import Event
from logserver.store.ids import Spelling
from logserver.store.search import Search
from logserver.store.tx import Tx

Format = Literal["jsonl", "csv"]

PAGE_EVENTS = 500
PAGE_CHECKED_ROWS = 5_000
OWN_COLUMNS = ("id", "occurred_at", "received_at", "type", "level", "message", "environment", "group")
"""What stands in every row of CSV before the columns that were asked for, and the context as JSON."""

INCOMPLETE = "incomplete"
"""Stands in the last line of a file that has not all that was asked for, with the reason."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a spreadsheet takes a formula by, in both widths."""

_encode = msgspec.json.Encoder().encode


class Part(NamedTuple):
    """A part of a file."""

    data: bytes
    events: int
    place: Place | None
    """Where to go on; None at the end."""


class Kind(NamedTuple):
    """How a file is written."""

    head: bytes
    lines: Callable[[list[Event]], bytes]
    last: Callable[[str], bytes]
    """The line that says why something is missing."""


def kind(form: Format, slug: str, spelling: Spelling, columns: Sequence[str] = ()) -> Kind:
    """How a project's records are written in a format; ``columns`` are further columns of CSV."""
    if form == "jsonl":
        return Kind(
            b"",
            lambda found: b"".join([_encode(record(event, slug, spelling)) + b"\n" for event in found]),
            lambda reason: _encode({INCOMPLETE: reason}) + b"\n",
        )
    return Kind(
        _rows([(*OWN_COLUMNS, *map(harmless, columns), "context")]),
        lambda found: _rows([_cells(event, slug, spelling, columns) for event in found]),
        lambda reason: _rows([(INCOMPLETE, reason)]),
    )


def part(tx: Tx, wanted: Search, written: Kind, place: Place | None) -> Part:
    """The part of a file that begins at a place, newest first.

    At the caller's deadline it is what was found so far; a part without events whose place is that of its beginning
    says that the search cannot go on.
    """
    found, onward = search.older(tx, wanted, limit=PAGE_EVENTS, place=place, checked_rows=PAGE_CHECKED_ROWS)
    return Part(written.lines(found), len(found), onward)


def _cells(event: Event, slug: str, spelling: Spelling, columns: Sequence[str]) -> list[Any]:
    whole = record(event, slug, spelling)
    own = [whole.get(name) for name in OWN_COLUMNS]
    more = [_plain(value_at(event.context, name)) for name in columns]
    return [harmless(value) for value in (*own, *more, _encode(event.context).decode())]


def _plain(value: Any) -> Any:
    return _encode(value).decode() if isinstance(value, dict | list | bool) else value


def _rows(rows: Sequence[Sequence[Any]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def harmless(value: Any) -> Any:
    """A cell that no spreadsheet takes for a formula: a text that would be one has an apostrophe before it."""
    return f"'{value}" if isinstance(value, str) and value.lstrip(" ").startswith(_FORMULA) else value
