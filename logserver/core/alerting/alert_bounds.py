"""What the fields of an alert rule may hold."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from logserver.core.faults import Invalid

GROUPINGS = ("actor_id", "tenant_id")
SEVERITIES = ("low", "medium", "high", "critical")

_RANGES = {"threshold": (1, 10_000), "window_seconds": (60, 3_600), "cooldown_seconds": (0, 604_800)}
_CHOICES = {"group_by": GROUPINGS, "severity": SEVERITIES}
_MAX_NAME = 100
_PATTERN = re.compile(r"[a-z0-9_.*]{1,128}", re.ASCII)


def check(values: Mapping[str, Any], refused: Sequence[tuple[str, str]] = ()) -> None:
    """Raise Invalid with every field that breaks its rule, behind those that were ``refused`` before."""
    problems = list(refused)
    known = {field for field, _ in problems}
    for field, value in values.items():
        if field not in known and (message := _problem(field, value)) is not None:
            problems.append((field, message))
    if problems:
        raise Invalid(problems)


def _problem(field: str, value: Any) -> str | None:
    """What is wrong with the value of a field, if anything."""
    if field in _RANGES:
        low, high = _RANGES[field]
        return None if low <= value <= high else f"must be {low:,} to {high:,}"
    if field in _CHOICES:
        return None if value in _CHOICES[field] else f"must be one of {', '.join(_CHOICES[field])}"
    if field == "name":
        return None if value.strip() and len(value) <= _MAX_NAME else f"must be 1 to {_MAX_NAME} characters"
    if field == "action_pattern":
        return None if _PATTERN.fullmatch(value) else "must be 1 to 128 of a-z, 0-9, _, . and *"
    return None
