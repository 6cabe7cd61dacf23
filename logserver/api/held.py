"""Bodies that are held in memory: no more of one sender's at a time than there is room for."""

from collections import Counter
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager

from logserver.store.errors import StoreBusy


class HeldBodies:
    """Counts the bytes of bodies by whose they are; ``most`` is how many one may have held at the same time.

    ``what`` begins the refusal of more.
    """

    def __init__(self, most: int, what: str) -> None:
        self._most = most
        self._what = what
        self.held: Counter[Hashable] = Counter()

    @contextmanager
    def holding(self, whose: Hashable = None) -> Iterator[Callable[[int], None]]:
        """For the time of a block, a function that counts bytes as they arrive.

        It raises StoreBusy where there is no room for them. At the end of the block they are all let go.
        """
        mine = 0

        def arrived(size: int) -> None:
            nonlocal mine
            mine += size
            self.held[whose] += size
            if self.held[whose] > self._most:
                raise StoreBusy(f"{self._what}; try again shortly", retry_after=1)

        try:
            yield arrived
        finally:
            self.held[whose] -= mine
            if not self.held[whose]:
                del self.held[whose]
