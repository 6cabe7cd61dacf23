"""Series and their charts: what is there to be drawn, and its figures by time."""

import msgspec

from logserver.core import projects
from logserver.core.faults import NotFound
from logserver.store import charts, rollups
from logserver.store.samples import SPAN_KIND
from logserver.store.sketch import Sketch
from logserver.store.tx import Tx

KINDS = ("metric", "transaction", SPAN_KIND, "span", "check_in")
"""What can be charted, as it is listed: metrics, and durations of everything that has one."""

ROLLED_AFTER_MS = 600_000
"""Minutes are put together when they are so old: until then most of what is late has come."""

ROLLED_AT_ONCE = 100
"""Sketches of a pass between the writes of others."""


class Series(msgspec.Struct, frozen=True):
    """Something that can be charted."""

    kind: str
    """``metric``, ``transaction``, ``span``, ``check_in``, or ``span_kind``: all spans of a kind together."""
    name: str
    unit: str | None
    newest_ms: int
    """The minute of its newest number, in Unix milliseconds."""


class Figures(msgspec.Struct, frozen=True):
    """The numbers of a while, summed up. Percentiles are within 1 % (store/sketch.py); all else is exact."""

    start_ms: int
    n: int
    errors: int
    total: float
    low: float
    high: float
    mean: float
    p50: float
    p90: float
    p95: float
    p99: float


class Bar(msgspec.Struct, frozen=True):
    """How many values of a histogram lie above the bound before it, up to this one."""

    bound: str
    """As spelled by who measured: ``0.5``, ``+Inf``."""
    n: int


class Chart(msgspec.Struct, frozen=True):
    """The figures of a series over time."""

    kind: str
    name: str
    unit: str | None
    since_ms: int
    until_ms: int
    bucket_ms: int
    points: list[Figures]
    """By buckets of Unix time, oldest first; those without numbers are left out."""
    whole: Figures | None
    """Of the whole window; None where there are no numbers in it."""
    bars: list[Bar]
    """Of a histogram its values in the whole window, by ascending bound; empty for all else."""


def catalog(tx: Tx, project: int) -> list[Series]:
    """Every series of a project, by kind and name."""
    known: dict[tuple[str, str], charts.Named] = {}
    for each in charts.named(tx, project, KINDS):
        held = known.get((each.kind, each.name))
        if held is None or each.newest > held.newest:
            known[each.kind, each.name] = each
    return [
        Series(kind, name, each.unit, each.newest * 60_000)
        for (kind, name), each in sorted(known.items(), key=lambda pair: (KINDS.index(pair[0][0]), pair[0][1]))
    ]


def query(
    tx: Tx,
    project: int,
    name: str,
    kind: str,
    *,
    since_ms: int,
    until_ms: int,
    bucket_ms: int,
    environment: str = "",
    release: str = "",
) -> Chart:
    """The figures of a series by ``bucket_ms`` (whole minutes), of all environments and releases or of one.

    Counted by whole minutes: those in which the window begins and ends count as a whole. Raises NotFound where
    the project has no such series.
    """
    found = charts.named(tx, project, (kind,), name=name)
    if not found:
        raise NotFound("there is no such series")
    numbers = [
        each.number
        for each in found
        if environment in {"", each.environment} and release in {"", each.release} and each.newest >= since_ms // 60_000
    ]
    window = charts.Window.of(since_ms, until_ms, bucket_ms)
    by_bucket: dict[int, Sketch] = {}
    for cell in charts.cells(tx, project, numbers, window):
        by_bucket.setdefault(cell.start // window.step * window.step, Sketch()).merge(cell.sketch)
    whole = Sketch()
    for part in by_bucket.values():
        whole.merge(part)
    bars = charts.histogram(tx, project, numbers, window) if kind == "metric" and numbers else {}
    return Chart(
        kind,
        name,
        max(found, key=lambda each: each.newest).unit,
        since_ms,
        until_ms,
        window.step * 60_000,
        [figures(start * 60_000, by_bucket[start]) for start in sorted(by_bucket)],
        figures(since_ms, whole) if whole.n else None,
        [Bar(bound, bars[bound]) for bound in sorted(bars, key=float)],
    )


def figures(start_ms: int, sketch: Sketch) -> Figures:
    """The figures of a sketch with numbers in it."""
    p50, p90, p95, p99 = sketch.percentiles((0.5, 0.9, 0.95, 0.99))
    return Figures(
        start_ms,
        sketch.n,
        sketch.errors,
        sketch.total,
        sketch.low,
        sketch.high,
        sketch.total / sketch.n,
        p50,
        p90,
        p95,
        p99,
    )


def roll_up(tx: Tx, now_ms: int) -> bool:
    """One pass of putting past minutes together, so that long windows are read quickly; whether there may be more."""
    before = (now_ms - ROLLED_AFTER_MS) // 60_000
    return any(rollups.roll(tx, project.number, before, ROLLED_AT_ONCE) for project in projects.every(tx))
