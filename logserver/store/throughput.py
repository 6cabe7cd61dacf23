"""What went through the writer since it began: commits, how long each took, how much was in it, and whose it was."""

from collections import deque
from collections.abc import Iterable, Mapping

from logserver.store.spread import Spread

SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Bounds of what takes a moment."""

_SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000)
_REMEMBERED = 1_000
MOST_PROJECTS = 500
"""Projects that are counted by themselves, in the order in which they came; the events of all others are one count."""

OTHERS = -1
"""Stands for the projects beyond those."""


class Throughput:
    """Written by the writer's thread; any may read it."""

    def __init__(self) -> None:
        self.commits = 0
        self.lately: deque[float] = deque(maxlen=_REMEMBERED)
        """How many seconds the last transactions took, from their first statement to the end of their commit."""
        self.seconds = Spread(SECONDS)
        """The same of all that brought events."""
        self.other_seconds = Spread(SECONDS)
        """The same of those that brought none: jobs, pages, control."""
        self.events = Spread(_SIZES)
        """How many events came in a transaction that brought any."""
        self.requests = Spread(_SIZES)
        """How many writes shared such a transaction."""
        self._stored: dict[tuple[int, str], int] = {}
        self._projects: set[int] = set()
        self._deleted: dict[str, int] = {}

    def stored(self, arrived: Iterable[tuple[tuple[int, str], int]], deleted: Mapping[str, int]) -> None:
        """Count a commit that brought so many events of each project and type, and deleted so many for each reason."""
        self.commits += 1
        for why, n in deleted.items():
            self._deleted[why] = self._deleted.get(why, 0) + n
        for (project, kind), n in arrived:
            if project not in self._projects:
                if len(self._projects) < MOST_PROJECTS:
                    self._projects.add(project)
                else:
                    project = OTHERS  # noqa: PLW2901 - from here on it is one of many
            self._stored[project, kind] = self._stored.get((project, kind), 0) + n

    def ended(self, seconds: float, events: int, requests: int) -> None:
        """Note that a group of requests was dealt with, whatever became of it."""
        self.lately.append(seconds)
        if not events:
            self.other_seconds.add(seconds)
            return
        self.seconds.add(seconds)
        self.events.add(events)
        self.requests.add(requests)

    def by_project(self) -> dict[tuple[int, str], int]:
        """Events that were committed, by number of the project (or OTHERS) and type."""
        return dict(self._stored)

    @property
    def deleted(self) -> dict[str, int]:
        """Events that were deleted, by why."""
        return dict(self._deleted)
