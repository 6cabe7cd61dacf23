"""How fast a project answers: transactions, releases, database load and where the time of requests goes."""

import msgspec

from logserver.store.tx import Tx

APDEX_MS = 300
"""T of the apdex: what takes no longer satisfies; up to four times as long is tolerated."""


class Timing(msgspec.Struct, frozen=True):
    """Durations of a name, in milliseconds. Percentiles are within 1 % of a true one; counts are exact."""

    name: str
    count: int
    per_minute: float
    total: float
    mean: float
    p50: float
    p95: float
    slowest: float
    error_rate: float
    """A share of 1: level error or fatal, or a status of 500 and above."""
    apdex: float
    """From 0 to 1."""
    apdex_margin: float
    """By how much the apdex may be off: what lies within 2 % of a threshold counts in part."""


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


def performance(
    tx: Tx, project: int, since_ms: int, until_ms: int, *, environment: str = "", release: str = "", slowest: int = 10
) -> Performance:
    """The performance of a project in a time range, of all environments and releases or of one.

    Counted by whole minutes: those in which the range begins and ends count as a whole.
    """
    raise NotImplementedError
