"""Bodies that must be read before it is known who sends them: no more of them at a time than there is room for."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from logserver.store.errors import StoreBusy


class Strangers:
    """Counts the bytes of such bodies; ``most`` is how many of them may be held at the same time."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.held = 0

    @contextmanager
    def holding(self) -> Iterator[Callable[[int], None]]:
        """For the time of a block, a function that counts bytes as they arrive.

        It raises StoreBusy where there is no room for them. At the end of the block they are all let go.
        """
        mine = 0

        def arrived(size: int) -> None:
            nonlocal mine
            mine += size
            self.held += size
            if self.held > self._most:
                raise StoreBusy("too much is being sent without a key in a header; try again shortly", retry_after=1)

        try:
            yield arrived
        finally:
            self.held -= mine
