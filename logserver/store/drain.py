"""How fast the writer works off what waits for it, judged by its last large transactions and by the present one."""

_ENOUGH_ROWS = 200
"""A transaction of fewer rows says little of what a row takes: its commit costs much the same for one as for many."""

_WEIGHT = 0.3
"""Of the newest transaction among all that were judged by."""


class Drain:
    """Told by the writer's thread what it does, and asked by the event loop; times are of one monotonic clock."""

    def __init__(self) -> None:
        self._each = 0.0
        self._present: tuple[int, float] | None = None

    def begin(self, rows: int, now: float) -> None:
        """Note that a transaction of so many rows begins."""
        if rows >= _ENOUGH_ROWS:
            self._present = (rows, now)

    def end(self, now: float) -> None:
        """Note that it, and what had to be done after it, has ended."""
        if self._present is None:
            return
        rows, begun = self._present
        each = (now - begun) / rows
        self._each = self._each + _WEIGHT * (each - self._each) if self._each else each
        self._present = None

    def seconds(self, rows: int, now: float) -> float:
        """How long so many rows that wait, the present ones among them, will take; 0 where nothing is known yet."""
        each, present = self._each, self._present
        if present is not None:
            # A machine that has become slower shows before the transaction is through.
            each = max(each, (now - present[1]) / present[0])
        return rows * each
