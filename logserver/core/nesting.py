"""How deep a JSON value goes and how much it holds, found without recursion."""

from typing import Any


def excess(value: Any, *, levels: int, most: int) -> str | None:
    """What is too much about a JSON value: nested beyond ``levels``, or more than ``most`` keys and elements.

    A container is a level of its own; None where it keeps both bounds.
    """
    level = [value] if isinstance(value, dict | list) else []
    seen = 0
    for _ in range(levels):
        below: list[Any] = []
        for item in level:
            seen += len(item)
            if seen > most:
                return f"Must have at most {most} keys and elements"
            inner = item.values() if isinstance(item, dict) else item
            below += [each for each in inner if isinstance(each, dict | list)]
        if not below:
            return None
        level = below
    return f"Must be nested at most {levels} levels deep"
