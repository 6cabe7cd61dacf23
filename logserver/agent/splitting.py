"""Bytes into lines.

A line ends with LF or CR LF. A run of HOLE or more NUL bytes is a hole, which a crash or a truncation under a
writer leaves behind: it separates like an end of line, and is no line itself. Every other byte passes through.
"""

import re
from itertools import accumulate

HOLE = 16
"""Fewer NUL bytes in a row are part of a line."""

_HOLES = re.compile(rb"\x00{%d,}" % HOLE)


def split(data: bytes, start: int) -> tuple[list[bytes], list[int]]:
    """The lines of some bytes that lie at ``start`` and end with an end of line, and where each begins."""
    lines = data.split(b"\n")
    lines.pop()
    offsets = list(accumulate(map((1).__add__, map(len, lines)), initial=start))
    offsets.pop()
    if b"\r\n" in data:
        lines = [line[:-1] if line.endswith(b"\r") else line for line in lines]
    if b"\x00" in data and _HOLES.search(data):
        return _without_holes(lines, offsets)
    return lines, offsets


def _without_holes(lines: list[bytes], offsets: list[int]) -> tuple[list[bytes], list[int]]:
    kept: list[bytes] = []
    places: list[int] = []
    for line, offset in zip(lines, offsets, strict=True):
        at = 0
        for hole in _HOLES.finditer(line):
            if hole.start() > at:
                kept.append(line[at : hole.start()])
                places.append(offset + at)
            at = hole.end()
        if at < len(line) or not at:
            kept.append(line[at:])
            places.append(offset + at)
    return kept, places


def hole_in(data: bytes) -> tuple[int, int] | None:
    """Where the first hole in some bytes begins and ends."""
    found = _HOLES.search(data)
    return found.span() if found else None
