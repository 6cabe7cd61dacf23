"""``python -m tests.benchmarks``: measures, prints one table, and writes it as JSON."""

import argparse
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.benchmarks import (
    agent,
    commits,
    copying,
    following,
    footprint,
    growth,
    ingest,
    lines,
    logins,
    lumina,
    pages,
    peers,
    room,
    table,
    trail,
    web,
)
from tests.benchmarks.plan import Plan, Result
from tests.benchmarks.processes import LOAD, on_cores

FIGURES: dict[str, Callable[[Plan], list[Result]]] = {
    "singles-32": lambda plan: ingest.single_events(plan, 32, 0.55, 0.75),
    "singles-128": lambda plan: ingest.single_events(plan, 128, 0.75, 0.9),
    "singles-1": lambda plan: ingest.single_events(plan, 1, 0.2, 0.3),
    "singles-normal": lambda plan: ingest.single_events(plan, 32, 0.75, 0.9, ("--durability", "normal")),
    "batches": ingest.batched_events,
    "lumina-batches": lumina.batched_lines,
    "refused-batches": lumina.refused_batches,
    "commits": commits.commits,
    "start": footprint.start,
    "memory": footprint.memory,
    "pages": pages.pages,
    "slow-pages": pages.slow_pages,
    "charts": pages.charts,
    "trail-pages": trail.trail_pages,
    "alert-rules": trail.alert_rules_cost,
    "redaction": trail.redaction_cost,
    "logins": logins.logins,
    "retention": room.making_room,
    "disk": growth.disk,
    "insert": lambda plan: growth.insert_cost(plan, uuids=False),
    "insert-uuids": lambda plan: growth.insert_cost(plan, uuids=True),
    "web-pages": web.web_pages,
    "web-load": web.web_load,
    "agent-lines": lines.agent_lines,
    "agent-reading": following.agent_reading,
    "agent": agent.agent,
    "backup": copying.backup,
    "peers": peers.peers,
}
"""What can be measured, by name, in the order of the table."""


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("figures", nargs="*", metavar="figure", help=f"any of: {', '.join(FIGURES)}; default all")
    parser.add_argument("--quick", action="store_true", help="one short round and a small store: a try, no figure")
    parser.add_argument("--rounds", type=int, help="rounds of yardstick and program by turns (5)")
    parser.add_argument("--seconds", type=float, help="how long a round sends (4)")
    parser.add_argument("--rows", type=int, help="events in the large store (1000000)")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()), help="where stores are made")
    parser.add_argument("--store", type=Path, help="folder that keeps the large store from one run to the next")
    parser.add_argument("--json", type=Path, default=Path("benchmark.json"), help="where the results are written")
    asked = parser.parse_args(given)
    if unknown := set(asked.figures) - set(FIGURES):
        parser.error(f"there is no figure {', '.join(sorted(unknown))}")
    return asked


def planned(asked: argparse.Namespace, folder: Path) -> Plan:
    """How to measure what was asked for."""
    plan = Plan(folder=folder, store=asked.store)
    if asked.quick:
        plan = Plan(
            folder, rounds=1, seconds=0.6, turns=2, warm_up=0.05, rows=5_000, held_seconds=1.0, store=asked.store
        )
    given = {name: value for name in ("rounds", "seconds", "rows") if (value := getattr(asked, name)) is not None}
    for name, value in given.items():
        if value <= 0:
            raise SystemExit(f"--{name} must be more than 0")
    return Plan(**{name: getattr(plan, name) for name in Plan.__struct_fields__} | given)


def main(given: Sequence[str] | None = None) -> int:
    """Measure, show and write; returns 1 where something went wrong that must not, whatever the figures are."""
    asked = arguments(given)
    results: list[Result] = []
    failed = False
    with tempfile.TemporaryDirectory(dir=asked.folder, prefix="benchmarks-") as name, on_cores(LOAD):
        plan = planned(asked, Path(name))
        for figure in asked.figures or FIGURES:
            begun = time.monotonic()
            sys.stderr.write(f"{figure} ... ")
            sys.stderr.flush()
            try:
                results += FIGURES[figure](plan)
            except Exception:  # noqa: BLE001 - the other figures are still wanted
                traceback.print_exc()
                failed = True
            sys.stderr.write(f"{time.monotonic() - begun:.0f} s\n")
    print(table.text(results))
    table.write(asked.json, plan, results)
    return 1 if failed or any(result.wrong for result in results) else 0


if __name__ == "__main__":
    # What was started is stopped on the way out, also when somebody's patience ends.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(main())
