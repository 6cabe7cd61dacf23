"""One trace: its spans as a tree with their places in time, the critical path, and what was logged meanwhile."""

import msgspec

from logserver.core.faults import NotFound
from logserver.core.tracing import critical_path, tree
from logserver.core.tracing.tree import Span, text
from logserver.store import spans
from logserver.store.events import Event
from logserver.store.samples import is_failure, sample_of
from logserver.store.tx import Tx

_LONGEST_MS = 1e12
MOST_EVENTS = 3_000
"""How many spans, logs and errors of a trace are shown: the first ones."""


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
    found, truncated = spans.of_trace(tx, project, trace_id, MOST_EVENTS)
    if not found:
        raise NotFound("there is no such trace")
    shown = [_span(event) for event in found if event.type == "span"]
    started = min((span.event.time for span in shown), default=found[0].time)
    for span in shown:
        span.offset = span.event.time - started
    ended = max((span.offset + span.duration for span in shown), default=max(each.time for each in found) - started)
    ordered = tree.ordered(shown)
    critical_path.mark(ordered)
    return Trace(
        trace_id,
        started,
        ended,
        ordered,
        [
            Beside(event, event.time - started, text(event.context.get("span_id")))
            for event in sorted(found, key=lambda event: event.time)
            if event.type != "span"
        ],
        truncated,
    )


def _span(event: Event) -> Span:
    context = event.context
    sample = sample_of(event)
    return Span(
        event,
        text(context.get("span_id")),
        text(context.get("parent_span_id")),
        event.message,
        text(context.get("kind")) or "internal",
        text(context.get("service")),
        0,
        round(min(max(sample.value, 0.0), _LONGEST_MS) * 1000) if sample is not None else 0,
        is_failure(event),
    )
