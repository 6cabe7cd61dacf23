"""How projects are doing, in a few figures each: what came of late, and what somebody should look at."""

from collections.abc import Sequence
from typing import NamedTuple

from logserver.core.projects import Project
from logserver.store import events, lately
from logserver.store.tx import Tx

MINUTES = 15
PARTS = 24
"""Events are counted in so many parts of so many minutes, up to now: six hours."""

_UNRESOLVED = "SELECT count(*) FROM error_groups WHERE project = ? AND status = 'unresolved'"
_TROUBLED = "SELECT count(*) FROM monitors WHERE project = ? AND paused = 0 AND (status = 'error' OR due_at < ?)"
_OPEN = "SELECT count(*) FROM alerts WHERE project = ? AND status = 'open'"


class Overview(NamedTuple):
    """The figures of a project."""

    lately: list[int]
    """Events by part, the oldest first."""
    newest_ms: int | None
    """The Unix millisecond of the latest event; None where there is none."""
    unresolved: int
    """Error groups."""
    troubled: int
    """Monitors that are missed or whose last run failed."""
    alerts: int
    """Open alerts."""


def overviews(tx: Tx, shown: Sequence[Project], now_ms: int) -> dict[int, Overview]:
    """The figures of each of these projects, by number."""
    return {project.number: overview(tx, project, now_ms) for project in shown}


def overview(tx: Tx, project: Project, now_ms: int) -> Overview:
    """The figures of a project."""
    since = (now_ms // 60_000 // MINUTES - PARTS + 1) * MINUTES
    edges = events.edges(tx, project.number)
    return Overview(
        lately.totals(tx, project.number, since, minutes=MINUTES, parts=PARTS),
        edges[1] if edges is not None else None,
        _count(tx, _UNRESOLVED, project.number),
        _count(tx, _TROUBLED, project.number, now_ms),
        _count(tx, _OPEN, project.number),
    )


def _count(tx: Tx, statement: str, *values: int) -> int:
    return int(tx.execute(statement, values).fetchone()[0])
