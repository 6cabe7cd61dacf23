"""The edge agent as a process beside its server: memory, processor time when idle, lines a second from file to sum."""

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from tests.benchmarks import lines
from tests.benchmarks.plan import Plan, Result, measured
from tests.benchmarks.processes import MEASURED, Started, on_cores
from tests.whole.agents import Agent, until
from tests.whole.fleet import Fleet
from tests.whole.process import Server, serving

_MOST_LINES = 500_000
_SETTLING_SECONDS = 2.0
_USUAL = ("--heartbeat-interval", "30", "--metrics-interval", "60", "--poll-interval", "60")


class _Life(msgspec.Struct):
    """What one agent took from its start to its end."""

    idle_mb: float
    idle_seconds: float
    """Of the processor, a minute."""
    rate: float
    """Lines a second of processor time, from the start of the process until the last is counted and on disk."""
    seconds: float
    """How long that took by the clock."""
    peak_mb: float
    wrong: str


def agent(plan: Plan) -> list[Result]:
    """One agent with ten rules: idle, and then on a file that is there when it starts."""
    taken = []
    with plan.scratch() as folder:
        path = folder / "lines.log"
        count = min(plan.rows, _MOST_LINES)
        lines.write(path, count)
        for number in range(plan.rounds):
            data = folder / f"data-{number}"
            with serving(data, "--access-log", "off") as server:
                fleet = Fleet(data)
                fleet.make_rules(server, *msgspec.to_builtins(lines.RULES))
                idle_mb, idle_seconds = _idle(plan, folder / f"idle-{number}", fleet, server)
                taken.append(
                    _Life(idle_mb, idle_seconds, *_read(folder / f"agent-{number}", path, count, fleet, server))
                )
    wrong = "; ".join(filter(None, (life.wrong for life in taken)))
    memory = "resident; under load: its most while it reads with ten rules"
    return [
        measured("agent, memory, idle", "MB", [life.idle_mb for life in taken], target=80, stretch=50),
        measured(
            "agent, memory, under load", "MB", [life.peak_mb for life in taken], target=80, stretch=50, note=memory
        ),
        measured("agent, processor, idle", "s/min", [life.idle_seconds for life in taken], target=0.6, stretch=0.1),
        Result(
            figure="agent, lines from file to sum",
            unit="lines/s",
            value=statistics.median(life.rate for life in taken),
            low=min(life.rate for life in taken),
            high=max(life.rate for life in taken),
            judged="value",
            target=100_000,
            note=f"a second of processor time, the start of the process included; {count:,} lines with ten rules took"
            f" {statistics.median(life.seconds for life in taken):.1f} s by the clock",
            wrong=wrong,
        ),
    ]


def _idle(plan: Plan, folder: Path, fleet: Fleet, server: Server) -> tuple[float, float]:
    """Memory and processor seconds a minute of an agent that has nothing to read."""
    with _started(folder, fleet, server, str(folder / "none.log")) as agent:
        until(lambda: agent.heard_of_rules() == 1)
        time.sleep(_SETTLING_SECONDS)
        process = Started(agent.process.pid, server.port, 0.0)
        before = process.cpu_seconds()
        time.sleep(plan.held_seconds)
        taken = (process.cpu_seconds() - before) * 60 / plan.held_seconds
        return process.memory_mb("VmRSS"), taken


def _read(folder: Path, path: Path, count: int, fleet: Fleet, server: Server) -> tuple[float, float, float, str]:
    """Lines a second, seconds, the most memory, and what went wrong with reading a file."""
    begun = time.perf_counter()
    with _started(folder, fleet, server, str(path), "--from-start") as agent:
        until(lambda: agent.read() == count)
        seconds = time.perf_counter() - begun
        taken = Started(agent.process.pid, server.port, 0.0).cpu_seconds()
        code = agent.stop()
    counted = sum(value for (_, name), value in fleet.counted().items() if name == folder.name)
    # Of the tenth that matches, four of ten lines are for counters.
    wrong = "" if counted == count // 25 and code == 0 else f"{counted:,.0f} of {count // 25:,} matches were counted"
    return count / taken, seconds, agent.peak_mb, wrong


@contextmanager
def _started(folder: Path, fleet: Fleet, server: Server, *options: str) -> Iterator[Agent]:
    with on_cores(MEASURED):
        agent = Agent(folder, server.base_url, fleet.edge_key, *_USUAL, "--follow", *options)
    try:
        yield agent
    finally:
        agent.kill()
        agent.release()
