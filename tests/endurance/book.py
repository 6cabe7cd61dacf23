"""What was sent, how each of it was answered, and whether the store holds what was answered with success.

Every record has a number of its own in its attributes (``"mark":17``), so that the store can be read back without
knowing which dialect it came by.
"""

import re
from array import array
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import msgspec

from logserver.store.connections import connect_readonly

OPEN, TAKEN, REFUSED = 0, 1, 2
"""What is known of a record: nothing, that it was answered with success, or that it was refused."""

RETAINED_MS = 86_400_000
"""How long the project whose records expire keeps them: a day."""

_MARK = re.compile(r'"mark":(\d+)')
_LATE_MS = 300_000
"""How late retention may come by before a record counts as overdue."""


class Parcel(NamedTuple):
    """One request: its bytes, and the records ``first`` … ``first + n - 1`` that it carries."""

    kind: str
    data: bytes
    first: int
    n: int
    points: int = 0
    """What it adds to the agents' counters."""
    occurred_ms: int = 0
    """When its records happened, where they are old enough to expire on the way; 0 for all others."""


class Count(msgspec.Struct):
    """What became of the records; all but the first three must be 0."""

    acknowledged: int
    found: int
    """Acknowledged ones that are in the store."""
    expired: int
    """Acknowledged ones that were past their retention and are gone."""
    missing: int
    """Acknowledged, and neither there nor expired."""
    twice: int
    refused_and_stored: int
    overdue: int
    """Past their retention for minutes, and still there."""
    points_missing: int
    """By how much the agents' counters are below what was acknowledged."""
    points_beyond: int
    """By how much they are above everything that was not refused."""

    def wrong(self) -> str:
        """What must not have happened, in words; nothing where all is well."""
        names = ("missing", "twice", "refused_and_stored", "overdue", "points_missing", "points_beyond")
        found = [(name.replace("_", " "), getattr(self, name)) for name in names]
        return ", ".join(f"{n} {name}" for name, n in found if n)


class Book:
    """Numbers records, and remembers in a byte each how they were answered."""

    def __init__(self) -> None:
        self.states = bytearray()
        self._expiring: list[tuple[int, int, int]] = []
        self._points = [0, 0, 0]

    def numbers(self, count: int) -> int:
        """The first of so many new numbers."""
        first = len(self.states)
        self.states.extend(bytes(count))
        return first

    def sent(self, parcel: Parcel) -> None:
        """Write down that a request is on its way."""
        self._points[OPEN] += parcel.points
        if parcel.occurred_ms:
            self._expiring.append((parcel.first, parcel.n, parcel.occurred_ms))

    def answered(self, parcel: Parcel, *, taken: bool) -> None:
        """Write down how it was answered."""
        state = TAKEN if taken else REFUSED
        self.states[parcel.first : parcel.first + parcel.n] = bytes([state]) * parcel.n
        self._points[OPEN] -= parcel.points
        self._points[state] += parcel.points

    def count_back(self, folder: Path, now_ms: int) -> Count:
        """Look for every record in a store that no server writes to."""
        seen, twice, counters = _read(folder, len(self.states))
        counts = array("q", [0]) * 6
        for state, held in zip(self.states, seen, strict=True):
            counts[2 * state + held] += 1
        gone, overdue = self._expired(seen, now_ms)
        return Count(
            acknowledged=counts[2 * TAKEN] + counts[2 * TAKEN + 1],
            found=counts[2 * TAKEN + 1],
            expired=gone,
            missing=counts[2 * TAKEN] - gone,
            twice=twice,
            refused_and_stored=counts[2 * REFUSED + 1],
            overdue=overdue,
            points_missing=max(self._points[TAKEN] - counters, 0),
            points_beyond=max(counters - self._points[TAKEN] - self._points[OPEN], 0),
        )

    def _expired(self, seen: bytearray, now_ms: int) -> tuple[int, int]:
        """How many acknowledged records went because they were due, and how many are long due and there."""
        gone = overdue = 0
        for first, count, occurred_ms in self._expiring:
            due_ms = occurred_ms + RETAINED_MS
            for number in range(first, first + count):
                if self.states[number] == TAKEN and not seen[number] and due_ms <= now_ms:
                    gone += 1
                elif seen[number] and due_ms + _LATE_MS < now_ms:
                    overdue += 1
        return gone, overdue


def _read(folder: Path, known: int) -> tuple[bytearray, int, int]:
    """A byte for each number that says whether it is there, how many are there twice, and the sum of all counters."""
    seen, twice = bytearray(known), 0
    with closing(connect_readonly(folder)) as connection:
        for (context,) in connection.execute("SELECT context FROM events"):
            for found in _MARK.findall(context):
                number = int(found)
                twice += seen[number]
                seen[number] = 1
        (total,) = connection.execute("SELECT total(value) FROM agent_metrics WHERE type = 'counter'").fetchone()
    return seen, twice, round(total)
