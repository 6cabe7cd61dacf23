"""Per-minute counts and sketches: what charts read instead of rows.

Both are written in the transaction of the events they count. The names a project may bring (environments,
releases, series names) are bounded; what comes after the bound is counted as ``~other``.
"""

from collections import Counter
from collections.abc import Iterator

import msgspec

from logserver.store import sketch
from logserver.store.events import Row, from_row
from logserver.store.ids import LOCAL_BITS, id_ms
from logserver.store.samples import MAX_NAME, Sample
from logserver.store.sketch import Sketch
from logserver.store.tx import Tx
from logserver.store.words import SEVERITY, severity

OTHER = "~other"
"""Stands for every name beyond a project's bound."""

BOUNDS = {"environment": 100, "release": 500, "name": 2_000, "labelled": 2_000, "audit": 2_000}
"""How many different values of each kind a project may bring; ``labelled`` are names with labels."""

Place = tuple[int, int, int]
"""Whose numbers, and when: project, Unix minute, series."""

_LEVELS = frozenset(SEVERITY.values())
_REMEMBERED = 20_000
_COUNTED = (
    "SELECT c.dimension, c.n FROM dimensions AS d JOIN counts AS c ON c.dimension = d.id AND c.project = d.project"
    " WHERE d.project = ? AND d.type = ? AND d.level = ? AND d.environment = ? AND c.minute = ?"
)


class Vocabulary:
    """The known dimensions and series of all projects, remembered between transactions by the writer."""

    def __init__(self) -> None:
        self.admitted = 0
        """Grows whenever a name, dimension or series is written, so that a rollback knows what to forget."""
        self._values: dict[tuple[int, str, str], str] = {}
        self._dimensions: dict[tuple[int, str, str, str], int] = {}
        self._series: dict[tuple[int, str, str, str, str], int] = {}
        self._hours: dict[int, int] = {}
        self._counts: dict[tuple[int, str], int] = {}

    def forget(self) -> None:
        """Forget everything: after a transaction that failed, or to bound the memory."""
        self._values.clear()
        self._dimensions.clear()
        self._series.clear()
        self._hours.clear()
        self._counts.clear()

    def trim(self) -> None:
        """Bound the memory; only between transactions."""
        if len(self._values) + len(self._dimensions) + len(self._series) > _REMEMBERED:
            self.forget()

    def bounded(self, tx: Tx, project: int, kind: str, value: str) -> str:
        """``value`` itself while the project has room for it, else OTHER."""
        known = self._values.get((project, kind, value))
        if known is None:
            known = self._admit(tx, project, kind, value[:MAX_NAME])
            self._values[project, kind, value] = known
        return known

    def _admit(self, tx: Tx, project: int, kind: str, value: str) -> str:
        if not value:
            return value
        self.admitted += 1
        key = (project, kind, value)
        if tx.execute("SELECT 1 FROM vocabulary WHERE project = ? AND kind = ? AND value = ?", key).fetchone():
            return value
        n = self._counts.get((project, kind))
        if n is None:
            (n,) = tx.execute(
                "SELECT count(*) FROM vocabulary WHERE project = ? AND kind = ?", (project, kind)
            ).fetchone()
        room = n < BOUNDS[kind]
        if room:
            tx.execute("INSERT INTO vocabulary (project, kind, value) VALUES (?, ?, ?)", key)
        self._counts[project, kind] = n + room
        return value if room else OTHER

    def dimension(self, tx: Tx, project: int, event_type: str, level: str, environment: str) -> int:
        """The number that stands for a type, level and environment in the counts of a project."""
        known = self._dimensions.get((project, event_type, level, environment))
        if known is None:
            name = severity(level)
            key = (
                project,
                event_type,
                name if name in _LEVELS else OTHER,
                self.bounded(tx, project, "environment", environment),
            )
            self.admitted += 1
            tx.execute(
                "INSERT INTO dimensions (project, type, level, environment) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                key,
            )
            known = tx.execute(
                "SELECT id FROM dimensions WHERE project = ? AND type = ? AND level = ? AND environment = ?", key
            ).fetchone()[0]
            self._dimensions[project, event_type, level, environment] = known
        return known

    def counted(self, tx: Tx, dimension: int, minute: int) -> None:
        """Note, once an hour, that a dimension is in use."""
        hour = minute // 60
        if self._hours.get(dimension, -1) < hour:
            tx.execute("UPDATE dimensions SET newest = max(newest, ?) WHERE id = ?", (hour * 60 + 59, dimension))
            self._hours[dimension] = hour

    def series(self, tx: Tx, project: int, sample: Sample) -> int:
        """The number that stands for a series of a project."""
        known = self._series.get((project, sample.kind, sample.name, sample.environment, sample.release))
        if known is None:
            key = (
                project,
                sample.kind,
                self.bounded(tx, project, "labelled" if sample.labelled else "name", sample.name),
                self.bounded(tx, project, "environment", sample.environment),
                self.bounded(tx, project, "release", sample.release),
            )
            self.admitted += 1
            tx.execute(
                "INSERT INTO series (project, kind, name, environment, release, unit) VALUES (?, ?, ?, ?, ?, ?)"
                " ON CONFLICT DO NOTHING",
                (*key, sample.unit),
            )
            known = tx.execute(
                "SELECT id FROM series WHERE project = ? AND kind = ? AND name = ? AND environment = ? AND release = ?",
                key,
            ).fetchone()[0]
            self._series[project, sample.kind, sample.name, sample.environment, sample.release] = known
        return known


