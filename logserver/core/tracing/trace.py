"""One trace: its spans as a tree with their places in time, the critical path, and what was logged meanwhile."""

import msgspec

from logserver.store.events import Event
from logserver.store.tx import Tx

MOST_EVENTS = 3_000
"""How many spans, logs and errors of a trace are shown: the first ones."""


class Span(msgspec.Struct):
    """A span within its trace; times in microseconds."""

    event: Event
    """Its record, with all of its attributes in the context."""
    span_id: str
    parent_id: str
    """Empty for a root; the parent need not have been sent."""
    name: str
    kind: str
    """app, browser, cache, db, http, internal, queue, render, resource or server."""
    service: str
    offset: int
    """From the beginning of the trace."""
    duration: int
    failed: bool
    depth: int = 0
    """0 for a root."""
    descendants: int = 0
    """How many spans stand below it: in Trace.spans they follow it at once."""
    own_critical: int = 0
    """How much of the trace's time this span itself, and none below it, was what the trace waited for."""
    critical: bool = False
    """Whether it is on the critical path."""


class Beside(msgspec.Struct):
    """A log, an error or another event with the trace's id."""

    event: Event
    offset: int
    """Microseconds from the beginning of the trace; it may lie before."""
    span_id: str


class Trace(msgspec.Struct):
    """A trace as far as it was sent."""

    trace_id: str
    started: int
    """Unix microseconds."""
    duration: int
    """From the beginning of the first span to the end of the last, in microseconds."""
    spans: list[Span]
    """Depth first: each span is followed by those below it, siblings by their beginning."""
    beside: list[Beside]
    """By time."""
    truncated: bool
    """Whether there is more than is told here."""


def trace(tx: Tx, project: int, trace_id: str) -> Trace:
    """The trace of an id; raises NotFound where the project has no event that names it."""
    raise NotImplementedError
