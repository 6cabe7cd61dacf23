"""Sketches and histograms of longer spans, put together from those of minutes.

A job rolls up whole minutes once they are past; what comes late for a minute that has been rolled up is added in
the transaction that stores it. So a span holds at any time exactly what its minutes before the mark hold.
"""

from collections import Counter
from collections.abc import Mapping

import msgspec

from logserver.store import sketch
from logserver.store.series import Place
from logserver.store.sketch import Sketch
from logserver.store.tx import Tx

SPANS = (60, 360, 1_440)
"""Minutes that are rolled up together, aligned to Unix time; each is a multiple of the one before."""

_Span = tuple[int, int, int, int]
"""Project, series, span, and where it starts (Unix minutes)."""


def rolled_through(tx: Tx, project: int) -> int:
    """The Unix minute before which everything of a project is in the spans; 0 where nothing is yet."""
    found = tx.execute("SELECT through FROM rolled WHERE project = ?", (project,)).fetchone()
    return int(found[0]) if found else 0


def add_late(tx: Tx, sketches: Mapping[Place, Sketch], histograms: Mapping[Place, Counter[str]]) -> None:
    """Add what is about to be stored to the spans, as far as its minutes have been rolled up already."""
    through = {project: rolled_through(tx, project) for project in {place[0] for place in (*sketches, *histograms)}}
    late = {place: found for place, found in sketches.items() if place[1] < through[place[0]]}
    if late:
        _add_sketches(tx, late)
    late_histograms = {place: found for place, found in histograms.items() if place[1] < through[place[0]]}
    if late_histograms:
        _add_histograms(tx, late_histograms)


def roll(tx: Tx, project: int, before_minute: int, limit: int) -> bool:
    """Roll up the next minutes of a project, of about ``limit`` sketches; whether there were any.

    Minutes from ``before_minute`` (Unix) on are left for later: they are still being added to.
    """
    since = rolled_through(tx, project)
    rows = tx.execute(
        "SELECT minute, series, n, errors, total, low, high, buckets FROM sketches"
        " WHERE project = ? AND minute >= ? AND minute < ? ORDER BY minute LIMIT ?",
        (project, since, before_minute, limit),
    ).fetchall()
    if not rows:
        return False
    through = before_minute
    if len(rows) == limit:
        # The last minute may go on; where it is the only one, it is read as a whole.
        through = max(rows[-1][0], rows[0][0] + 1)
        if rows[0][0] == rows[-1][0]:
            rows = tx.execute(
                "SELECT minute, series, n, errors, total, low, high, buckets FROM sketches"
                " WHERE project = ? AND minute = ?",
                (project, rows[0][0]),
            ).fetchall()
    _add_sketches(
        tx, {(project, minute, series): sketch.unpack(row) for minute, series, *row in rows if minute < through}
    )
    _add_histograms(
        tx,
        {
            (project, minute, series): Counter(msgspec.json.decode(buckets))
            for minute, series, buckets in tx.execute(
                "SELECT minute, series, buckets FROM histograms WHERE project = ? AND minute >= ? AND minute < ?",
                (project, since, through),
            )
        },
    )
    tx.execute(
        "INSERT INTO rolled (project, through) VALUES (?, ?) ON CONFLICT DO UPDATE SET through = excluded.through",
        (project, through),
    )
    return True


def delete(tx: Tx, project: int, before_minute: int, limit: int) -> int:
    """Delete up to ``limit`` spans of each length that end before a Unix minute, and as many of histograms.

    Returns how many. What is left of the series that forget_unused is about to drop goes with them.
    """
    gone = 0
    for table in ("sketch_spans", "histogram_spans"):
        for span in SPANS:
            gone += tx.execute(
                f"DELETE FROM {table} WHERE (project, series, span, start) IN"
                f" (SELECT project, series, span, start FROM {table}"
                " WHERE project = ? AND span = ? AND start <= ? LIMIT ?)",
                (project, span, before_minute - span, limit),
            ).rowcount
        gone += tx.execute(
            f"DELETE FROM {table} WHERE project = ?"
            " AND series IN (SELECT id FROM series WHERE project = ? AND newest < ?)",
            (project, project, before_minute),
        ).rowcount
    return gone


def _spans(place: Place) -> list[_Span]:
    project, minute, series = place
    return [(project, series, span, minute // span * span) for span in SPANS]


def _add_sketches(tx: Tx, fresh: Mapping[Place, Sketch]) -> None:
    summed: dict[_Span, Sketch] = {}
    for place, found in fresh.items():
        for key in _spans(place):
            summed.setdefault(key, Sketch()).merge(found)
    rows = []
    for key, whole in sorted(summed.items()):
        stored = tx.execute(
            "SELECT n, errors, total, low, high, buckets FROM sketch_spans"
            " WHERE project = ? AND series = ? AND span = ? AND start = ?",
            key,
        ).fetchone()
        if stored:
            whole.merge(sketch.unpack(stored))
        rows.append((*key, whole.n, whole.errors, whole.total, whole.low, whole.high, whole.pack()))
    tx.executemany("INSERT OR REPLACE INTO sketch_spans VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)


def _add_histograms(tx: Tx, fresh: Mapping[Place, Counter[str]]) -> None:
    summed: dict[_Span, Counter[str]] = {}
    for place, found in fresh.items():
        for key in _spans(place):
            summed.setdefault(key, Counter()).update(found)
    rows = []
    for key, whole in sorted(summed.items()):
        stored = tx.execute(
            "SELECT buckets FROM histogram_spans WHERE project = ? AND series = ? AND span = ? AND start = ?", key
        ).fetchone()
        if stored:
            whole.update(msgspec.json.decode(stored[0]))
        rows.append((*key, msgspec.json.encode(whole).decode()))
    tx.executemany("INSERT OR REPLACE INTO histogram_spans VALUES (?, ?, ?, ?, ?)", rows)
