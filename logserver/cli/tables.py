"""Tables for people: as wide as the terminal, coloured where it is one, harmless whatever stands in them."""

import shutil
import sys
from collections.abc import Sequence
from typing import NamedTuple

import click

from logserver.cli.output import clipped, columns_of, plain

_NARROWEST = 12
"""Columns that the flexible cell keeps, however narrow the terminal is."""


class Cell(NamedTuple):
    """A text and the colour it has, if any."""

    text: str
    colour: str | None = None


def width() -> int | None:
    """The columns of the terminal; None where there is none, and nothing is cut."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def show(head: Sequence[str], rows: Sequence[Sequence[Cell]], *, flexible: int, columns: int | None) -> None:
    """Print rows under their heads in at most so many columns: the flexible cell gives way."""
    texts = [list(head), *([plain(cell.text) for cell in row] for row in rows)]
    widths = [max(map(columns_of, column)) for column in zip(*texts, strict=True)]
    if columns is not None:
        over = sum(widths) + 2 * (len(widths) - 1) - columns
        widths[flexible] = max(min(widths[flexible], _NARROWEST), widths[flexible] - max(over, 0))
    colours: list[list[str | None]] = [[None] * len(head), *([cell.colour for cell in row] for row in rows)]
    for line, coloured in zip(texts, colours, strict=True):
        cells = []
        for at, text in enumerate(line):
            shown = clipped(text, widths[at])
            padding = " " * (widths[at] - columns_of(shown)) if at < len(line) - 1 else ""
            cells.append(click.style(shown, fg=coloured[at]) + padding if coloured[at] else shown + padding)
        click.echo("  ".join(cells).rstrip())
