"""What occurrences of one error have in common: its message without numbers and ids, and where it was raised.

The groups of stored errors depend on it, so a change here is another grouping rule (core/groups.py).
"""

import re
from collections.abc import Iterable

LONGEST = 1_024
"""Characters of a message that are looked at."""

LONGEST_FRAME = 512
MASK = "#"

_LONG_HEX = 8
_LONG = 16

# Nothing in it can match in two ways, so it is as fast as the text is long. Digits are those of ASCII.
_PART = re.compile(
    r"[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}(?![0-9A-Za-z])"  # a UUID
    r"|(?<![0-9A-Za-z:])[0-9A-Fa-f]{1,4}(?::{1,2}[0-9A-Fa-f]{1,4}){3,15}(?![0-9A-Za-z])"  # an address of hardware, IPv6
    r"|(?<![0-9A-Za-z])[-+]?[0-9]{1,40}(?:[.,:][0-9]{1,40}){0,16}(?:[eE][-+]?[0-9]{1,5})?(?![0-9A-Za-z])"  # a number
    r"|(?<![0-9A-Za-z])[-+](?=[0-9])"  # a sign
    r"|[0-9A-Za-z]+"
)
_DIGITS = re.compile("[0-9]+")
_HEX = re.compile("[0-9A-Fa-f]+")


def mask(text: str) -> str:
    """The beginning of a text with every number and id as ``#``; masking it again changes nothing.

    An id is a UUID, a hexadecimal number of 8 digits or more, or a word in which digits and letters change places
    (``8fJx2k``). Of other words only the digits go: ``ORD-12345`` is ``ORD-#``, and ``S3`` is not ``EC2``.
    """
    return _PART.sub(_masked, text[:LONGEST])


def _masked(part: re.Match[str]) -> str:
    text = part[0]
    if text in {"-", "+"}:
        return ""
    runs = _DIGITS.findall(text)
    if not runs:
        return text
    if len(runs) > 1 or len(text) >= _LONG or text.startswith(("-", "+", "0x", "0X")):
        return MASK
    if len(text) >= _LONG_HEX and _HEX.fullmatch(text):
        return MASK
    return _DIGITS.sub(MASK, text)


def top_frame(frames: Iterable[str], *, heading: str = "") -> str:
    """The frame in which an error was raised; empty where there is none.

    That is the first of a stack, and the last of one of Python's, which tell it the other way round. Lines above the
    frames (``heading``, such as the type of the error, the beginning of such a line) are none.
    """
    first = last_of_python = ""
    for frame in frames:
        line = frame.strip().partition("\n")[0].rstrip()[:LONGEST_FRAME]
        if line.startswith("at "):
            return line
        if line.startswith('File "'):
            last_of_python = line
        elif not first and line and not _is_heading(line, heading):
            first = line
    return last_of_python or first


def _is_heading(line: str, heading: str) -> bool:
    if line.startswith(("Traceback ", "goroutine ")):
        return True
    return bool(heading) and line.startswith(heading) and line[len(heading) : len(heading) + 1] in {"", ":"}
