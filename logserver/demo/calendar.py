"""Time in the story: a clock that stands where it is told, how busy an hour is, and when releases went out."""

import math
from typing import NamedTuple

from logserver.demo.company import DAY_MS, HOUR_MS, INCIDENT_DAYS_AGO

INCIDENT_MS = 75 * 60_000


class Past:
    """A clock (core.clock.Clock) that is turned by whoever tells the story."""

    def __init__(self, at_ms: int) -> None:
        self.at_ms = at_ms

    def now_ms(self) -> int:
        """Unix milliseconds."""
        return self.at_ms

    def monotonic(self) -> float:
        """Seconds; the story goes one way only."""
        return self.at_ms / 1000


class Release(NamedTuple):
    """A release as it went out; ``at_ms`` is Unix milliseconds."""

    project: str
    name: str
    at_ms: int
    branch: str = "main"


class Calendar:
    """The month that ends at a time."""

    def __init__(self, now_ms: int, days: int) -> None:
        self.now_ms = now_ms
        self.begins_ms = (now_ms - days * DAY_MS) // HOUR_MS * HOUR_MS
        today = now_ms // DAY_MS * DAY_MS
        self.incident_ms = max(today - INCIDENT_DAYS_AGO * DAY_MS + 14 * HOUR_MS + 20 * 60_000, self.begins_ms)
        self.incident_ends_ms = self.incident_ms + INCIDENT_MS
        self.releases = sorted(self._releases(), key=lambda release: release.at_ms)

    def _releases(self) -> list[Release]:
        """Those of each project at an even pace; that of the storefront that went wrong was mended by another one."""
        made = []
        broken_ms = self.incident_ms - 12 * 60_000
        for project, days in (("storefront", 4), ("dock-api", 6), ("back-office", 9)):
            first_ms = broken_ms - (broken_ms - self.begins_ms) // (days * DAY_MS) * days * DAY_MS - days * DAY_MS
            for number, at_ms in enumerate(range(first_ms, self.now_ms, days * DAY_MS), 31):
                made.append(Release(project, f"2026.{number}", at_ms))
                if project == "storefront" and at_ms == broken_ms:
                    made.append(Release(project, f"2026.{number}.1", self.incident_ends_ms, "hotfix/pool-size"))
        return [each for each in made if each.at_ms <= self.now_ms]

    def release(self, project: str, at_ms: int) -> str:
        """What was running of a project at a time."""
        return [each.name for each in self.releases if each.project == project and each.at_ms <= at_ms][-1]

    def in_incident(self, at_ms: int) -> bool:
        """Whether a time lies within the incident."""
        return self.incident_ms <= at_ms < self.incident_ends_ms

    @staticmethod
    def busy(at_ms: int) -> float:
        """How busy the company is at a time, from 0 to 1: people ride by day, and more in the middle of the week."""
        hour = at_ms / HOUR_MS % 24
        day = at_ms // DAY_MS % 7  # 0 is a Thursday
        by_hour = 0.08 + 0.62 * math.exp(-(((hour - 8.5) / 2.2) ** 2)) + 0.9 * math.exp(-(((hour - 17) / 3) ** 2))
        return min(by_hour, 1.0) * (0.6 if day in {2, 3} else 1.0)
