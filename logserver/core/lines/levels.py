"""The level a line says it has.

By name (JSON, logfmt): any known spelling, the numbers of pino and bunyan (10 trace, 20 debug, 30 info, 40 warn,
50 error, 60 fatal) and those of syslog (0 to 7), as numbers or digits. What is none of these is no level.

In plain text, within the first 128 characters and before the first quotation mark (behind it stands what somebody
else said), the first of:

- syslog's priority at the beginning: ``<11>``
- klog's head: ``E0102 15:04:05``
- a level in square brackets, alone or behind a module: ``[error]``, ``[core:error]``
- a level between tabs
- a level in capitals that stands for itself: ``ERROR``, ``WARN:``, ``app.ERROR:``
- a level and a colon, at the beginning or behind nothing but a time: ``warn: ...``
"""

import re
from typing import Any

from logserver.store.words import SEVERITY, severity

LEVELS = ("trace", "debug", "info", "warn", "error", "fatal")
"""Every level a line can have, from the least to the gravest."""

_SYSLOG = ("fatal", "fatal", "fatal", "error", "warn", "info", "info", "debug")
_KLOG = {"I": "info", "W": "warn", "E": "error", "F": "fatal"}
_ABBREVIATIONS = {
    "verbose": "trace",
    "vrb": "trace",
    "finest": "trace",
    "trc": "trace",
    "finer": "debug",
    "fine": "debug",
    "dbg": "debug",
    "inf": "info",
    "success": "info",
    "wrn": "warn",
    "severe": "error",
    "ftl": "fatal",
    "dpanic": "fatal",
    "emerg": "fatal",
}
_KNOWN = SEVERITY | _ABBREVIATIONS
_MAX_SPELLING = 16
_HEAD = 128
_MAX_COLOURS = 256

_WORDS = "|".join(sorted(_KNOWN, key=lambda word: (-len(word), word)))
_CAPITALS = "|".join(
    word.upper()
    for word in sorted(_KNOWN, key=lambda word: (-len(word), word))
    if word not in {"fine", "finer", "finest", "success", "information"}
)
_COLOUR = re.compile(r"\x1b\[[0-9;]{0,16}m")
_PRIORITY = re.compile(r"<(\d{1,3})>", re.ASCII)
_KLOG_HEAD = re.compile(r"([IWEF])\d{4} \d\d:\d\d:\d\d", re.ASCII)
_WRITTEN = re.compile(
    rf"\[[ ]?(?:[a-z0-9_.-]{{1,32}}:)?(?P<bracketed>(?i:{_WORDS}))[ ]?\]"
    rf"|\t(?P<tabbed>(?i:{_WORDS}))\t"
    rf"|(?<![^\s\[(|<.:,=-])(?P<alone>{_CAPITALS})(?=[\s\])|>:,;-]|\Z)"
    rf"|^[\d\sTZ:.,+\-/\[\]]{{0,64}}(?P<told>(?i:{_WORDS})):",
    re.ASCII,
)


def spoken_level(name: str, value: Any) -> str:
    """The level that the value of a field means; empty where it means none."""
    if isinstance(value, str):
        word = value.strip()
        if len(word) > _MAX_SPELLING:
            return ""
        if not (word.isascii() and word.isdigit()):
            return _level(word)
        value = int(word)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return ""
    if 0 <= value < len(_SYSLOG):
        return _SYSLOG[value]
    if name == "severity" or not 10 <= value < 70:
        return ""
    return LEVELS[value // 10 - 1]


def written_level(text: str) -> str:
    """The level that a line of plain text says; empty where it says none."""
    head = text[:_MAX_COLOURS]
    if "\x1b" in head:
        head = _COLOUR.sub("", head)
    head = head[:_HEAD].partition('"')[0]
    if (priority := _PRIORITY.match(head)) and int(priority[1]) <= 191:
        return _SYSLOG[int(priority[1]) % 8]
    if klog := _KLOG_HEAD.match(head):
        return _KLOG[klog[1]]
    found = _WRITTEN.search(head)
    return _level(found[found.lastgroup or 0]) if found else ""


def _level(word: str) -> str:
    level = severity(word)
    if level not in LEVELS:
        level = _ABBREVIATIONS.get(level, "")
    return level
