"""How fast a project answers: transactions, releases, database load and where the time of requests goes."""

from collections.abc import Iterable
from heapq import nlargest

import msgspec

from logserver.core.tracing.timings import Timing, timing
from logserver.core.tracing.tree import text
from logserver.store import charts, spans
from logserver.store.charts import Cell, Named, Window
from logserver.store.events import Event
from logserver.store.samples import SPAN_KIND, sample_of
from logserver.store.sketch import Sketch
from logserver.store.tx import Tx

DATABASE = "db.query"
"""The metric that clients send of each query."""

MOST = 100
"""Transactions, and releases, that are listed."""

_EXAMINED = 5_000
"""Events of a minute among which the slowest are looked for."""

_BUCKETS_MS = (60_000, 300_000, 600_000, 3_600_000, 21_600_000, 86_400_000)
_BUCKETS = 75


class Moment(msgspec.Struct, frozen=True):
    """All transactions of a bucket of time."""

    start_ms: int
    count: int
    errors: int
    p50: float
    p95: float


class Slow(msgspec.Struct, frozen=True):
    """One of the slowest transactions."""

    event: int
    """Its packed id."""
    name: str
    at_ms: int
    duration_ms: float
    environment: str
    release: str
    trace_id: str
    failed: bool


class Performance(msgspec.Struct, frozen=True):
    """A project's performance in a time range."""

    since_ms: int
    until_ms: int
    bucket_ms: int
    overall: Timing | None
    """All transactions together; None where there are none."""
    moments: list[Moment]
    """Oldest first; buckets without transactions are left out."""
    transactions: list[Timing]
    """Those that took the most time in all first."""
    releases: list[Timing]
    """By release (empty: none said), the newest first."""
    database: Timing | None
    """The metric ``db.query`` with its durations; None where there is none."""
    kinds: list[Timing]
    """All spans by their kind, those that took the most time in all first; spans contain one another."""
    slowest: list[Slow]
    """Single transactions, the slowest first."""
    environments: list[str]
    """Those there are to choose from."""


def bucket_for(since_ms: int, until_ms: int) -> int:
    """How long the buckets of a chart of this window are, in milliseconds: at most 75 of them, as far as days go."""
    return next((bucket for bucket in _BUCKETS_MS if (until_ms - since_ms) / bucket <= _BUCKETS), _BUCKETS_MS[-1])


def performance(
    tx: Tx, project: int, since_ms: int, until_ms: int, *, environment: str = "", release: str = "", slowest: int = 10
) -> Performance:
    """The performance of a project in a time range, of all environments and releases or of one.

    Counted by whole minutes: those in which the range begins and ends count as a whole.
    """
    bucket_ms = bucket_for(since_ms, until_ms)
    window = Window.of(since_ms, until_ms, bucket_ms)
    known = {
        each.number: each
        for kinds, name in ((("transaction", SPAN_KIND), None), (("metric",), DATABASE))
        for each in charts.named(
            tx, project, kinds, name=name, environment=environment, release=release, since=window.since
        )
    }
    sums = _Sums(window, known)
    sums.add(charts.cells(tx, project, list(known), window))
    minutes = max(window.until - window.since, 1)
    return Performance(
        since_ms,
        until_ms,
        bucket_ms,
        timing("", sums.overall, minutes) if sums.overall.n else None,
        [_moment(start, sums.moments[start]) for start in sorted(sums.moments)],
        _timings(sums.named["transaction"], minutes),
        [
            timing(name, sums.releases[name], minutes)
            for name in sorted(sums.releases, key=lambda name: -sums.newest[name])[:MOST]
        ],
        timing(DATABASE, database, minutes) if (database := sums.named["metric"].get(DATABASE)) else None,
        _timings(sums.named[SPAN_KIND], minutes),
        _slowest(tx, project, sums.tops(slowest), slowest, environment=environment, release=release),
        charts.environments(tx, project),
    )


class _Sums:
    """Everything that one walk over the cells of a window adds up."""

    def __init__(self, window: Window, known: dict[int, Named]) -> None:
        self._window = window
        self._known = known
        self.overall = Sketch()
        self.moments: dict[int, Sketch] = {}
        self.named: dict[str, dict[str, Sketch]] = {"transaction": {}, SPAN_KIND: {}, "metric": {}}
        self.releases: dict[str, Sketch] = {}
        self.newest: dict[str, int] = {}
        self._transactions: list[Cell] = []

    def add(self, cells: Iterable[Cell]) -> None:
        """Add the cells of the series that are known."""
        step = self._window.step
        by_series: dict[int, Sketch] = {}
        for cell in cells:
            by_series.setdefault(cell.series, Sketch()).merge(cell.sketch)
            if self._known[cell.series].kind == "transaction":
                self._transactions.append(cell)
                self.moments.setdefault(cell.start // step * step, Sketch()).merge(cell.sketch)
        for number, sketch in by_series.items():
            series = self._known[number]
            self.named[series.kind].setdefault(series.name, Sketch()).merge(sketch)
            if series.kind == "transaction":
                self.overall.merge(sketch)
                self.releases.setdefault(series.release, Sketch()).merge(sketch)
                self.newest[series.release] = max(self.newest.get(series.release, 0), series.newest)

    def tops(self, limit: int) -> list[Cell]:
        """The cells with the slowest transactions."""
        return nlargest(limit, self._transactions, key=lambda cell: cell.sketch.high)


def _moment(minute: int, sketch: Sketch) -> Moment:
    p50, p95 = sketch.percentiles((0.5, 0.95))
    return Moment(minute * 60_000, sketch.n, sketch.errors, p50, p95)


def _timings(named: dict[str, Sketch], minutes: int) -> list[Timing]:
    heaviest = nlargest(MOST, named, key=lambda name: named[name].total)
    return [timing(name, named[name], minutes) for name in heaviest]


def _slowest(tx: Tx, project: int, tops: list[Cell], limit: int, *, environment: str, release: str) -> list[Slow]:
    found = charts.highest_minutes(tx, project, tops, limit)
    if not found:
        return []
    # With as many minutes as are wanted of transactions, none slower than the last of them lies elsewhere.
    at_least_ms = found[-1].high if len(found) == limit else 0.0
    minutes = sorted({each.minute for each in found})
    facets = {"type": "transaction", "environment": environment, "release": release}
    candidates = spans.slowest(tx, project, facets, minutes, at_least_ms=at_least_ms, limit=limit, examined=_EXAMINED)
    return [_slow(event) for event in candidates]


def _slow(event: Event) -> Slow:
    context = event.context
    sample = sample_of(event)
    assert sample is not None  # noqa: S101 - only events with a duration are found
    return Slow(
        event.id,
        sample.name,
        event.time // 1000,
        sample.value,
        sample.environment,
        sample.release,
        text(context.get("trace_id")),
        sample.error,
    )
