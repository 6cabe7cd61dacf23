"""Which lines someone wants to see live: asked for in one of two forms, sent to the agent, and evaluated there."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from logserver.core.faults import Invalid
from logserver.core.lines.conditions import MAX_VALUE, MAX_VALUES, Condition, Line, excess
from logserver.core.lines.queries import Unreadable, read
from logserver.core.redaction.patterns import Unusable

_NAMES = ("level", "source", "pattern")


class _Form(msgspec.Struct, forbid_unknown_fields=True):
    """How a filter travels between server and agent."""

    conditions: tuple[Condition, ...]


class LineFilter:
    """Conditions that a line must all meet; without any, every line is wanted."""

    def __init__(self, conditions: tuple[Condition, ...] = ()) -> None:
        self.conditions = conditions
        self._tests = _tests(conditions)

    @classmethod
    def of(cls, filter_query: str | None, filters: Any = None) -> "LineFilter":
        """A filter as a person asks for it; where both forms are given, a line must meet both.

        ``filter_query`` is LogQL (core/lines/queries.py): a selector compares labels (``level`` as severities,
        ``source``, ``message``, any field of the line) and its patterns match the whole label; line filters look
        anywhere in the raw line. ``filters`` is an object of ``level`` (a level or a list of them), ``source``
        (a glob, or a list) and ``pattern`` (RE2, anywhere in the raw line).

        Raises Invalid with every problem under ``filter_query`` or ``filters.<name>``.
        """
        problems: list[tuple[str, str]] = []
        conditions = [*_queried(filter_query, problems), *_listed(filters, problems)]
        if not problems and (too_much := excess(conditions)) is not None:
            problems.append(("filter_query" if filter_query else "filters", too_much))
        if problems:
            raise Invalid(problems)
        return cls(tuple(conditions))

    @classmethod
    def from_json(cls, value: Any) -> "LineFilter":
        """The filter of to_json(); raises Invalid (``filter``) for what is none."""
        try:
            conditions = msgspec.convert(value, _Form).conditions
        except msgspec.ValidationError as error:
            raise Invalid([("filter", str(error))]) from None
        if (too_much := excess(conditions)) is not None:
            raise Invalid([("filter", too_much)])
        try:
            return cls(conditions)
        except Unusable as error:
            raise Invalid([("filter", str(error))]) from None

    def to_json(self) -> dict[str, Any]:
        """The filter as a JSON value that from_json() reads."""
        form: dict[str, Any] = msgspec.to_builtins(_Form(self.conditions))
        return form

    def wants(self, line: Line) -> bool:
        """Whether a line meets every condition."""
        return all(test(line) for test in self._tests)


def _tests(conditions: tuple[Condition, ...]) -> list[Callable[[Line], bool]]:
    return [condition.test() for condition in conditions]


def _queried(query: Any, problems: list[tuple[str, str]]) -> list[Condition]:
    if query is None:
        return []
    if not isinstance(query, str):
        problems.append(("filter_query", "Expected string"))
        return []
    conditions = []
    try:
        for condition, at in read(query):
            try:
                condition.test()
            except Unusable as error:
                problems.append(("filter_query", f"character {at}: the pattern cannot be used: {error}"))
            conditions.append(condition)
    except Unreadable as error:
        problems.append(("filter_query", str(error)))
    return conditions


def _listed(filters: Any, problems: list[tuple[str, str]]) -> list[Condition]:
    if filters is None:
        return []
    if not isinstance(filters, Mapping):
        problems.append(("filters", "Expected object"))
        return []
    problems += [
        (f"filters.{str(name)[:64]}", f"Must be one of {', '.join(_NAMES)}") for name in filters if name not in _NAMES
    ][:MAX_VALUES]
    conditions = []
    if levels := _texts(filters, "level", problems):
        conditions.append(Condition("level", "text", levels))
    if sources := _texts(filters, "source", problems):
        conditions.append(Condition("source", "glob", sources))
    for pattern in _texts(filters, "pattern", problems, several=False):
        condition = Condition("", "pattern", (pattern,))
        try:
            condition.test()
        except Unusable as error:
            problems.append(("filters.pattern", f"cannot be used: {error}"))
        conditions.append(condition)
    return conditions


def _texts(
    filters: Mapping[str, Any], name: str, problems: list[tuple[str, str]], *, several: bool = True
) -> tuple[str, ...]:
    """A text, or a list of texts where that may be; nothing where there is none, or something is wrong."""
    value = filters.get(name)
    if value is None or value in ("", []):
        return ()
    values = value if several and isinstance(value, list) else [value]
    if not all(isinstance(each, str) for each in values):
        problems.append((f"filters.{name}", "Expected array of strings" if several else "Expected string"))
    elif len(values) > MAX_VALUES:
        problems.append((f"filters.{name}", f"Must be at most {MAX_VALUES}"))
    elif any(len(each) > MAX_VALUE for each in values):
        problems.append((f"filters.{name}", f"Must be at most {MAX_VALUE} characters each"))
    else:
        return tuple(values)
    return ()
