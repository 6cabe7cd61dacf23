"""Reads what was summed up of series: by minutes where it must be, by longer spans where it can be."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import msgspec

from logserver.store import sketch
from logserver.store.rollups import SPANS, rolled_through
from logserver.store.sketch import Sketch
from logserver.store.tx import Tx

_SEEKS = 20_000
"""Minutes times series that are looked up one by one; beyond that whole minutes are read."""


class Named(NamedTuple):
    """A series as it is stored."""

    number: int
    kind: str
    name: str
    environment: str
    release: str
    unit: str | None
    newest: int
    """The last Unix minute it has numbers of."""


class Window(NamedTuple):
    """A range of Unix minutes, the last one left out, in buckets of ``step`` minutes of Unix time."""

    since: int
    until: int
    step: int

    @classmethod
    def of(cls, since_ms: int, until_ms: int, bucket_ms: int) -> "Window":
        """The whole minutes that a time in Unix milliseconds touches."""
        return cls(since_ms // 60_000, -(-until_ms // 60_000), max(bucket_ms // 60_000, 1))


class Cell(NamedTuple):
    """The numbers of a series in some minutes that lie in one bucket of a window."""

    span: int
    """How many minutes."""
    start: int
    """The first of them, in Unix minutes."""
    series: int
    sketch: Sketch


class Piece(NamedTuple):
    """A part of a window that is read by spans of one length, in Unix minutes."""

    span: int
    since: int
    until: int


def named(
    tx: Tx,
    project: int,
    kinds: Sequence[str],
    *,
    name: str | None = None,
    environment: str = "",
    release: str = "",
    since: int = 0,
) -> list[Named]:
    """The series of some kinds, and of one name if wanted, that have numbers since a Unix minute."""
    marks = ", ".join("?" * len(kinds))
    rows = tx.execute(
        "SELECT id, kind, name, environment, release, unit, newest FROM series"
        f" WHERE project = ? AND kind IN ({marks}) AND (? IS NULL OR name = ?) AND (? = '' OR environment = ?)"
        " AND (? = '' OR release = ?) AND newest >= ?",
        (project, *kinds, name, name, environment, environment, release, release, since),
    )
    return [Named(*row) for row in rows]


def environments(tx: Tx, project: int) -> list[str]:
    """The environments that a project's events name, by name."""
    rows = tx.execute("SELECT DISTINCT environment FROM dimensions WHERE project = ? AND environment != ''", (project,))
    return sorted(name for (name,) in rows)


