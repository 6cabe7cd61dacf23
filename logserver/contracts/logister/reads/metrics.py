"""Performance and metrics: figures by time, from what was counted as it arrived."""

import msgspec

from logserver.api.fields import Fields
from logserver.contracts.logister.reads import timing_wire
from logserver.contracts.logister.reads.asking import DAY_MS, LONGEST_TEXT, Asked, Period, fields_of, period_of
from logserver.core import charts
from logserver.core.projects import Project
from logserver.core.records import public_id
from logserver.core.times import iso_text
from logserver.core.tracing import performance
from logserver.core.tracing.timings import Timing
from logserver.store import events
from logserver.store.tx import Tx

KINDS = ("metric", "transaction", "span", "check_in", "span_kind")
MOST_BUCKETS = 1_500
LONGEST_MS = 31 * DAY_MS
"""The longest time that is charted."""

_MINUTE_MS = 60_000
_HOUR_MS = 3_600_000


def insights(tx: Tx, project: Project, asked: Asked) -> timing_wire.Insights:
    """GET …/insights: transactions, releases, database load and kinds of spans of a while."""
    fields = fields_of(asked)
    since, until = _bounded(fields, period_of(fields, asked))
    environment, release = (fields.text(name, longest=LONGEST_TEXT) for name in ("environment", "release"))
    fields.done()
    found = performance.performance(
        tx, project.number, since, until, environment=environment or "", release=release or ""
    )
    return timing_wire.Insights(
        _time(since),
        _time(until),
        found.bucket_ms // 1_000,
        _timing(found.overall) if found.overall is not None else None,
        [
            timing_wire.Moment(_time(each.start_ms), each.count, each.errors, each.p50, each.p95)
            for each in found.moments
        ],
        [_timing(each) for each in found.transactions],
        [_timing(each) for each in found.releases],
        _timing(found.database) if found.database is not None else None,
        [_timing(each) for each in found.kinds],
        [_slow(tx, each, asked) for each in found.slowest],
    )


def catalog(tx: Tx, project: Project, asked: Asked) -> timing_wire.Catalog:
    """GET …/metrics/catalog: what can be charted."""
    fields = fields_of(asked)
    kind = fields.choice("kind", KINDS)
    fields.done()
    return timing_wire.Catalog(
        [
            timing_wire.Series(each.kind, each.name, each.unit, _time(each.newest_ms))
            for each in charts.catalog(tx, project.number)
            if kind in {None, each.kind}
        ]
    )


def query(tx: Tx, project: Project, asked: Asked) -> timing_wire.Chart:
    """GET …/metrics/query: the figures of a series; raises NotFound where there is none of its name."""
    fields = fields_of(asked)
    name = fields.text("name", longest=LONGEST_TEXT, required=True)
    kind = fields.choice("kind", KINDS) or "metric"
    since, until = _bounded(fields, period_of(fields, asked))
    bucket = fields.integer("bucket_seconds", 60, LONGEST_MS // 1_000)
    if bucket is not None and bucket % 60:
        fields.wrong("bucket_seconds", "Must be a multiple of 60")
    bucket_ms = _bucket_ms(since, until) if bucket is None else bucket * 1_000
    if (until - since) // bucket_ms > MOST_BUCKETS:
        fields.wrong("bucket_seconds", f"Must make at most {MOST_BUCKETS} buckets of the time asked for")
    environment, release = (fields.text(each, longest=LONGEST_TEXT) for each in ("environment", "release"))
    fields.done()
    found = charts.query(
        tx,
        project.number,
        name or "",
        kind,
        since_ms=since,
        until_ms=until,
        bucket_ms=bucket_ms,
        environment=environment or "",
        release=release or "",
    )
    return timing_wire.Chart(
        found.kind,
        found.name,
        found.unit,
        _time(since),
        _time(until),
        bucket_ms // 1_000,
        [_figures(each) for each in found.points],
        _figures(found.whole) if found.whole is not None else None,
    )


def _bounded(fields: Fields, period: Period) -> Period:
    if period.until_ms - period.since_ms > LONGEST_MS + 1:
        fields.wrong("since", "Must be at most 31 days before until")
    return period


def _bucket_ms(since_ms: int, until_ms: int) -> int:
    """The product's buckets: a minute in an hour, an hour in a day, a day in more."""
    length = until_ms - since_ms - 1
    if length <= 2 * _HOUR_MS:
        return _MINUTE_MS
    return _HOUR_MS if length <= DAY_MS else DAY_MS


def _slow(tx: Tx, found: performance.Slow, asked: Asked) -> timing_wire.Slow:
    event = events.read(tx, found.event)
    return timing_wire.Slow(
        public_id(event, asked.spelling) if event is not None else None,
        found.name,
        _time(found.at_ms),
        found.duration_ms,
        found.environment,
        found.release,
        found.trace_id,
        found.failed,
    )


def _figures(found: charts.Figures) -> timing_wire.Figures:
    values = {name: getattr(found, name) for name in timing_wire.Figures.__struct_fields__ if name != "at"}
    return timing_wire.Figures(at=_time(found.start_ms), **values)


def _timing(found: Timing) -> timing_wire.Timing:
    return msgspec.convert(found, timing_wire.Timing, from_attributes=True)


def _time(ms: int) -> str:
    return iso_text(ms * 1_000)
