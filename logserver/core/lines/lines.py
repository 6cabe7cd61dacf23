"""What a log line says: its message, level, time and fields.

A line is a JSON object, logfmt (``level=info msg="ready" port=80``), or plain text; whatever is neither of the
first two is plain text, and no line is an error. Names are found in any case. The level and time of a line are
what ``line_levels`` and ``line_times`` say; the fields are bounded as in ``line_fields``.
"""

import json
import re
from typing import Any

import msgspec

from logserver.core.lines.fields import bounded
from logserver.core.lines.levels import spoken_level, written_level
from logserver.core.lines.logfmt import read_logfmt
from logserver.core.lines.times import spoken_time, written_time

_LEVEL_NAMES = ("level", "lvl", "severity", "log.level", "levelname", "loglevel", "log_level", "severity_text", "@l")
_TIME_NAMES = ("time", "ts", "timestamp", "@timestamp", "date", "datetime", "@t")
_MESSAGE_NAMES = ("message", "msg", "log", "text", "event", "@m")
_SURROGATES = re.compile("[\ud800-\udfff]")
_UNSEEN = " \t\r\n\x00\ufeff"
"""Around a line, these say nothing: a byte order mark begins many a file."""


class LogLine(msgspec.Struct):
    """A line and what it says."""

    source: str
    """The full path of its file, or ``stdin``."""
    raw: str
    """The line itself, with U+FFFD for what is no UTF-8."""
    message: str
    """The first of message, msg, log, text and event that is a text and not empty; else the line itself."""
    level: str
    """trace, debug, info, warn, error or fatal; empty where the line says none."""
    time: int | None
    """Unix microseconds; None where nobody says one."""
    fields: dict[str, Any]
    """What else the line holds under names, bounded: nothing for plain text."""


def parse(source: str, line: bytes, *, time: int | None = None, fields: dict[str, Any] | None = None) -> LogLine:
    """What a line says; never raises, whatever its bytes are.

    ``time`` (Unix microseconds) counts where the line says none itself, and ``fields`` where it has none of that
    name: what Docker knew of it.
    """
    raw = line.decode("utf-8", "replace")
    text = raw.strip(_UNSEEN)
    held = _json_object(text) if text[:1] == "{" and text[-1:] == "}" else read_logfmt(text)
    if held is None:
        said = written_time(text)
        return LogLine(source, raw, raw, written_level(text), time if said is None else said, dict(fields or ()))
    names = {name.lower(): name for name in reversed(held)}
    level = _level(held, names)
    said = _time(held, names)
    message = _message(held, names)
    return LogLine(
        source,
        raw,
        raw if message is None else message,
        level,
        time if said is None else said,
        dict(fields or ()) | bounded(held),
    )


def _json_object(text: str) -> dict[str, Any] | None:
    """The object a text is; None where it is none."""
    try:
        held = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        held = _lenient_object(text)
    return held if isinstance(held, dict) else None


def _lenient_object(text: str) -> Any:
    """What programs write that is no JSON by the letter: NaN, Infinity, halves of surrogate pairs."""
    try:
        held = json.loads(text, parse_constant=lambda _: None)
        if _SURROGATES.search(json.dumps(held, ensure_ascii=False)):
            held = json.loads(_SURROGATES.sub("\ufffd", json.dumps(held, ensure_ascii=False)))
    except (ValueError, RecursionError):
        return None
    return held


def _level(held: dict[str, Any], names: dict[str, str]) -> str:
    for name in _LEVEL_NAMES:
        if name in names and (level := spoken_level(name, held[names[name]])):
            del held[names[name]]
            return level
    inner = held.get("log")
    if isinstance(inner, dict):
        return spoken_level("level", inner.get("level"))
    if "priority" in names:
        return spoken_level("severity", held[names["priority"]])
    return ""


def _time(held: dict[str, Any], names: dict[str, str]) -> int | None:
    for name in _TIME_NAMES:
        if name in names and (moment := spoken_time(held.get(names[name]))) is not None:
            del held[names[name]]
            return moment
    return None


def _message(held: dict[str, Any], names: dict[str, str]) -> str | None:
    for name in _MESSAGE_NAMES:
        value = held.get(names[name]) if name in names else None
        if isinstance(value, str) and value.strip(_UNSEEN):
            del held[names[name]]
            return value
    return None
