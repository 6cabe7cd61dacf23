"""Fills a store the way a server does, without its HTTP."""

import asyncio
from pathlib import Path
from typing import Any

from logserver.core import projects
from logserver.core.clock import SystemClock
from logserver.core.intake import Intake
from logserver.core.monitors import CheckIn
from logserver.core.redaction.engine import Policies
from logserver.store.database import Database
from logserver.store.events import Event


def happened(message: str, *, ago_ms: int = 0, kind: str = "log", level: str = "info", **fields: Any) -> Event:
    """An event of some time before now; other fields than the record's own are its context."""
    now = SystemClock().now_ms()
    own = {name: fields.pop(name) for name in ("uuid", "fingerprint", "timed_by_receipt") if name in fields}
    return Event(
        type=kind, level=level, message=message, context=fields, time=(now - ago_ms) * 1000, received=now, **own
    )


def fill(folder: Path, slug: str, *events: Event, check_ins: dict[int, CheckIn] | None = None) -> None:
    """Run a server's store on the folder for as long as it takes to accept these events."""
    asyncio.run(_fill(folder, slug, list(events), check_ins))


async def _fill(folder: Path, slug: str, events: list[Event], check_ins: dict[int, CheckIn] | None) -> None:
    clock = SystemClock()
    database = Database(folder, now_ms=clock.now_ms, monotonic=clock.monotonic)
    await database.open()
    try:
        project = await database.read(projects.by_slug, slug)
        await Intake(database, clock, Policies()).accept(project, events, size=1, check_ins=check_ins)
    finally:
        await database.close()
