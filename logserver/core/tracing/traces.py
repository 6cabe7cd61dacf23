"""The traces of a while, newest first, by their root spans."""

import msgspec

from logserver.store.tx import Tx


class Summary(msgspec.Struct, frozen=True):
    """A trace in a list, as its root span tells of it."""

    trace_id: str
    name: str
    kind: str
    service: str
    environment: str
    release: str
    started: int
    """Unix microseconds."""
    duration_ms: float
    """Of the root span."""
    failed: bool
    """Whether the root span has failed."""
    spans: int
    errors: int
    """Errors that name the trace."""


class Traces(msgspec.Struct, frozen=True):
    """A page of traces."""

    traces: list[Summary]
    next: str | None
    """The cursor of the older page; None where nothing older is left."""
    partial: bool
    """Whether the page is short because enough rows were looked at; the cursor goes on from there."""


def traces(
    tx: Tx,
    project: int,
    since_ms: int,
    until_ms: int,
    *,
    name: str = "",
    environment: str = "",
    min_duration_ms: float = 0,
    failed: bool = False,
    limit: int,
    cursor: str | None = None,
) -> Traces:
    """The newest ``limit`` traces whose root span began in a time range, or those on from a cursor.

    ``name`` is that of the root span, ``failed`` asks for failed ones only. Raises CursorError.
    """
    raise NotImplementedError
