"""The JSON of traces, performance and metrics. Times are ISO 8601 in UTC, durations milliseconds."""

import msgspec

from logserver.contracts.logister.reads.wire import Event


class TraceSummary(msgspec.Struct):
    """A trace in a list, as its root span tells of it."""

    trace_id: str
    name: str
    kind: str
    service: str
    environment: str
    release: str
    started_at: str
    duration_ms: float
    failed: bool
    spans: int
    errors: int


class Traces(msgspec.Struct):
    """Traces, newest first."""

    items: list[TraceSummary]
    next_cursor: str | None
    partial: bool
    """Whether the page is short because enough was looked at: ask on with the cursor."""


class Span(msgspec.Struct):
    """A span within its trace."""

    span_id: str
    parent_span_id: str | None
    name: str
    kind: str
    service: str
    offset_ms: float
    """From the beginning of the trace."""
    duration_ms: float
    failed: bool
    depth: int
    """0 for a root."""
    descendants: int
    """How many of the spans that follow stand below it."""
    critical: bool
    """Whether it is on the critical path."""
    critical_ms: float
    """How much of the trace's time this span itself was what the trace waited for."""
    event_id: str


class Beside(msgspec.Struct):
    """A log, an error or another event of a trace."""

    offset_ms: float
    span_id: str | None
    event: Event


class Trace(msgspec.Struct):
    """A trace as far as it was sent."""

    trace_id: str
    project: str
    started_at: str
    duration_ms: float
    spans: list[Span]
    """Depth first: each span is followed by those below it, siblings by their beginning."""
    beside: list[Beside]
    """By time."""
    truncated: bool
    """Whether there is more than is told here."""


class Timing(msgspec.Struct):
    """Durations of a name. Percentiles are within 1 % of a true one; counts are exact."""

    name: str
    count: int
    per_minute: float
    mean: float
    p50: float
    p95: float
    slowest: float
    error_rate: float
    """From 0 to 1."""
    apdex: float
    """With T = 300 ms."""


class Moment(msgspec.Struct):
    """All transactions of a bucket of time."""

    at: str
    count: int
    errors: int
    p50: float
    p95: float


class Slow(msgspec.Struct):
    """One of the slowest transactions."""

    event_id: str | None
    name: str
    at: str
    duration_ms: float
    environment: str
    release: str
    trace_id: str
    failed: bool


class Insights(msgspec.Struct):
    """How a project performs."""

    since: str
    until: str
    bucket_seconds: int
    overall: Timing | None
    moments: list[Moment]
    transactions: list[Timing]
    releases: list[Timing]
    database: Timing | None
    """The metric `db.query`."""
    span_kinds: list[Timing]
    slowest: list[Slow]


class Series(msgspec.Struct):
    """Something that can be charted."""

    kind: str
    name: str
    unit: str | None
    newest_at: str


class Catalog(msgspec.Struct):
    """Every series of a project, by kind and name."""

    items: list[Series]


class Figures(msgspec.Struct):
    """The numbers of a while, summed up."""

    at: str
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


class Chart(msgspec.Struct):
    """The figures of a series over time; buckets without numbers are left out."""

    kind: str
    name: str
    unit: str | None
    since: str
    until: str
    bucket_seconds: int
    points: list[Figures]
    whole: Figures | None
