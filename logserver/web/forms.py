"""What forms have in common: numbers as they are typed, and problems by the name of their field."""

import re

from logserver.core.faults import Invalid

_WHOLE = re.compile(r"-?[0-9]{1,15}", re.ASCII)


def whole(text: str) -> int | None:
    """A whole number of at most 15 digits; None for anything else."""
    return int(text) if _WHOLE.fullmatch(text) else None


def told(fault: Invalid) -> dict[str, str]:
    """What is wrong, by field, as sentences; the first of each field."""
    problems: dict[str, str] = {}
    for field, message in fault.problems:
        problems.setdefault(field, message[:1].upper() + message[1:].rstrip(".") + ".")
    return problems