def add_counts(tx: Tx, counts: Counter[tuple[int, int, int]]) -> None:
    """Add to the counts: a number of events by (project, Unix minute, dimension)."""
    tx.executemany(
        "INSERT INTO counts (project, minute, dimension, n) VALUES (?, ?, ?, ?)"
        " ON CONFLICT DO UPDATE SET n = n + excluded.n",
        [(*key, n) for key, n in sorted(counts.items())],
    )


def add_sketches(tx: Tx, sketches: dict[Place, Sketch]) -> None:
    """Merge sketches by (project, Unix minute, series) into the stored ones."""
    rows, begun = [], []
    for key, fresh in sorted(sketches.items()):
        stored = tx.execute(
            "SELECT n, errors, total, low, high, buckets FROM sketches WHERE project = ? AND minute = ? AND series = ?",
            key,
        ).fetchone()
        if stored:
            fresh.merge(sketch.unpack(stored))
        else:
            begun.append((key[1], key[2]))
        rows.append((*key, fresh.n, fresh.errors, fresh.total, fresh.low, fresh.high, fresh.pack()))
    tx.executemany("INSERT OR REPLACE INTO sketches VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
    tx.executemany("UPDATE series SET newest = max(newest, ?) WHERE id = ?", begun)


def add_histograms(tx: Tx, buckets: dict[Place, Counter[str]]) -> None:
    """Add numbers of values by upper bound to the histograms of minutes."""
    rows = []
    for key, fresh in sorted(buckets.items()):
        stored = tx.execute(
            "SELECT buckets FROM histograms WHERE project = ? AND minute = ? AND series = ?", key
        ).fetchone()
        if stored:
            fresh.update(msgspec.json.decode(stored[0]))
        rows.append((*key, msgspec.json.encode(fresh).decode()))
    tx.executemany("INSERT OR REPLACE INTO histograms VALUES (?, ?, ?, ?)", rows)


def subtract_counts(tx: Tx, rows: list[Row]) -> None:
    """Take deleted rows out of the counts; sketches go by whole minutes, with delete_sketches.

    An environment that had no room when its event came was counted as OTHER, and stays so though it has room by now.
    """
    counts: Counter[tuple[int, int, str, str, str]] = Counter()
    for row in rows:
        event = from_row(row)
        name = severity(event.level)
        level = name if name in _LEVELS else OTHER
        environment = event.environment()[:MAX_NAME]
        counts[row[0] >> LOCAL_BITS, id_ms(row[0]) // 60_000, event.type, level, environment] += 1
    for (project, minute, kind, level, environment), n in counts.items():
        left = n
        for counted_as in (environment, OTHER):
            found = tx.execute(_COUNTED, (project, kind, level, counted_as, minute)).fetchone()
            if left and found:
                taken = min(left, found[1])
                left -= taken
                tx.execute(
                    "UPDATE counts SET n = n - ? WHERE project = ? AND minute = ? AND dimension = ?",
                    (taken, project, minute, found[0]),
                )
    tx.executemany(
        "DELETE FROM counts WHERE project = ? AND minute = ? AND n <= 0", sorted({key[:2] for key in counts})
    )


def delete_sketches(tx: Tx, project: int, before_minute: int, limit: int) -> int:
    """Delete up to ``limit`` sketches of minutes before a Unix minute, and as many histograms; returns how many.

    What is rolled up of them goes with rollups.delete.
    """
    return sum(
        tx.execute(
            f"DELETE FROM {table} WHERE (project, minute, series) IN"
            f" (SELECT project, minute, series FROM {table} WHERE project = ? AND minute < ? LIMIT ?)",
            (project, before_minute, limit),
        ).rowcount
        for table in ("sketches", "histograms")
    )


def minutes(tx: Tx, project: int) -> Iterator[tuple[int, int, int]]:
    """The Unix minutes of a project's sketches, oldest first: minute, project, and 1 for each sketch."""
    return tx.execute("SELECT minute, project, 1 FROM sketches WHERE project = ? ORDER BY minute", (project,))


def forget_unused(tx: Tx, vocabulary: Vocabulary, project: int, before_minute: int) -> None:
    """Drop what was last counted before a Unix minute, and the names only that had: new ones find room again.

    What audit events brought stays: they have a retention of their own.
    """
    gone = tx.execute("DELETE FROM series WHERE project = ? AND newest < ?", (project, before_minute)).rowcount
    gone += tx.execute(
        "DELETE FROM dimensions WHERE project = ? AND newest < ? AND type != 'audit'", (project, before_minute)
    ).rowcount
    if gone:
        for kind in ("environment", "release", "name", "labelled"):
            column = "name" if kind == "labelled" else kind
            tx.execute(
                "DELETE FROM vocabulary WHERE project = ? AND kind = ?"
                f" AND value NOT IN (SELECT {column} FROM series WHERE project = ?) AND (kind != 'environment'"
                " OR value NOT IN (SELECT environment FROM dimensions WHERE project = ?))",
                (project, kind, project, project),
            )
        vocabulary.forget()
