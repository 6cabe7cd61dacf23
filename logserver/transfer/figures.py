"""Metrics as they leave and arrive: what series amount to minute by minute.

Most of it is summed up again from the events that arrive. What edge agents count comes without events, so that the
figures of metrics leave as well; what is missing where they arrive is added. Of two counts of the same minute the
larger holds, so that it makes no difference how often they arrive.
"""

from collections import Counter

import msgspec

from logserver.store import rollups, series, sketch
from logserver.store.samples import Sample
from logserver.store.series import Place
from logserver.store.sketch import Sketch
from logserver.store.tx import Tx
from logserver.store.writer import WriteTx
from logserver.transfer import records
from logserver.transfer.destination import Destination, Tally

_READ = (
    "SELECT k.minute, k.series, k.n, k.errors, k.total, k.low, k.high, k.buckets, s.name, s.environment, h.buckets,"
    " EXISTS (SELECT 1 FROM vocabulary AS v WHERE v.project = s.project AND v.kind = 'labelled' AND v.value = s.name)"
    " FROM sketches AS k JOIN series AS s ON s.id = k.series AND s.kind = 'metric' AND s.release = ''"
    " LEFT JOIN histograms AS h ON h.project = k.project AND h.minute = k.minute AND h.series = k.series"
    " WHERE k.project = ? AND (k.minute, k.series) > (?, ?) AND k.minute < ? ORDER BY k.minute, k.series LIMIT ?"
)


def leave(  # noqa: PLR0917 - where, what and how much
    tx: Tx, project: int, minute: int, number: int, until: int, most: int
) -> tuple[list[records.Figures], tuple[int, int] | None]:
    """The lines of minutes and series after a minute and series, until a minute, and the last; None for none."""
    rows = tx.execute(_READ, (project, minute, number, until, most)).fetchall()
    lines = [
        records.Figures(
            name=name,
            minute=at,
            n=n,
            errors=errors,
            total=total,
            low=low,
            high=high,
            buckets=sketch.unpack((n, errors, total, low, high, packed)).buckets,
            environment=environment,
            labelled=bool(labelled),
            histogram=msgspec.json.decode(histogram) if histogram is not None else None,
        )
        for at, _, n, errors, total, low, high, packed, name, environment, histogram, labelled in rows
    ]
    return lines, (rows[-1][0], rows[-1][1]) if rows else None


def arrive(tx: WriteTx, to: Destination, lines: list[records.Figures]) -> Tally:
    """Add what is missing of series in their minutes; minutes that the project does not keep are left out."""
    tally = Tally()
    horizon = to.project.horizon_ms(to.now_ms) // 60_000
    sketches: dict[Place, Sketch] = {}
    histograms: dict[Place, Counter[str]] = {}
    for line in lines:
        sample = Sample("metric", line.name, line.environment, "", None, 0.0, error=False, labelled=line.labelled)
        if line.minute < horizon:
            tally.older[to.project.slug] = tally.older.get(to.project.slug, 0) + 1
            continue
        place = (to.number, line.minute, tx.batch.vocabulary.series(tx, to.number, sample))
        stored = tx.execute(
            "SELECT n, errors, total, low, high, buckets FROM sketches WHERE project = ? AND minute = ? AND series = ?",
            place,
        ).fetchone()
        missing = _missing(line, sketch.unpack(stored) if stored else Sketch())
        if missing.n <= 0 or place in sketches:
            continue  # the events said it all
        sketches[place] = missing
        if line.histogram is not None:
            held = tx.execute(
                "SELECT buckets FROM histograms WHERE project = ? AND minute = ? AND series = ?", place
            ).fetchone()
            before: dict[str, int] = msgspec.json.decode(held[0]) if held else {}
            histograms[place] = Counter({up_to: n - before.get(up_to, 0) for up_to, n in line.histogram.items()})
        tally.new += 1
    rollups.add_late(tx, sketches, histograms)
    series.add_sketches(tx, sketches)
    series.add_histograms(tx, histograms)
    return tally


def _missing(line: records.Figures, stored: Sketch) -> Sketch:
    """What a minute of a series lacks of what a line says."""
    buckets = {bucket: n - stored.buckets.get(bucket, 0) for bucket, n in line.buckets.items()}
    return Sketch(
        n=line.n - stored.n,
        errors=max(line.errors - stored.errors, 0),
        total=line.total - stored.total,
        low=line.low,
        high=line.high,
        buckets={bucket: n for bucket, n in buckets.items() if n > 0},
    )
