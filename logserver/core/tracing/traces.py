"""The traces of a while, newest first, by their root spans."""

import re

import msgspec

from logserver.core.tracing.tree import text
from logserver.store import spans
from logserver.store.errors import CursorError
from logserver.store.events import Event
from logserver.store.ids import LOCAL_BITS, LOCAL_MASK
from logserver.store.samples import is_failure, sample_of
from logserver.store.tx import Tx

EXAMINED = 5_000
"""How many spans one page looks at."""

_CURSOR = re.compile("[0-9]{1,16}", re.ASCII)


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
    found = spans.roots(
        tx,
        project,
        since_ms,
        until_ms,
        below=_read(project, cursor) if cursor is not None else None,
        name=name,
        environment=environment,
        min_duration_ms=min_duration_ms,
        keep=is_failure if failed else _any,
        limit=limit,
        examined=EXAMINED,
    )
    return Traces(
        [_summary(tx, project, root) for root in found.spans],
        str(found.examined & LOCAL_MASK) if found.examined is not None else None,
        partial=found.examined is not None and len(found.spans) < limit,
    )


def _any(_: Event) -> bool:
    return True


def _read(project: int, cursor: str) -> int:
    if not _CURSOR.fullmatch(cursor) or int(cursor) > LOCAL_MASK:
        raise CursorError("this is no cursor")
    return project << LOCAL_BITS | int(cursor)


def _summary(tx: Tx, project: int, root: Event) -> Summary:
    context = root.context
    trace_id = text(context.get("trace_id"))
    counted, errors = spans.numbers(tx, project, trace_id)
    sample = sample_of(root)
    return Summary(
        trace_id,
        root.message,
        text(context.get("kind")),
        text(context.get("service")),
        root.environment(),
        text(context.get("release")),
        root.time,
        sample.value if sample is not None else 0.0,
        is_failure(root),
        counted,
        errors,
    )
