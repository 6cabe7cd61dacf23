"""What forms have in common: numbers as they are typed."""

import re

_WHOLE = re.compile(r"-?[0-9]{1,15}", re.ASCII)


def whole(text: str) -> int | None:
    """A whole number of at most 15 digits; None for anything else."""
    return int(text) if _WHOLE.fullmatch(text) else None
