"""Series and their charts: what is there to be drawn, and its figures by time."""

import msgspec

from logserver.store.tx import Tx


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
    raise NotImplementedError


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
    raise NotImplementedError
