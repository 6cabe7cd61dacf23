"""How long to wait before something that failed is tried again."""

import random
from collections.abc import Callable

LONGEST_TOLD = 900.0
"""Seconds; a server that asks for more patience than this is asked again all the same."""


class Backoff:
    """Pauses that double from ``least`` to ``most`` seconds, each shortened at random by up to half.

    The chance keeps a thousand agents from coming back in the same moment after their server did.
    """

    def __init__(self, least: float = 0.5, most: float = 15.0, chance: Callable[[], float] = random.random) -> None:
        self._least = least
        self._most = most
        self._chance = chance
        self._next = least

    def failed(self, told: float = 0.0) -> float:
        """Seconds until the next try; ``told`` is what the server asked for, of which nothing is taken off."""
        pause = self._next * (1 - self._chance() / 2)
        self._next = min(self._next * 2, self._most)
        return min(told, LONGEST_TOLD) + pause if told else pause

    def succeeded(self) -> None:
        """Begin anew with the shortest pause."""
        self._next = self._least
