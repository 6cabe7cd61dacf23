"""The spans of a trace, and the order that their parents give them.

What senders say of parents is not to be relied on: a parent may be missing, or stand below its own child.
"""

import msgspec

from logserver.store.events import Event


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


def ordered(spans: list[Span]) -> list[Span]:
    """The spans depth first, siblings by their beginning, with their depths and how many are below them.

    A span whose parent is not among them is a root. Where parents go round in a circle, the one of them that
    begins first is made a root.
    """
    spans = sorted(spans, key=lambda span: (span.offset, -span.duration, span.event.id))
    known = {span.span_id for span in spans}
    children: dict[str, list[Span]] = {}
    roots = []
    for span in spans:
        if span.parent_id and span.parent_id in known and span.parent_id != span.span_id:
            children.setdefault(span.parent_id, []).append(span)
        else:
            roots.append(span)
    found: list[Span] = []
    placed: set[int] = set()
    for start in [*roots, *spans]:
        _place(start, children, found, placed)
    _count(found)
    return found


def _place(start: Span, children: dict[str, list[Span]], found: list[Span], placed: set[int]) -> None:
    waiting = [(start, 0)]
    while waiting:
        span, depth = waiting.pop()
        if span.event.id in placed:
            continue
        placed.add(span.event.id)
        span.depth = depth
        found.append(span)
        waiting += [(child, depth + 1) for child in reversed(children.get(span.span_id, ()))]


def _count(found: list[Span]) -> None:
    """Count for each span how many follow it at a greater depth."""
    open_spans: list[tuple[int, Span]] = []
    for at, span in enumerate(found):
        while open_spans and open_spans[-1][1].depth >= span.depth:
            begun, ended = open_spans.pop()
            ended.descendants = at - begun - 1
        open_spans.append((at, span))
    for begun, ended in open_spans:
        ended.descendants = len(found) - begun - 1


def text(value: object) -> str:
    """What a client sent as a name: its text, or the digits of a number."""
    return value if isinstance(value, str) else str(value) if type(value) is int and abs(value) < 1 << 64 else ""
