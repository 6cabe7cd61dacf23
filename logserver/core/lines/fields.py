"""How much of what a line holds under names is kept."""

from math import isfinite
from typing import Any

MAX_FIELDS = 200
"""Values of a line, at all depths together; what comes behind them is left out."""
MAX_DEPTH = 6
"""Objects and lists within one another; what lies deeper is left out."""
MAX_NAME = 128
"""Characters of a name; longer ones are left out with their value."""
MAX_TEXT = 8_192
"""Characters of a text; the rest of it is cut off."""
MAX_CHARACTERS = 65_536
"""Characters of all names and texts together; what comes behind them is left out."""

_SMALLEST, _LARGEST = -(2**63), 2**64 - 1


def bounded(held: dict[str, Any]) -> dict[str, Any]:
    """The fields of a line, within the bounds above.

    Numbers that JSON's other readers cannot hold (more than 64 bits, infinite) are left out.
    """
    kept: dict[str, Any] = _Room().object(held, 1)
    return kept


class _Room:
    """What is still allowed of one line. Recursion ends at MAX_DEPTH."""

    def __init__(self) -> None:
        self._fields = MAX_FIELDS
        self._characters = MAX_CHARACTERS

    def object(self, held: dict[str, Any], depth: int) -> dict[str, Any]:
        kept: dict[str, Any] = {}
        for name, value in held.items():
            if self._fields <= 0 or self._characters <= 0:
                break
            if len(name) <= MAX_NAME:
                self._characters -= len(name)
                self._keep(kept, name, value, depth)
        return kept

    def _keep(self, kept: dict[str, Any], name: str, value: Any, depth: int) -> None:
        self._fields -= 1
        if isinstance(value, str):
            kept[name] = self._text(value)
        elif isinstance(value, dict):
            if depth < MAX_DEPTH:
                kept[name] = self.object(value, depth + 1)
        elif isinstance(value, list):
            if depth < MAX_DEPTH:
                kept[name] = self._list(value, depth + 1)
        elif _spellable(value):
            kept[name] = value

    def _list(self, held: list[Any], depth: int) -> list[Any]:
        kept: list[Any] = []
        for value in held:
            if self._fields <= 0 or self._characters <= 0:
                break
            one: dict[str, Any] = {}
            self._keep(one, "", value, depth)
            kept += one.values()
        return kept

    def _text(self, value: str) -> str:
        text = value[: max(0, min(MAX_TEXT, self._characters))]
        self._characters -= len(text)
        return text


def _spellable(value: Any) -> bool:
    if isinstance(value, float):
        return isfinite(value)
    if isinstance(value, int):
        return _SMALLEST <= value <= _LARGEST
    return value is None
