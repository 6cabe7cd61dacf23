"""Gives every event the next free id of its project and millisecond."""

from logserver.store.ids import COUNTER_BITS, COUNTER_MASK, LOCAL_BITS, pack
from logserver.store.tx import Tx

_REMEMBERED = 50_000


class Numbering:
    """Knows the free ids. Owned by the writer; what it gave in a transaction that failed is simply skipped.

    An id is free when neither the table nor the current transaction holds it. Time-ordered events need no
    look at the table: whatever is later than everything seen of a project is free. A late event's millisecond
    is looked up once and then remembered. A full millisecond spills into the next one that is not.
    """

    def __init__(self) -> None:
        self._newest: dict[int, int] = {}
        self._next: dict[int, int] = {}

    def next_id(self, tx: Tx, project: int, ms: int) -> int:
        """The next free id of ``project`` at Unix millisecond ``ms``, or at the first later one with room."""
        first = pack(project, ms) >> COUNTER_BITS
        slot, full = first, []
        while True:
            free = self._next.get(slot)
            if free is None:
                free = self._first_free(tx, slot)
            if free >> COUNTER_BITS == slot:
                break
            full.append(slot)
            slot = free >> COUNTER_BITS
        self._next[slot] = free + 1
        for passed in full:
            self._next[passed] = free
        return free

    def _first_free(self, tx: Tx, slot: int) -> int:
        low = slot << COUNTER_BITS
        project = slot >> (LOCAL_BITS - COUNTER_BITS)
        newest = self._newest.get(project)
        if newest is None:
            top = tx.execute(
                "SELECT max(id) FROM events WHERE id BETWEEN ? AND ?",
                (project << LOCAL_BITS, ((project + 1) << LOCAL_BITS) - 1),
            ).fetchone()[0]
            newest = self._newest[project] = (top or 0) >> COUNTER_BITS
        if slot > newest:
            self._newest[project] = slot
            return low
        held = tx.execute("SELECT max(id) FROM events WHERE id BETWEEN ? AND ?", (low, low | COUNTER_MASK)).fetchone()
        return low if held[0] is None else int(held[0]) + 1

    def forget(self) -> None:
        """Bound the memory; only between transactions, when the table holds everything that was given."""
        if len(self._next) > _REMEMBERED:
            self._next.clear()
