"""What one transaction is about to insert: events with their words, counts, sketches and arrivals.

Gathered while the requests of a group run under their savepoints, written once after the last of them: rows
inside a savepoint would make the full-text index flush each time.
"""

import struct
from collections import Counter
from collections.abc import Iterable

from logserver.store import events, rollups, samples, series
from logserver.store.events import Event, Row
from logserver.store.identities import Identities
from logserver.store.identities import Mark as IdentityMark
from logserver.store.ids import id_ms
from logserver.store.numbering import Numbering
from logserver.store.occurrences import Occurrences
from logserver.store.samples import Measure, Sample
from logserver.store.series import Place, Vocabulary
from logserver.store.sketch import Sketch
from logserver.store.tx import Tx

Mark = tuple[int, int, int, int, int, IdentityMark]
"""Where a request's part of the batch begins: rows, samples, measures, occurrences, names admitted, identities."""


class Batch:
    """The pending inserts of a transaction; owned by the writer and used again for each one."""

    def __init__(self) -> None:
        self.numbering = Numbering()
        self.vocabulary = Vocabulary()
        self.identities = Identities()
        self.occurrences = Occurrences()
        self.now_ms = 0
        self.deleted: Counter[str] = Counter()
        """Events that the transaction deletes, by why."""
        self.pages = 0
        """Pages it writes beside rows, about."""
        self._rows: list[tuple[Row, tuple[int, str, str], int, int]] = []
        self._pending: dict[int, Row] = {}
        self._samples: list[tuple[int, int, Sample]] = []
        self._measures: list[Measure] = []

    def __len__(self) -> int:
        return len(self._rows)

    def append(self, tx: Tx, project: int, event: Event, words: tuple[Row, tuple[int, str, str]]) -> None:
        """Add a numbered event of ``project`` with its row and words (events.to_row)."""
        dimension = self.vocabulary.dimension(tx, project, event.type, event.level, event.environment())
        self._rows.append((*words, project, dimension))
        self._pending[event.id] = words[0]
        self._samples += [(project, event.id, sample) for sample in samples.samples_of(event)]
        if event.error_group is not None:
            self.occurrences.append(event)

    def append_plain(self, tx: Tx, project: int, event: Event, words: tuple[Row, tuple[int, str, str]]) -> None:
        """As append(), of a log or error whose sender gave it no identity: there is no need to find() it."""
        dimension = self.vocabulary.dimension(tx, project, event.type, event.level, event.environment())
        self._rows.append((*words, project, dimension))
        if event.error_group is not None:
            self.occurrences.append(event)

    def append_moved(self, tx: Tx, project: int, event: Event, words: tuple[Row, tuple[int, str, str]]) -> None:
        """As append(), of an event that comes from another store."""
        dimension = self.vocabulary.dimension(tx, project, event.type, event.level, event.environment())
        self._rows.append((*words, project, dimension))
        self._pending[event.id] = words[0]
        self._samples += [(project, event.id, sample) for sample in samples.samples_of(event)]
        self.occurrences.append_moved(event)

    def arrived(self) -> Iterable[tuple[tuple[int, str], int]]:
        """How many events there are of each project and type."""
        return Counter((project, row[2]) for row, _, project, _ in self._rows).items()

    def measure(self, measure: Measure) -> None:
        """Add numbers that came without an event."""
        self._measures.append(measure)

    def find(self, tx: Tx, event_id: int) -> Event | None:
        """The event of an id, whether it is stored or about to be."""
        row = self._pending.get(event_id)
        return events.from_row(row) if row is not None else events.read(tx, event_id)

    def gives(self, event_id: int) -> bool:
        """Whether an event of this id is about to be inserted; looks at each of them."""
        return any(row[0] == event_id for row, _, _, _ in self._rows)

    def mark(self) -> Mark:
        """The place to come back to when a request fails."""
        sizes = len(self._rows), len(self._samples), len(self._measures), len(self.occurrences)
        return *sizes, self.vocabulary.admitted, self.identities.mark()

    def undo(self, mark: Mark) -> None:
        """Drop what was added since ``mark``, and what was remembered of names that are not there any more."""
        rows, samples, measures, occurred, admitted, identities = mark
        for dropped in self._rows[rows:]:
            self._pending.pop(dropped[0][0], None)
        del self._rows[rows:]
        del self._samples[samples:]
        del self._measures[measures:]
        self.occurrences.undo(occurred)
        self.identities.undo(identities)
        if self.vocabulary.admitted != admitted:
            self.vocabulary.forget()

    def clear(self, *, committed: bool) -> None:
        """Drop everything, after the commit or the rollback of the whole transaction."""
        self.deleted.clear()
        self.pages = 0
        if committed:
            self.identities.committed()
        else:
            self.identities.dropped()
            self.vocabulary.forget()
        self._rows.clear()
        self._pending.clear()
        self._samples.clear()
        self._measures.clear()
        self.occurrences.clear(committed=committed)
        self.numbering.forget()
        self.vocabulary.trim()

    def write(self, tx: Tx) -> None:
        """Insert everything in id order; nothing is dropped before clear()."""
        self.identities.write(tx)
        if self._rows:
            self._write_events(tx)
        if self.occurrences:
            self.occurrences.write(tx)
        if self._samples or self._measures:
            sketches, buckets = self._summaries(tx)
            rollups.add_late(tx, sketches, buckets)
            series.add_sketches(tx, sketches)
            series.add_histograms(tx, buckets)

    def _write_events(self, tx: Tx) -> None:
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

    def _summaries(self, tx: Tx) -> tuple[dict[Place, Sketch], dict[Place, Counter[str]]]:
        """Sketches and histograms of what was measured, by project, Unix minute and series."""
        sketches: dict[Place, Sketch] = {}
        buckets: dict[Place, Counter[str]] = {}
        for project, event_id, sample in self._samples:
            key = (project, id_ms(event_id) // 60_000, self.vocabulary.series(tx, project, sample))
            sketches.setdefault(key, Sketch()).add(sample.value, error=sample.error)
        for measure in self._measures:
            key = (measure.project, measure.minute, self.vocabulary.series(tx, measure.project, measure.sample()))
            sketches.setdefault(key, Sketch()).merge(measure.sketch)
            if measure.buckets:
                buckets.setdefault(key, Counter()).update(measure.buckets)
        return sketches, buckets
