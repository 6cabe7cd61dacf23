"""Globs over actions: ``*`` stands for any run of characters, dots and nothing included; nothing else is special."""


class Glob:
    """A pattern that must fit the whole of a text.

    Pieces between stars are looked for from left to right, each where it is first found, so no pattern takes
    longer than its length times the text's.
    """

    __slots__ = ("_between", "_exact", "_first", "_last")

    def __init__(self, pattern: str) -> None:
        first, *others = pattern.split("*")
        self._exact = not others
        self._first = first
        self._last = others.pop() if others else ""
        self._between = [piece for piece in others if piece]

    def matches(self, text: str) -> bool:
        """Whether the pattern fits the whole of ``text``."""
        if self._exact:
            return text == self._first
        at, end = len(self._first), len(text) - len(self._last)
        if end < at or not text.startswith(self._first) or not text.endswith(self._last):
            return False
        for piece in self._between:
            found = text.find(piece, at, end)
            if found < 0:
                return False
            at = found + len(piece)
        return True
