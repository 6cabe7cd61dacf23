"""What reading yields: lines in blocks, with where each of them began."""

from typing import NamedTuple

MAX_LINE = 1_048_576
"""Bytes of a line that are delivered; the rest of a longer one is skipped and counted."""


class Wrap(NamedTuple):
    """What Docker's json-file knows of a line beside its text."""

    time_us: int | None
    """Unix microseconds; None where the line was not wrapped or its time is none."""
    stream: str
    """``stdout`` or ``stderr``; empty where the line was not wrapped."""


class Block(NamedTuple):
    """Lines of one file, in their order."""

    source: str
    """The full path the file was first found under, or ``stdin``; U+FFFD for what is no UTF-8."""
    file: str
    """Which file it is: stays the same over renames and restarts, and is another after a truncation."""
    lines: list[bytes]
    """Without their ends (LF or CR LF), Docker's wrapping taken off."""
    offsets: list[int]
    """Where in the file (on standard input: in all that was read) each line began."""
    wraps: list[Wrap] | None = None
    """For each line, where any of them came in Docker's json-file format; else None."""
