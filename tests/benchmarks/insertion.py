"""Events put into a store through the program's own door, without HTTP."""

import asyncio
import gc
import itertools
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from logserver.contracts.logister.events import Receipt, read_body
from logserver.core import projects
from logserver.core.clock import SystemClock
from logserver.core.intake import Intake
from logserver.core.projects import Project
from logserver.core.redaction.engine import Policies
from logserver.store.database import Database, transaction
from logserver.store.events import Event
from tests.benchmarks.bodies import PROJECTS, bodies

AT_ONCE = 16
"""Requests that wait for the writer at the same time."""

Portion = tuple[Project, list[Event], int]
"""Events of one project for one transaction, and the bytes of JSON they were read from."""


def ensure_projects(folder: Path) -> list[Project]:
    """The projects 1 to 20 of a store, made if they are not there."""
    with transaction(folder) as tx:
        held = {project.slug for project in projects.every(tx)}
        for number in range(1, PROJECTS + 1):
            if f"project-{number}" not in held:
                projects.create(tx, slug=f"project-{number}", now_ms=SystemClock().now_ms())
        return [projects.by_slug(tx, f"project-{number}") for number in range(1, PROJECTS + 1)]


def portions(
    owners: list[Project], *, seed: int, events: int, each: int, start_ms: int, end_ms: int, uuids: bool
) -> Iterator[Portion]:
    """Events of all projects by turns, ``each`` at a time, evenly from ``start_ms`` until ``end_ms`` (Unix)."""
    step_ms = (end_ms - start_ms) * len(owners) / events
    sources = [
        bodies(seed * 100 + owner.number, start_ms=start_ms, step_ms=step_ms, project=owner.number, uuids=uuids)
        for owner in owners
    ]
    left = events
    for turn in itertools.count():
        for owner, source in zip(owners, sources, strict=True):
            if left <= 0:
                return
            taken = list(itertools.islice(source, min(each, left)))
            left -= len(taken)
            receipt = Receipt(int(start_ms + (turn + 1) * each * step_ms), "production")
            yield owner, [read_body(body, receipt=receipt).event for body in taken], sum(map(len, taken))


async def insert(folder: Path, given: Iterator[Portion], durability: Literal["full", "normal"] = "full") -> int:
    """Store all portions, a few waiting at the same time, and close the store; returns their bytes of JSON."""
    clock = SystemClock()
    database = Database(folder, now_ms=clock.now_ms, monotonic=clock.monotonic, durability=durability)
    await database.open()
    try:
        return await _accept(Intake(database, clock, Policies()), given)
    finally:
        await database.close()


async def timed(folder: Path, warm_up: list[Portion], counted: list[Portion]) -> float:
    """Microseconds an event takes, commits included, in an open store that has warmed up."""
    clock = SystemClock()
    database = Database(folder, now_ms=clock.now_ms, monotonic=clock.monotonic)
    await database.open()
    try:
        intake = Intake(database, clock, Policies())
        await _accept(intake, iter(warm_up))
        gc.collect()
        gc.disable()
        begun = time.perf_counter()
        await _accept(intake, iter(counted))
        return (time.perf_counter() - begun) * 1e6 / sum(len(events) for _, events, _ in counted)
    finally:
        gc.enable()
        await database.close()


async def _accept(intake: Intake, given: Iterator[Portion]) -> int:
    total = 0

    async def sender() -> None:
        nonlocal total
        for project, events, size in given:
            await intake.accept(project, events, size=size)
            total += size

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(sender())
    return total
