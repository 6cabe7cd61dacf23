"""Text for people: what was sent by strangers is made harmless, and columns line up on a terminal."""

import re
import unicodedata
from collections.abc import Iterable, Sequence

import click
import msgspec

# Control characters could move the cursor or colour the screen; the others turn the direction of a line.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_OBEYED = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
_WIDE = frozenset("WF")


def plain(text: str) -> str:
    """The text on one line, without anything that a terminal would obey."""
    if text.isprintable() and text.isascii():
        return text
    return _UNSAFE.sub(lambda found: " " if found[0] in "\t\n\r" else "\ufffd", text)


def _columns(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in _WIDE else 1


def columns_of(text: str) -> int:
    """How many columns of a terminal a plain text takes."""
    return len(text) if text.isascii() else sum(map(_columns, text))


def clipped(text: str, columns: int) -> str:
    """The text in at most so many columns (at least 1), with an ellipsis where something was left out."""
    if columns_of(text) <= columns:
        return text
    taken = 0
    for at, char in enumerate(text):
        taken += _columns(char)
        if taken > columns - 1:
            return text[:at] + "…"
    return text


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print rows under their heads, each column as wide as its widest cell."""
    lines = [head, *([plain(cell) for cell in row] for row in rows)]
    widths = [max(map(columns_of, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        padded = (cell + " " * (width - columns_of(cell)) for cell, width in zip(line, widths, strict=True))
        click.echo("  ".join(padded).rstrip())


def json_text(value: object) -> None:
    """Print a value as indented JSON."""
    click.echo(_escaped(msgspec.json.format(msgspec.json.encode(value), indent=2)))


def json_line(value: object) -> None:
    """Print a value as JSON on one line, at once."""
    click.echo(_escaped(msgspec.json.encode(value)))


def _escaped(encoded: bytes) -> str:
    """JSON in which nothing that a terminal would obey stands as it is: all of it is within strings."""
    text = encoded.decode()
    if text.isascii() and "\x7f" not in text:
        return text
    return _OBEYED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def note(message: str) -> None:
    """Say something to the person, on standard error, so that standard output is only the answer."""
    click.echo(message, err=True)


def size_text(size: int) -> str:
    """A number of bytes in the decimal unit people read."""
    value = float(size)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1_000:
            return f"{value:.3g} {unit}" if unit == "B" or value < 100 else f"{value:.0f} {unit}"
        value /= 1_000
    return f"{value:.3g} TB" if value < 1_000 else f"{value:,.0f} TB"
