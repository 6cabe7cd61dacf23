"""Two texts side by side, line by line: what somebody wants to save, and what another has saved meanwhile."""

from difflib import SequenceMatcher
from typing import NamedTuple

MOST_LINES = 2_000
"""Lines of each text that are compared; the rest is left out."""


class Pair(NamedTuple):
    """A line of each text; None where one of them has none there."""

    left: str | None
    right: str | None

    @property
    def same(self) -> bool:
        """Whether both have it."""
        return self.left == self.right


def beside(left: str, right: str) -> list[Pair]:
    """The lines of two texts, those that are the same beside one another."""
    lines, others = left.splitlines()[:MOST_LINES], right.splitlines()[:MOST_LINES]
    pairs: list[Pair] = []
    for kind, a, b, c, d in SequenceMatcher(None, lines, others, autojunk=len(lines) > 500).get_opcodes():
        if kind == "equal":
            pairs += (Pair(line, line) for line in lines[a:b])
            continue
        for at in range(max(b - a, d - c)):
            pairs.append(Pair(lines[a + at] if a + at < b else None, others[c + at] if c + at < d else None))
    return pairs
