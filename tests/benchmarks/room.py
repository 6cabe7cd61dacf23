"""What making room costs those who send: ingest while events expire by age, and while they go by size.

The server of each round has a store that is full in its way: of events that are past their retention, or of more
than it may hold. Beside it runs one on the same store that has nothing to delete; both are sent single events by
turns, at the same rate, and one rests while the other is measured.
"""

import asyncio
import shutil
from pathlib import Path

from logserver.core import projects
from logserver.core.clock import SystemClock
from logserver.store.database import snapshot, transaction
from tests.benchmarks.ingest import Side, singles
from tests.benchmarks.insertion import ensure_projects, insert, portions
from tests.benchmarks.plan import Plan, Result, compared
from tests.benchmarks.processes import server, started, with_token

CONNECTIONS = 8
_EVENTS_A_SECOND = 4_000
_ROWS_SHARE = 10
"""A tenth of the rows of the large store: more than is deleted while it is measured."""

_OLD_MS = 3 * 86_400_000
_KEPT_DAYS = 1
_LONG_DAYS = 365


def making_room(plan: Plan) -> list[Result]:
    """The 99th percentile of the answers while room is made, to that while there is nothing to delete."""
    rows = max(plan.rows // _ROWS_SHARE, 2_000)
    with plan.scratch() as full:
        _fill(full, rows)
        limit = max((full / "logserver.db").stat().st_size * 7 // 10, 16_000_000)
        return [
            _beside(plan, full, "by age", _KEPT_DAYS, ()),
            _beside(plan, full, "by size", _LONG_DAYS, ("--max-size", str(limit))),
        ]


def _beside(plan: Plan, full: Path, how: str, days: int, options: tuple[str, ...]) -> Result:
    pairs, deleted, complaints = [], [], []
    for seed in range(plan.rounds):
        with plan.scratch() as scratch:
            busy, idle = (Path(shutil.copytree(full, scratch / name)) for name in ("busy", "idle"))
            _keep(busy, days)
            _keep(idle, _LONG_DAYS)
            tokens = with_token(busy), with_token(idle)
            with started(server(busy, *options)) as making, started(server(idle)) as resting:
                ours, theirs = (
                    Side(plan, running, singles(token, seed), CONNECTIONS)
                    for running, token in zip((making, resting), tokens, strict=True)
                )
                for _ in range(plan.turns):
                    with making.at_rest():
                        theirs.turn(_EVENTS_A_SECOND)
                    with resting.at_rest():
                        ours.turn(_EVENTS_A_SECOND)
            pairs.append((ours.outcome.wait_ms(0.99), theirs.outcome.wait_ms(0.99)))
            deleted.append(_held(full) - _old(busy))
            # What was sent lately is never what goes.
            complaints.append(ours.complaint(_held(busy) - _old(busy)))
    return compared(
        f"p99 of single events while room is made {how}",
        "ms",
        pairs,
        yardstick="nothing to delete",
        at_least=False,
        target=2.0,
        stretch=1.3,
        note=f"{min(deleted):,} to {max(deleted):,} of {_held(full):,} events were deleted meanwhile",
        wrong="; ".join(filter(None, complaints)),
    )


def _fill(folder: Path, rows: int) -> None:
    end = SystemClock().now_ms() - _OLD_MS
    given = portions(
        ensure_projects(folder),
        seed=3,
        events=rows,
        each=min(200, rows // 20),
        start_ms=end - 86_400_000,
        end_ms=end,
        uuids=False,
    )
    asyncio.run(insert(folder, given, "normal"))


def _keep(folder: Path, days: int) -> None:
    with transaction(folder) as tx:
        for project in projects.every(tx):
            projects.set_values(tx, project.slug, retention_days=days)


def _held(folder: Path) -> int:
    with snapshot(folder) as tx:
        return int(tx.execute("SELECT count(*) FROM events").fetchone()[0])


def _old(folder: Path) -> int:
    """How many are left of what the store was filled with."""
    with snapshot(folder) as tx:
        own = "SELECT number FROM projects WHERE slug LIKE 'project-%'"
        return int(tx.execute(f"SELECT count(*) FROM events WHERE id >> 51 IN ({own})").fetchone()[0])
