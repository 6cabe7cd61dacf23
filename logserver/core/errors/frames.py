"""Lines of stack traces as frames, in the spellings of Python, JavaScript, Java, .NET, Ruby, PHP and Go.

No expression here can match in two ways at length, so a hostile line costs what an honest one does.
"""

import re
from collections.abc import Callable
from typing import Any

import msgspec

LONGEST_LINE = 1_000
"""Characters of a line that are looked at."""


class Frame(msgspec.Struct, frozen=True):
    """One call of a stack, as far as it is known."""

    file: str = ""
    line: int | None = None
    column: int | None = None
    function: str = ""
    code: str = ""
    """The line of source that was running."""
    told: bool | None = None
    """Whether it is the sender's own code, where the sender says so."""


_PYTHON = re.compile(r'File "([^"]*)"(?:, line ([0-9]{1,9}))?(?:, in (.*))?')
_PLACE = re.compile(r"(.+?):([0-9]{1,9})(?::([0-9]{1,9}))?")
_DOTNET_LINE = re.compile(r"(.*):line ([0-9]{1,9})")
_RUBY = re.compile(r"([^\s:<][^:]*|<[^>]*>|[A-Za-z]:[^:]*):([0-9]{1,9}):in [`'](.*)'")
_PHP = re.compile(r"#[0-9]{1,6} ([^(]*)\(([0-9]{1,9})\): (.*)")
_GO_PLACE = re.compile(r"(\S+\.go):([0-9]{1,9})(?: \+0x[0-9a-f]+)?")
_NOWHERE = ("Native Method", "Unknown Source")
_NUMBERED = re.compile(r"#?[0-9]{1,4}[:.)]?\s+")


def read_line(text: str) -> Frame | None:
    """The frame that a line of a stack tells of; None where it is none of the spellings known."""
    line = text.strip()[:LONGEST_LINE]
    return next((frame for read in _READERS if (frame := read(line)) is not None), None)


def _python(line: str) -> Frame | None:
    found = _PYTHON.match(line)
    return Frame(found[1], _number(found[2]), function=found[3] or "") if found else None


def _at(line: str) -> Frame | None:
    """``at …`` of JavaScript, Java and .NET."""
    if not line.startswith("at "):
        return None
    called = line[3:].strip()
    dotnet, inside, place = called.rpartition(" in ")
    if inside and dotnet.endswith(")"):
        found = _DOTNET_LINE.fullmatch(place)
        return Frame(found[1] if found else place, _number(found[2]) if found else None, function=dotnet)
    if called.endswith(")"):
        function, _, place = called[:-1].rpartition("(")
        if function.endswith(" "):
            return _placed(place, function.strip())
        is_place = ":" in place or place.endswith((".java", ".kt")) or place in _NOWHERE
        return _placed(place, function) if is_place else Frame(function=called)  # else arguments, in .NET
    place = called.removeprefix("async ")
    return _placed(place, "") if " " not in place or _PLACE.fullmatch(place) else None


def _placed(place: str, function: str) -> Frame:
    found = _PLACE.fullmatch(place)
    if found is None:
        return Frame(place, function=function)
    return Frame(found[1], _number(found[2]), _number(found[3]), function)


def _firefox(line: str) -> Frame | None:
    function, sign, place = line.rpartition("@")
    found = _PLACE.fullmatch(place) if sign and " " not in place else None
    return Frame(found[1], _number(found[2]), _number(found[3]), function) if found and found[3] else None


def _ruby(line: str) -> Frame | None:
    found = _RUBY.fullmatch(line.removeprefix("from "))
    return Frame(found[1], _number(found[2]), function=found[3]) if found else None


def _php(line: str) -> Frame | None:
    found = _PHP.fullmatch(line)
    return Frame(found[1], _number(found[2]), function=found[3]) if found else None


def _go(line: str) -> Frame | None:
    found = _GO_PLACE.fullmatch(line)
    return Frame(found[1], _number(found[2])) if found else None


_READERS: tuple[Callable[[str], Frame | None], ...] = (_python, _at, _ruby, _php, _go, _firefox)


def plain_frame(text: str) -> Frame:
    """A line of something that is known to be a stack, whatever its spelling."""
    line = text.strip()[:LONGEST_LINE]
    if (known := read_line(line)) is not None:
        return known
    rest = _NUMBERED.sub("", line, count=1)
    if " " not in rest and (found := _PLACE.fullmatch(rest)):
        return Frame(found[1], _number(found[2]), _number(found[3]))
    return Frame(function=rest)


def of_object(said: dict[str, Any]) -> Frame:
    """A frame as clients send it in JSON: the names differ, the meanings do not."""
    place = _text(said, "filename", "file", "abs_path", "template", "source", "path", "fileName")
    owner, function = _text(said, "class", "module", "className"), _text(said, "name", "function", "method", "id")
    line = next(
        (said[name] for name in ("lineno", "line_number", "lineNumber", "line") if _is_line(said.get(name))), None
    )
    code = said.get("line") if isinstance(said.get("line"), str) and not _is_line(said.get("line")) else None
    told = said.get("in_app", said.get("inApp"))
    return Frame(
        place,
        _number(line),
        _number(next((said[name] for name in ("colno", "column", "col") if _is_line(said.get(name))), None)),
        f"{owner}.{function}" if owner and function and not place.endswith(".py") else function or owner,
        (code or _text(said, "code", "context_line", "codePrintPlain"))[:LONGEST_LINE],
        told if isinstance(told, bool) else None,
    )


def _text(said: dict[str, Any], *names: str) -> str:
    return next((value[:LONGEST_LINE] for name in names if isinstance(value := said.get(name), str) and value), "")


def _is_line(value: Any) -> bool:
    return (type(value) is int and 0 < value < 10**9) or (
        isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10
    )


def _number(digits: Any) -> int | None:
    return int(digits) if digits is not None else None
