"""How values are spread: how many were no more than each of some bounds, and their sum; an addition is a bisection."""

from bisect import bisect_left
from itertools import accumulate
from typing import NamedTuple


class Spreading(NamedTuple):
    """A spread as it stood at one moment."""

    below: list[tuple[float, int]]
    """By bound, how many values were no more than it; the last bound is infinity."""
    total: float
    """The sum of all values."""


class Spread:
    """Counts values between bounds, which rise. One thread adds; any may look, and may see a sum that is one ahead."""

    __slots__ = ("_bounds", "_counts", "_total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._total = 0.0

    def add(self, value: float) -> None:
        """Count a value."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self._total += value

    def taken(self) -> Spreading:
        """What was counted so far."""
        return Spreading(
            list(zip((*self._bounds, float("inf")), accumulate(list(self._counts)), strict=True)), self._total
        )
