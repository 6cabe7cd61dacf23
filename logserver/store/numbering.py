"""Gives every event the next free id of its project and millisecond."""

from logserver.store.ids import COUNTER_BITS, COUNTER_MASK, EPOCH_MS, LOCAL_BITS, MAX_MS, TIME_BITS, id_ms
from logserver.store.tx import Tx

_REMEMBERED = 50_000


class Numbering:
    """Knows the free ids. Owned by the writer; what it gave in a transaction that failed is simply skipped.

    An id is free when neither the table nor the current transaction holds it. Everything given since a project
    was first seen is remembered, so only a millisecond before that needs a look at the table, and only once. A
    full millisecond spills into the next one that is not.
    """

    def __init__(self) -> None:
        self._next: dict[int, int] = {}
        self._newest: dict[int, int] = {}
        self._known_after: dict[int, int] = {}

    def next_id(self, tx: Tx, project: int, ms: int) -> int:
        """The next free id of ``project`` at Unix millisecond ``ms``, or at the first later one with room."""
        slot = project << TIME_BITS | min(max(ms, EPOCH_MS), MAX_MS) - EPOCH_MS
        free = self._next.get(slot)
        if free is None:
            free = self._first_free(tx, project, slot)
        if free >> COUNTER_BITS == slot:
            self._next[slot] = free + 1
        else:
            slot, free = self._spill(tx, project, slot, free)
        if slot > self._newest[project]:  # noqa: PLR1730 - a call and an assignment for each event would cost more
            self._newest[project] = slot
        return free

    def nearest(self, tx: Tx, wanted: int) -> int:
        """The packed id ``wanted`` where it is free and so is what follows in its millisecond, else the next free."""
        project, slot = wanted >> LOCAL_BITS, wanted >> COUNTER_BITS
        free = self._next.get(slot)
        if free is None:
            free = self._first_free(tx, project, slot)
        if free <= wanted:
            self._next[slot] = wanted
        return self.next_id(tx, project, id_ms(wanted))

    def _spill(self, tx: Tx, project: int, slot: int, free: int) -> tuple[int, int]:
        """The first later slot with room, and its free id; the full ones on the way lead there from now on."""
        full = []
        while free >> COUNTER_BITS != slot:
            full.append(slot)
            slot = free >> COUNTER_BITS
            known = self._next.get(slot)
            free = self._first_free(tx, project, slot) if known is None else known
        self._next[slot] = free + 1
        for passed in full:
            self._next[passed] = free
        return slot, free

    def _first_free(self, tx: Tx, project: int, slot: int) -> int:
        low = slot << COUNTER_BITS
        known_after = self._known_after.get(project)
        if known_after is None:
            top = tx.execute(
                "SELECT max(id) FROM events WHERE id BETWEEN ? AND ?",
                (project << LOCAL_BITS, ((project + 1) << LOCAL_BITS) - 1),
            ).fetchone()[0]
            known_after = self._known_after[project] = self._newest[project] = (top or 0) >> COUNTER_BITS
        if slot > known_after:
            return low
        held = tx.execute("SELECT max(id) FROM events WHERE id BETWEEN ? AND ?", (low, low | COUNTER_MASK)).fetchone()
        return low if held[0] is None else int(held[0]) + 1

    def forget(self) -> None:
        """Bound the memory; only between transactions, when the table holds everything that was given."""
        if len(self._next) > _REMEMBERED:
            self._next.clear()
            self._known_after.update(self._newest)
