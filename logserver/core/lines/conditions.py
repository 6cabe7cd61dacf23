"""What a filter of lines is made of: conditions on the line itself, or on what it says of itself (its labels)."""

from collections.abc import Callable, Iterable
from typing import Annotated, Any, Literal, Protocol

import msgspec
from msgspec import Meta

from logserver.core.redaction.patterns import Pattern, Unusable
from logserver.store.globs import fitting
from logserver.store.words import SEVERITY, severity

MAX_CONDITIONS = 20
MAX_VALUES = 50
"""Values of all conditions of a filter together."""
MAX_PATTERNS = 8
MAX_VALUE = 1_024
"""Characters of a value."""
MAX_PROGRAM = 5_000
"""Instructions of a compiled pattern: what may keep its slowest engine busy with each byte."""

UNSAID = "info"
"""The level of a line that says none, as it is shown."""

_MEMORY = 1 << 18
_DEEPEST = 8

Value = Annotated[str, Meta(max_length=MAX_VALUE)]


class Line(Protocol):
    """What is looked at of a line (core/lines/lines.py has it)."""

    @property
    def source(self) -> str:
        """The full path of its file, or ``stdin``."""
        ...

    @property
    def raw(self) -> str:
        """The line as it was read."""
        ...

    @property
    def message(self) -> str:
        """What it says."""
        ...

    @property
    def level(self) -> str:
        """Its severity; empty where it says none."""
        ...

    @property
    def fields(self) -> dict[str, Any]:
        """What else it holds."""
        ...


class Condition(msgspec.Struct, frozen=True):
    """One of the values must be there; or, with ``unless``, none of them may be."""

    on: Annotated[str, Meta(max_length=128)]
    """A label: level, source, message or a field of the line; empty for the line itself."""
    by: Literal["text", "pattern", "glob"]
    """How values are compared: the line contains, or has a match of, one; a label is one, or is matched whole."""
    values: Annotated[tuple[Value, ...], Meta(min_length=1, max_length=MAX_VALUES)]
    unless: bool = False

    def test(self) -> Callable[[Line], bool]:
        """The condition as a function of a line; raises Unusable for a pattern that cannot be used."""
        positive = self._line_test() if not self.on else self._label_test()
        return (lambda line: not positive(line)) if self.unless else positive

    def _line_test(self) -> Callable[[Line], bool]:
        if self.by == "pattern":
            found = [pattern_of(value).found for value in self.values]
            return lambda line: any(map(_call(_bytes(line.raw)), found))
        if self.by == "glob":
            fits = [fitting(value) for value in self.values]
            return lambda line: any(map(_call(line.raw), fits))
        values = self.values
        return lambda line: any(value in line.raw for value in values)

    def _label_test(self) -> Callable[[Line], bool]:
        read, is_one = reader(self.on), self._value_test()
        if self.on != "level":
            return lambda line: is_one(read(line))
        # Whatever spelling a filter asks for, it asks for the severity.
        spellings = [spelled for word in SEVERITY for spelled in (word, word.upper(), word.capitalize())]
        meant = {severity(word) for word in spellings if is_one(word)}
        if self.by == "text":
            meant.update(severity(value) for value in self.values)
        return lambda line: (level := severity(line.level or UNSAID)) in meant or is_one(level)

    def _value_test(self) -> Callable[[str], bool]:
        if self.by == "text":
            return frozenset(self.values).__contains__
        if self.by == "glob":
            fits = [fitting(value) for value in self.values]
            return lambda text: any(map(_call(text), fits))
        whole = [pattern_of(f"(?s:{value})", inner=value).whole for value in self.values]
        return lambda text: any(map(_call(_bytes(text)), whole))


def _call(argument: Any) -> Callable[[Callable[[Any], bool]], bool]:
    return lambda test: test(argument)


def reader(label: str) -> Callable[[Line], str]:
    """From a line to the value of a label; empty where the line has none.

    A field of the name comes before the line's own ``message``; a dot leads into an object.
    """
    if label == "source":
        return lambda line: line.source
    if label == "message":
        return lambda line: _field(line.fields, label) or line.message
    return lambda line: _field(line.fields, label)


def _field(fields: dict[str, Any], label: str) -> str:
    if (value := fields.get(label)) is not None:
        return _spelled(value)
    if "." not in label:
        return ""
    held: Any = fields
    for step in label.split(".", _DEEPEST):
        held = held.get(step) if isinstance(held, dict) else None
    return "" if held is None else _spelled(held)


def _spelled(value: Any) -> str:
    if isinstance(value, str):
        return value
    try:
        return msgspec.json.encode(value).decode()
    except (msgspec.MsgspecError, TypeError, ValueError, RecursionError):
        return ""


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def pattern_of(expression: str, *, inner: str | None = None) -> Pattern:
    """A pattern of a user, compiled; Unusable where it cannot be, or is too large.

    ``inner`` is what the user wrote, where the expression has something around it that could hide its faults.
    """
    if inner is not None:
        pattern_of(inner)
    try:
        pattern = Pattern(expression.encode(), memory=_MEMORY)
    except UnicodeEncodeError:
        raise Unusable("invalid UTF-8") from None
    if pattern.size > MAX_PROGRAM:
        raise Unusable("pattern too large")
    return pattern


def excess(conditions: Iterable[Condition]) -> str | None:
    """What there is too much of in a filter with these conditions, if anything."""
    listed = list(conditions)
    if len(listed) > MAX_CONDITIONS:
        return f"has more than {MAX_CONDITIONS} conditions"
    if sum(len(condition.values) for condition in listed) > MAX_VALUES:
        return f"has more than {MAX_VALUES} values"
    if sum(len(condition.values) for condition in listed if condition.by == "pattern") > MAX_PATTERNS:
        return f"has more than {MAX_PATTERNS} patterns"
    return None
