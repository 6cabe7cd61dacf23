"""Spans as they stand in a trace."""

from logserver.core.tracing.tree import Span
from logserver.store.events import Event


def span(
    span_id: str, offset: int, duration: int, parent: str = "", *, kind: str = "app", failed: bool = False
) -> Span:
    """A span from ``offset`` on, in microseconds."""
    at = sum(ord(letter) << 8 * place for place, letter in enumerate(span_id))
    event = Event(id=at, type="span", level="info", message=span_id, context={}, time=offset, received=0)
    return Span(event, span_id, parent, span_id, kind, "", offset, duration, failed)
