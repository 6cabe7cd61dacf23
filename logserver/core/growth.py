"""How the store grows: measured in small steps by a job, a row each day, and what it comes to if it goes on so."""

from collections.abc import Sequence
from typing import NamedTuple

from logserver.core import projects
from logserver.core.projects import Project
from logserver.store import countings, events, space
from logserver.store.database import Database
from logserver.store.tx import Tx

EVERY_SECONDS = 600.0

DAYS = 30
"""How far the pages look back, and ahead."""

_KEPT_DAYS = 400
_RATE_DAYS = 7
"""The days whose arrivals a forecast goes by."""

_DAY_MS = 86_400_000
KINDS = ("events", "audit")


class Day(NamedTuple):
    """What the store's file came to on a day; sizes in bytes."""

    day: int
    """Unix days."""
    size: int
    unused: int


class Share(NamedTuple):
    """What a project has of the store, as it was measured last."""

    project: Project
    held: int
    """Events of all kinds."""
    arrived: int
    """What arrives a day, by the last days."""
    oldest: int | None
    """The Unix milliseconds under which its oldest event is filed; None where it has none."""


class Growth(NamedTuple):
    """How the store grows; all that is here was measured before, so to read it costs next to nothing."""

    days: list[Day]
    """The last 30 days that were measured, oldest first."""
    shares: list[Share]
    """By what they hold, most first."""
    held: int
    arrived: int
    per_event: float | None
    """Bytes of the file for each event; None of nothing."""
    ahead: list[float]
    """Bytes in use after 1 to 30 days more like the last ones; empty where nothing was measured."""
    full_in: int | None
    """Days until what is free of the disk is used up; None where that is more than 30 days off."""


class Measuring:
    """Measures the store, one project a pass; its job runs every ten minutes."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._left: list[Project] = []

    async def one_pass(self, now_ms: int) -> bool:
        """Measure the next project, or begin with the file; returns whether there is more."""
        if not self._left:
            size, unused, self._left = await self._database.read(_file)
            await self._database.write(_note_file, now_ms // _DAY_MS, size, unused)
            return bool(self._left)
        project = self._left.pop()
        counted = await self._database.read(countings.held_and_arrived, project.number, (now_ms - _DAY_MS) // 60_000)
        await self._database.write(_note_project, now_ms // _DAY_MS, project.number, counted)
        return bool(self._left)


def read(tx: Tx, now_ms: int, free_bytes: int) -> Growth:
    """How the store grows, with so many bytes free on its disk."""
    today = now_ms // _DAY_MS
    days = [
        Day(*row)
        for row in tx.execute(
            "SELECT day, bytes, unused FROM store_days WHERE day BETWEEN ? AND ? ORDER BY day",
            (today - DAYS + 1, today),
        )
    ]
    measured: dict[tuple[int, str], list[tuple[int, int]]] = {}
    for number, kind, held, arrived in tx.execute(
        "SELECT project, kind, held, arrived FROM project_days WHERE day > ? AND day <= ? ORDER BY day",
        (today - _RATE_DAYS, today),
    ):
        measured.setdefault((number, kind), []).append((held, arrived))
    shares, courses = [], []
    for project in projects.every(tx):
        edges = events.edges(tx, project.number)
        oldest = edges[0] if edges else None
        age = max((now_ms - oldest) / _DAY_MS, 1.0) if oldest is not None else 1.0
        held, arrived = 0, 0.0
        for kind in KINDS:
            if found := measured.get((project.number, kind)):
                rate = sum(each[1] for each in found) / len(found)
                held, arrived = held + found[-1][0], arrived + rate
                courses.append(_course(_kept_days(project, kind), age, found[-1][0], rate))
        shares.append(Share(project, held, round(arrived), oldest))
    total = sum(share.held for share in shares)
    used = days[-1].size - days[-1].unused if days else 0
    per_event = used / total if total and used else None
    ahead = [sum(course[at] for course in courses) * per_event for at in range(DAYS)] if per_event else []
    return Growth(
        days,
        sorted(shares, key=lambda share: (-share.held, share.project.slug)),
        total,
        sum(share.arrived for share in shares),
        per_event,
        ahead,
        next((at for at, size in enumerate(ahead, 1) if size - (days[-1].size if days else 0) > free_bytes), None),
    )


def _kept_days(project: Project, kind: str) -> int | None:
    return project.retention_days if kind == "events" else project.audit_retention_days


def _course(keeps: int | None, age: float, held: int, rate: float) -> Sequence[float]:
    """What is held of a kind after each of the days ahead, if as much arrives a day as did.

    What is there now is taken to be spread evenly over its age (days), and goes as its retention ends.
    """
    if keeps is None:
        return [held + rate * at for at in range(1, DAYS + 1)]
    left = [min(max((keeps - at) / min(age, keeps), 0.0), 1.0) for at in range(1, DAYS + 1)]
    return [held * left[at - 1] + rate * min(at, keeps) for at in range(1, DAYS + 1)]


def _file(tx: Tx) -> tuple[int, int, list[Project]]:
    taken = space.read(tx)
    return taken.size, taken.unused, projects.every(tx)


def _note_file(tx: Tx, day: int, size: int, unused: int) -> None:
    tx.execute(
        "INSERT INTO store_days VALUES (?, ?, ?)"
        " ON CONFLICT DO UPDATE SET bytes = excluded.bytes, unused = excluded.unused",
        (day, size, unused),
    )
    tx.execute("DELETE FROM store_days WHERE day < ?", (day - _KEPT_DAYS,))
    tx.execute("DELETE FROM project_days WHERE day < ?", (day - DAYS,))


def _note_project(tx: Tx, day: int, project: int, counted: dict[str, tuple[int, int]]) -> None:
    tx.executemany(
        "INSERT INTO project_days VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT DO UPDATE SET held = excluded.held, arrived = excluded.arrived",
        [(day, project, kind, *counted.get(kind, (0, 0))) for kind in KINDS],
    )
