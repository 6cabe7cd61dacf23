"""Patterns in which ``*`` stands for any characters, also none, and everything else for itself."""

from collections.abc import Callable


def fitting(pattern: str) -> Callable[[str], bool]:
    """Whether the whole of a text fits the pattern; in time linear in the text, whatever the pattern."""
    first, *rest = pattern.split("*")
    if not rest:
        return lambda text: text == pattern
    *middle, last = rest
    shortest = len(first) + len(last)

    def fits(text: str) -> bool:
        if len(text) < shortest or not text.startswith(first) or not text.endswith(last):
            return False
        at, end = len(first), len(text) - len(last)
        for part in middle:
            # The leftmost place leaves the most room for what follows.
            at = text.find(part, at, end)
            if at < 0:
                return False
            at += len(part)
        return True

    return fits
