"""Traces: those of a while, and one as a tree."""

import re

from logserver.contracts.logister.reads import timing_wire
from logserver.contracts.logister.reads.asking import LONGEST_TEXT, Asked, fields_of, limit_of, period_of
from logserver.contracts.logister.reads.wire import Event
from logserver.core.projects import Project
from logserver.core.records import public_id, record
from logserver.core.times import iso_text
from logserver.core.tracing import trace as core_trace
from logserver.core.tracing import traces as core_traces
from logserver.core.tracing.tree import Span
from logserver.store.errors import CursorError
from logserver.store.tx import Tx

_MOST_MS = 999_999_999
_PLACE = re.compile("([0-9]{1,15})-([0-9]{1,15})-(.+)", re.DOTALL)


def page(tx: Tx, project: Project, asked: Asked) -> timing_wire.Traces:
    """GET …/traces: a page, newest first."""
    fields = fields_of(asked)
    since, until = period_of(fields, asked)
    name, environment, cursor = (fields.text(key, longest=LONGEST_TEXT) for key in ("name", "environment", "cursor"))
    shortest = fields.integer("min_duration_ms", 0, _MOST_MS)
    failed = fields.choice("failed", ("true", "false"))
    limit = limit_of(fields)
    fields.done()
    if cursor is not None:
        # The time that a question is about was told in relation to its first page.
        since, until, cursor = _read(cursor)
    found = core_traces.traces(
        tx,
        project.number,
        since,
        until,
        name=name or "",
        environment=environment or "",
        min_duration_ms=shortest or 0,
        failed=failed == "true",
        limit=limit,
        cursor=cursor,
    )
    onward = f"{since}-{until}-{found.next}" if found.next is not None else None
    return timing_wire.Traces([_summary(each) for each in found.traces], onward, found.partial)


def one(tx: Tx, project: Project, asked: Asked) -> timing_wire.Trace:
    """GET …/traces/{trace_id}: a trace as a tree; raises NotFound."""
    found = core_trace.trace(tx, project.number, asked.params["trace_id"])
    return timing_wire.Trace(
        found.trace_id,
        project.slug,
        iso_text(found.started),
        found.duration / 1_000,
        [_span(span, asked) for span in found.spans],
        [
            timing_wire.Beside(
                each.offset / 1_000, each.span_id or None, Event(**record(each.event, project.slug, asked.spelling))
            )
            for each in found.beside
        ],
        found.truncated,
    )


def _read(cursor: str) -> tuple[int, int, str]:
    read = _PLACE.fullmatch(cursor)
    if read is None:
        raise CursorError("this is no cursor")
    return int(read[1]), int(read[2]), read[3]


def _span(span: Span, asked: Asked) -> timing_wire.Span:
    return timing_wire.Span(
        span.span_id,
        span.parent_id or None,
        span.name,
        span.kind,
        span.service,
        span.offset / 1_000,
        span.duration / 1_000,
        span.failed,
        span.depth,
        span.descendants,
        span.critical,
        span.own_critical / 1_000,
        public_id(span.event, asked.spelling),
    )


def _summary(found: core_traces.Summary) -> timing_wire.TraceSummary:
    return timing_wire.TraceSummary(
        found.trace_id,
        found.name,
        found.kind,
        found.service,
        found.environment,
        found.release,
        iso_text(found.started),
        found.duration_ms,
        found.failed,
        found.spans,
        found.errors,
    )
