"""A trace as rows with bars: where in time each span lies, what is folded away, what happened beside it."""

import itertools
from collections import Counter
from typing import NamedTuple

from logserver.core.tracing.trace import Trace
from logserver.core.tracing.tree import Span
from logserver.store.words import severity

DEEPEST = 24
"""Levels that are set in; spans below them stand under one another."""

MANY = 60
"""With more spans than this, what says little is folded at first."""

TELLING = 0.03
"""What the trace waited for itself for so much of its time is not folded away, nor what failed."""


class Row(NamedTuple):
    """A span in the waterfall; places and widths in per cent of the whole trace."""

    span: Span
    indent: int
    x: float
    width: float
    folded: bool
    """Whether what is below it is folded away at first."""
    hidden: bool
    """Whether it is below something that is folded at first."""
    errors: int
    logs: int


class KindShare(NamedTuple):
    """How much of what a trace waited for was of a kind."""

    kind: str
    spans: int
    waited: int
    """Microseconds on the critical path."""
    share: float


def drawn(trace: Trace, most: int) -> list[Row]:
    """The first ``most`` rows, in the order of the spans."""
    whole = max(trace.duration, 1)
    errors: Counter[str] = Counter()
    logs: Counter[str] = Counter()
    for beside in trace.beside:
        if beside.span_id:
            grave = beside.event.type == "error" or severity(beside.event.level) in {"error", "fatal"}
            (errors if grave else logs)[beside.span_id] += 1
    # How many spans before each place must not be folded away: whatever is below one is a run of them.
    telling = [0, *itertools.accumulate(_matters(span, errors, whole) for span in trace.spans)]
    folds = len(trace.spans) > MANY
    rows: list[Row] = []
    hidden_until = 0
    for at, span in enumerate(trace.spans[:most]):
        hidden = at < hidden_until
        end = at + 1 + span.descendants
        folded = folds and span.descendants > 0 and telling[end] == telling[at + 1]
        if folded and not hidden:
            hidden_until = end
        x = min(max(span.offset / whole, 0.0), 1.0)
        width = min(span.duration / whole, 1.0 - x)
        rows.append(
            Row(
                span,
                min(span.depth, DEEPEST),
                round(x * 100, 3),
                round(max(width * 100, 0.15), 3),
                folded,
                hidden,
                errors[span.span_id],
                logs[span.span_id],
            )
        )
    return rows


def _matters(span: Span, errors: Counter[str], whole: int) -> bool:
    return span.failed or errors[span.span_id] > 0 or span.own_critical >= whole * TELLING


def by_kind(trace: Trace) -> list[KindShare]:
    """What the trace waited for, by kind of span, the longest first."""
    waited: Counter[str] = Counter()
    spans: Counter[str] = Counter()
    for span in trace.spans:
        waited[span.kind] += span.own_critical
        spans[span.kind] += 1
    whole = sum(waited.values()) or 1
    return [KindShare(kind, spans[kind], time, time / whole) for kind, time in waited.most_common()]
