"""What happens there by the clock: cron jobs that check in, and numbers that are measured."""

import random
from collections.abc import Iterator
from typing import Any, NamedTuple

from logserver.core.times import iso_text
from logserver.demo.calendar import Calendar
from logserver.demo.company import DAY_MS, ENVIRONMENT, HOUR_MS
from logserver.demo.traffic import Fields


class Cron(NamedTuple):
    """A job: how often it runs, how long that takes, and on how many of its runs in a hundred it fails."""

    project: str
    slug: str
    every_ms: int
    seconds: float
    failing: float = 0.0
    silent_days: tuple[float, float] = (0.0, 0.0)
    """From how many to how many days ago it did not run."""


CRONS = (
    Cron("storefront", "nightly-backup", DAY_MS, 840, silent_days=(11.5, 10.5)),
    Cron("storefront", "search-index", HOUR_MS, 95, 0.6),
    Cron("dock-api", "dock-sync", 15 * 60_000, 7, 0.4),
    Cron("dock-api", "firmware-check", 6 * HOUR_MS, 31, silent_days=(0.6, 0.0)),
    Cron("back-office", "invoice-run", DAY_MS, 410, 3),
    Cron("back-office", "bank-import", 4 * HOUR_MS, 44, 34),
)


class Rounds:
    """Makes up check-ins and metrics; the same ``dice`` make the same ones."""

    def __init__(self, calendar: Calendar, dice: random.Random) -> None:
        self._calendar = calendar
        self._dice = dice

    def of_hour(self, hour_ms: int) -> Iterator[tuple[str, Fields]]:
        """The events of the hour from a time, each with the slug of its project."""
        until = min(hour_ms + HOUR_MS, self._calendar.now_ms)
        for cron in CRONS:
            for at_ms in range(-(-hour_ms // cron.every_ms) * cron.every_ms, until, cron.every_ms):
                age = (self._calendar.now_ms - at_ms) / DAY_MS
                if not cron.silent_days[0] > age >= cron.silent_days[1]:
                    yield cron.project, self._check_in(cron, at_ms)
        for at_ms in range(hour_ms, until, 10 * 60_000):
            yield from self._metrics(at_ms)

    def _check_in(self, cron: Cron, at_ms: int) -> Fields:
        failed = self._dice.random() * 100 < cron.failing
        return {
            "event_type": "check_in",
            "message": cron.slug,
            "check_in_slug": cron.slug,
            "check_in_status": "error" if failed else "ok",
            "expected_interval_seconds": cron.every_ms // 1000,
            "duration_ms": round(cron.seconds * 1000 * self._dice.uniform(0.8, 1.3)),
            "environment": ENVIRONMENT,
            "release": self._calendar.release(cron.project, at_ms),
            "occurred_at": iso_text(at_ms * 1000),
        }

    def _metrics(self, at_ms: int) -> Iterator[tuple[str, Fields]]:
        busy, ill = self._calendar.busy(at_ms), self._calendar.in_incident(at_ms)
        yield "dock-api", _metric(at_ms, "bikes.riding", round(620 * busy + self._dice.gauss(0, 12)), "bikes")
        yield "dock-api", _metric(at_ms, "docks.online", 240 - int(self._dice.expovariate(0.5)), "docks")
        waiting = self._dice.uniform(60, 400) if ill else self._dice.expovariate(1 / (1 + 6 * busy))
        yield "storefront", _metric(at_ms, "queue.depth", round(waiting), "jobs")
        yield "storefront", _metric(at_ms, "pool.in_use", 15 if ill else round(1 + 7 * busy), "connections")
        yield "back-office", _metric(at_ms, "invoices.open", round(140 + 30 * self._dice.random()), "invoices")


def _metric(at_ms: int, name: str, value: float, unit: str) -> Fields:
    context: dict[str, Any] = {"value": max(value, 0), "unit": unit, "environment": ENVIRONMENT}
    return {"event_type": "metric", "message": name, "occurred_at": iso_text(at_ms * 1000), "context": context}
