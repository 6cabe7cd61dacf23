"""What the fields of a redaction rule may hold."""

from collections.abc import Sequence
from typing import Any

from logserver.core.faults import Invalid
from logserver.core.redaction import patterns
from logserver.core.redaction.behaviors import BEHAVIORS

MAX_NAME = 100
MAX_PATTERN = 1_000
MAX_FIELDS = 50
MAX_FIELD = 256

Problem = tuple[str, str]


def check(kind: str | None, refused: Sequence[Problem] = (), **values: Any) -> None:
    """Raise Invalid with every value of a rule of a type that breaks its rule, behind those ``refused`` before.

    What is None is not looked at. Where the type is not known (None), a value need only suit one of them.
    """
    problems = list(refused)
    known = {field.partition(".")[0] for field, _ in problems}
    for field, value in values.items():
        if value is not None and field not in known:
            problems += _problems(kind, field, value)
    if problems:
        raise Invalid(problems)


def _problems(kind: str | None, field: str, value: Any) -> list[Problem]:
    if field == "name" and not (value.strip() and len(value) <= MAX_NAME and _writable(value)):
        return [("name", f"must be 1 to {MAX_NAME} characters, none of them a control character")]
    if field == "behavior" and value not in BEHAVIORS:
        return [("behavior", "must be replace, hash or mask")]
    if field == "pattern":
        if kind == "field_redact":
            return [("pattern", "belongs to rules of type pattern")]
        return _problems_of_pattern(value)
    if field == "fields":
        if kind == "pattern":
            return [("fields", "belong to rules of type field_redact")]
        return _problems_of_fields(value)
    return []


def _problems_of_pattern(pattern: str) -> list[Problem]:
    if not pattern or len(pattern) > MAX_PATTERN:
        return [("pattern", f"must be 1 to {MAX_PATTERN} characters")]
    try:
        patterns.custom(pattern)
    except patterns.Unusable as why:
        return [("pattern", f"cannot be used: {why}")]
    return []


def _problems_of_fields(fields: Sequence[str]) -> list[Problem]:
    if not fields or len(fields) > MAX_FIELDS:
        return [("fields", f"must be 1 to {MAX_FIELDS} dot paths")]
    problems = []
    for index, path in enumerate(fields):
        if not 1 <= len(path) <= MAX_FIELD:
            problems.append((f"fields.{index}", f"must be 1 to {MAX_FIELD} characters"))
        elif not _writable(path) or any(not part or ("*" in part and part != "*") for part in path.split(".")):
            problems.append((f"fields.{index}", "must be keys with dots between, * alone for any one key or index"))
    return problems


def _writable(text: str) -> bool:
    return not any(character < " " or "\ud800" <= character <= "\udfff" for character in text)
