"""What one transaction is about to insert: events with their words, counts, sketches and arrivals.

Gathered while the requests of a group run under their savepoints, written once after the last of them: rows
inside a savepoint would make the full-text index flush each time.
"""

import struct
from collections import Counter

from logserver.store import events, samples, series
from logserver.store.events import Event, Row
from logserver.store.identities import Identities
from logserver.store.identities import Mark as IdentityMark
from logserver.store.ids import id_ms
from logserver.store.numbering import Numbering
from logserver.store.samples import Sample
from logserver.store.series import Vocabulary
from logserver.store.sketch import Sketch
from logserver.store.tx import Tx

Mark = tuple[int, int, int, IdentityMark]
"""Where a request's part of the batch begins: rows, samples, names admitted, identities."""


class Batch:
    """The pending inserts of a transaction; owned by the writer and used again for each one."""

    def __init__(self) -> None:
        self.numbering = Numbering()
        self.vocabulary = Vocabulary()
        self.identities = Identities()
        self.now_ms = 0
        self._rows: list[tuple[Row, tuple[int, str, str], int, int]] = []
        self._pending: dict[int, Row] = {}
        self._samples: list[tuple[int, int, Sample]] = []

    def __len__(self) -> int:
        return len(self._rows)

    def append(self, tx: Tx, project: int, event: Event, words: tuple[Row, tuple[int, str, str]]) -> None:
        """Add a numbered event of ``project`` with its row and words (events.to_row)."""
        dimension = self.vocabulary.dimension(tx, project, event.type, event.level, event.environment())
        self._rows.append((*words, project, dimension))
        self._pending[event.id] = words[0]
        sample = samples.sample_of(event)
        if sample is not None:
            self._samples.append((project, event.id, sample))

    def append_plain(self, tx: Tx, project: int, event: Event, words: tuple[Row, tuple[int, str, str]]) -> None:
        """As append(), of a log or error whose sender gave it no identity: there is no need to find() it."""
        dimension = self.vocabulary.dimension(tx, project, event.type, event.level, event.environment())
        self._rows.append((*words, project, dimension))

    def find(self, tx: Tx, event_id: int) -> Event | None:
        """The event of an id, whether it is stored or about to be."""
        row = self._pending.get(event_id)
        return events.from_row(row) if row is not None else events.read(tx, event_id)

    def mark(self) -> Mark:
        """The place to come back to when a request fails."""
        return len(self._rows), len(self._samples), self.vocabulary.admitted, self.identities.mark()

    def undo(self, mark: Mark) -> None:
        """Drop what was added since ``mark``, and what was remembered of names that are not there any more."""
        rows, samples, admitted, identities = mark
        for dropped in self._rows[rows:]:
            self._pending.pop(dropped[0][0], None)
        del self._rows[rows:]
        del self._samples[samples:]
        self.identities.undo(identities)
        if self.vocabulary.admitted != admitted:
            self.vocabulary.forget()

    def clear(self, *, committed: bool) -> None:
        """Drop everything, after the commit or the rollback of the whole transaction."""
        if committed:
            self.identities.committed()
        else:
            self.identities.dropped()
            self.vocabulary.forget()
        self._rows.clear()
        self._pending.clear()
        self._samples.clear()
        self.numbering.forget()
        self.vocabulary.trim()

    def write(self, tx: Tx) -> None:
        """Insert everything in id order; nothing is dropped before clear()."""
        self.identities.write(tx)
        if not self._rows:
            return
        events.insert(tx, [(row, words) for row, words, _, _ in sorted(self._rows)])
        counts: Counter[tuple[int, int, int]] = Counter()
        arrived: dict[int, list[int]] = {}
        for row, _, project, dimension in self._rows:
            counts[project, id_ms(row[0]) // 60_000, dimension] += 1
            arrived.setdefault(project, []).append(row[0])
        series.add_counts(tx, counts)
        for _, minute, dimension in counts:
            self.vocabulary.counted(tx, dimension, minute)
        tx.executemany(
            "INSERT INTO arrivals (project, at, ids) VALUES (?, ?, ?)",
            [(project, self.now_ms, struct.pack(f">{len(ids)}Q", *ids)) for project, ids in arrived.items()],
        )
        if self._samples:
            series.add_sketches(tx, self._sketches(tx))

    def _sketches(self, tx: Tx) -> dict[tuple[int, int, int], Sketch]:
        sketches: dict[tuple[int, int, int], Sketch] = {}
        for project, event_id, sample in self._samples:
            key = (project, id_ms(event_id) // 60_000, self.vocabulary.series(tx, project, sample))
            sketches.setdefault(key, Sketch()).add(sample.value, error=sample.error)
        return sketches
