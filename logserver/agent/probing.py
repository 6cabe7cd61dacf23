"""Looks at files without reading all of them."""

import os
import stat

from logserver.agent.blocks import MAX_LINE

CHUNK = 262_144
"""Bytes that are read at a time."""

_MAX_CHUNKS = 64


def status_of(path: str) -> os.stat_result:
    """What a path leads to; raises OSError."""
    return os.stat(path)  # noqa: PTH116 - asked of every file in every pass: making a Path costs more than asking


def regular(path: str) -> os.stat_result | None:
    """What a path leads to, where that is a regular file."""
    try:
        status = status_of(path)
    except OSError:
        return None
    return status if stat.S_ISREG(status.st_mode) else None


def line_begin(descriptor: int, end: int) -> int | None:
    """Where the line begins that has no end before ``end``; None where it is longer than MAX_LINE."""
    floor = max(0, end - MAX_LINE)
    at = end
    while at > floor:
        start = max(floor, at - CHUNK)
        found = os.pread(descriptor, at - start, start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        at = start
    return None if floor else 0


def behind_nulls(descriptor: int, at: int) -> tuple[int, bool]:
    """From a position on, where the first byte is that is no NUL, and True; or how far there are only NULs, and False.

    Jumps over holes, and looks at a bounded number of chunks: False before the end says that there are more.
    """
    for _ in range(_MAX_CHUNKS):
        try:
            at = os.lseek(descriptor, at, os.SEEK_DATA)
        except OSError:  # nothing but a hole up to the end
            return max(at, os.fstat(descriptor).st_size), False
        data = os.pread(descriptor, CHUNK, at)
        rest = data.lstrip(b"\x00")
        if rest:
            return at + len(data) - len(rest), True
        if not data:
            break
        at += len(data)
    return at, False