def pieces(window: Window, through: int) -> list[Piece]:
    """The window in spans as long as its buckets allow, of those that were rolled up before a Unix minute."""
    found = [Piece(1, window.since, window.until)]
    for span in SPANS:
        if window.step % span:
            break
        longer: list[Piece] = []
        for piece in found:
            since, until = -(-piece.since // span) * span, min(piece.until, through) // span * span
            if piece.span != shorter(span) or since >= until:
                longer.append(piece)
                continue
            parts = (
                Piece(piece.span, piece.since, since),
                Piece(span, since, until),
                Piece(piece.span, until, piece.until),
            )
            longer += [part for part in parts if part.since < part.until]
        found = longer
    return found


def shorter(span: int) -> int:
    """The span that is put together to this one; 1 for minutes."""
    at = SPANS.index(span)
    return SPANS[at - 1] if at else 1


def cells(tx: Tx, project: int, series: Sequence[int], window: Window) -> Iterator[Cell]:
    """Everything that some series hold in a window, in no order of time."""
    if not series:
        return
    wanted = msgspec.json.encode(series).decode()
    for span, since, until in pieces(window, rolled_through(tx, project)):
        for start, number, *row in _rows(tx, project, series, wanted, Piece(span, since, until)):
            yield Cell(span, start, number, sketch.unpack((row[0], row[1], row[2], row[3], row[4], row[5])))


_NUMBERS = "k.n, k.errors, k.total, k.low, k.high, k.buckets"


def _rows(tx: Tx, project: int, series: Sequence[int], wanted: str, piece: Piece) -> Iterator[tuple[Any, ...]]:
    span, since, until = piece
    if span > 1:
        yield from tx.execute(
            f"SELECT k.start, k.series, {_NUMBERS} FROM json_each(?) AS wanted CROSS JOIN sketch_spans AS k"
            " ON k.project = ? AND k.series = wanted.value AND k.span = ? AND k.start >= ? AND k.start < ?",
            (wanted, project, span, since, until),
        )
    elif (until - since) * len(series) <= _SEEKS:
        yield from tx.execute(
            f"SELECT k.minute, k.series, {_NUMBERS} FROM json_each(?) AS minutes CROSS JOIN json_each(?) AS wanted"
            " CROSS JOIN sketches AS k ON k.project = ? AND k.minute = minutes.value AND k.series = wanted.value",
            (str(list(range(since, until))), wanted, project),
        )
    else:
        yield from tx.execute(
            f"SELECT k.minute, k.series, {_NUMBERS} FROM sketches AS k WHERE k.project = ? AND k.minute >= ?"
            " AND k.minute < ? AND k.series IN (SELECT value FROM json_each(?))",
            (project, since, until, wanted),
        )


class High(NamedTuple):
    """The highest number of a series in a minute."""

    minute: int
    """In Unix minutes."""
    series: int
    high: float


def highest_minutes(tx: Tx, project: int, found: Sequence[Cell], limit: int) -> list[High]:
    """Where the highest numbers lie: at most ``limit`` minutes of series, the highest first.

    ``found`` are the cells of a window, or those of them with the highest numbers, ``limit`` at least: the
    highest numbers of all lie in them.
    """
    tops = sorted(((cell.sketch.high, cell.span, cell.start, cell.series) for cell in found), reverse=True)[:limit]
    while any(span > 1 for _, span, _, _ in tops):
        finer: list[tuple[float, int, int, int]] = []
        for high, span, start, series in tops:
            if span == 1:
                finer.append((high, span, start, series))
                continue
            below = shorter(span)
            if below > 1:
                inner = tx.execute(
                    "SELECT high, start FROM sketch_spans WHERE project = ? AND series = ? AND span = ?"
                    " AND start >= ? AND start < ?",
                    (project, series, below, start, start + span),
                )
            else:
                inner = tx.execute(
                    "SELECT k.high, k.minute FROM json_each(?) AS minutes CROSS JOIN sketches AS k"
                    " ON k.project = ? AND k.minute = minutes.value AND k.series = ?",
                    (str(list(range(start, start + span))), project, series),
                )
            finer += [(number, below, at, series) for number, at in inner]
        tops = sorted(finer, reverse=True)[:limit]
    return [High(start, series, high) for high, _, start, series in tops]


def histogram(tx: Tx, project: int, series: Sequence[int], window: Window) -> Counter[str]:
    """How many values of some histograms lie in a window, by upper bound; not cumulative."""
    summed: Counter[str] = Counter()
    wanted = msgspec.json.encode(series).decode()
    # The whole window is one sum, so its buckets do not matter.
    for span, since, until in pieces(window._replace(step=SPANS[-1]), rolled_through(tx, project)):
        if span > 1:
            rows = tx.execute(
                "SELECT k.buckets FROM json_each(?) AS wanted CROSS JOIN histogram_spans AS k"
                " ON k.project = ? AND k.series = wanted.value AND k.span = ? AND k.start >= ? AND k.start < ?",
                (wanted, project, span, since, until),
            )
        else:
            rows = tx.execute(
                "SELECT k.buckets FROM histograms AS k WHERE k.project = ? AND k.minute >= ? AND k.minute < ?"
                " AND k.series IN (SELECT value FROM json_each(?))",
                (project, since, until, wanted),
            )
        for (buckets,) in rows:
            summed.update(msgspec.json.decode(buckets, type=dict[str, int]))
    return summed
