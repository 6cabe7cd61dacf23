"""The busy store: a million events of every type in 20 projects, as pages find them after a week."""

import asyncio
import itertools
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from logserver.contracts.logister.events import Receipt, read_body
from logserver.core import charts
from logserver.core.clock import SystemClock
from logserver.core.times import iso_text
from logserver.store.database import transaction
from tests.benchmarks.bigstore import settle
from tests.benchmarks.bodies import bodies
from tests.benchmarks.insertion import Portion, ensure_projects, insert
from tests.benchmarks.plan import Plan, seeded

ROUTES = 40
"""Different transactions of a project."""
ERRORS = 400
"""Different errors of a project."""
SERIES = 30
"""Different metrics of a project."""

_WEEK_MS = 7 * 86_400_000
_PORTION = 200
_KINDS = (*["log"] * 11, *["span"] * 5, *["transaction"] * 2, "error", "metric")


def mixed(seed: int, *, start_ms: int, step_ms: float) -> Iterator[bytes]:
    """Endless events of a project, ``step_ms`` apart: of 20 there are 11 logs, 5 spans, 2 transactions, an error."""
    chance = seeded(seed)
    logs = bodies(seed, start_ms=start_ms, step_ms=step_ms)
    trace_id, parents = "", [""]
    for number in itertools.count():
        log, kind = next(logs), _KINDS[number % len(_KINDS)]
        if kind == "log":
            yield log
            continue
        if number % len(_KINDS) == 11:
            trace_id, parents = f"{chance.getrandbits(128):032x}", [""]
        at = int((start_ms + number * step_ms) * 1000)
        shared: dict[str, Any] = {
            "environment": "production",
            "release": f"2026.{number // 5_000 % 12 + 1}",
            "user_id": f"u-{int(chance.random() ** 2 * 20_000)}",
            "trace_id": trace_id,
        }
        fields: dict[str, Any] = {"event_type": kind, "occurred_at": iso_text(at), "context": shared}
        ms = 10 / (chance.random() + 0.005)
        if kind == "span":
            span_id = f"{chance.getrandbits(64):016x}"
            fields |= {"name": f"step {number % 5}", "kind": "db" if number % 2 else "app", "duration_ms": ms}
            fields |= {"trace_id": trace_id, "span_id": span_id, "parent_span_id": parents[-1]}
            parents.append(span_id)
        elif kind == "transaction":
            name = f"GET /things/{int(chance.random() ** 3 * ROUTES)}"
            fields |= {"message": name, "transaction_name": name, "duration_ms": ms}
            shared["status_code"] = 500 if chance.random() < 0.01 else 200
        elif kind == "error":
            which = int(chance.random() ** 3 * ERRORS)
            fields |= {"message": f"ValueError: the thing {which} was not there", "level": "error"}
            frames = [f'File "/srv/app/things_{which}.py", line {n}, in step_{n}' for n in range(12)]
            shared["exception"] = {"class": "ValueError", "message": f"the thing {which}", "backtrace": frames}
        else:
            fields |= {"message": f"queue.depth.{number % SERIES}"}
            shared |= {"value": ms, "unit": "jobs"}
        yield msgspec.json.encode({"event": fields})


def busy(plan: Plan) -> Path:
    """The folder of the busy store, filled at first use."""
    folder = plan.folder / "busy" if plan.store is None else plan.store.parent / f"{plan.store.name}-busy"
    mark = folder / f"filled-with-{plan.rows}"
    if not mark.exists():
        shutil.rmtree(folder, ignore_errors=True)
        sys.stderr.write(f"filling a store with {plan.rows:,} events of every type ... ")
        sys.stderr.flush()
        asyncio.run(insert(folder, _portions(folder, plan.rows), "normal"))
        _roll_up(folder)
        settle(folder)
        mark.touch()
    return folder


def _roll_up(folder: Path) -> None:
    """Roll up what a server would have rolled up long ago."""
    more = True
    while more:
        with transaction(folder) as tx:
            more = charts.roll_up(tx, SystemClock().now_ms())


def _portions(folder: Path, rows: int) -> Iterator[Portion]:
    owners = ensure_projects(folder)
    start_ms = SystemClock().now_ms() - _WEEK_MS
    step_ms = _WEEK_MS * len(owners) / rows
    sources = [mixed(owner.number, start_ms=start_ms, step_ms=step_ms) for owner in owners]
    each = min(_PORTION, rows // len(owners))
    for turn in range(rows // (each * len(owners))):
        receipt = Receipt(int(start_ms + (turn + 1) * each * step_ms), "production")
        for owner, source in zip(owners, sources, strict=True):
            taken = list(itertools.islice(source, each))
            yield owner, [read_body(body, receipt=receipt).event for body in taken], sum(map(len, taken))
