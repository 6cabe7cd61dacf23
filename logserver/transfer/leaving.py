"""The walk of an export through a store: piece by piece, each read on a snapshot of its own.

A piece takes milliseconds, so nobody waits for it and the log is never held. What changes between two pieces is in the
file as the later one found it.
"""

import sqlite3
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from logserver import __version__
from logserver.core.projects import Project
from logserver.store import countings
from logserver.store.ids import Spelling, project_range
from logserver.transfer import figures, groups, happenings, monitors, project_settings, records, stored_events, trail
from logserver.transfer.archive import Begun
from logserver.transfer.lines import FORMAT, VERSION, Header, Line, Mark

_AT_ONCE = 500


class Asked(NamedTuple):
    """What is to be exported; times are Unix milliseconds, ``until_ms`` the first left out."""

    projects: Sequence[Project]
    since_ms: int | None
    until_ms: int
    audit: bool


class Step(NamedTuple):
    """Some lines and where to go on after them; ``events`` says how many events were passed."""

    lines: list[Line]
    mark: Mark
    events: int


_Read = tuple[Sequence[Line], list[int] | None]


class Leaving:
    """One export; every call of ``steps`` goes on where the last mark says."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        asked: Asked,
        spelling: Spelling,
        public_key: bytes | None,
        begun: Begun | None = None,
    ) -> None:
        self._connection = connection
        self._projects = asked.projects
        self._spelling = spelling
        self._public_key = public_key
        self._audit = asked.audit
        self.header = begun.header if begun else _header(asked)
        self._mark = begun.mark if begun else Mark(project=0, section=0, after=[], records=0)
        self._period = (self.header.since or 0, self.header.until)
        self._reading = stored_events.Reading(spelling)
        self._sections: tuple[Callable[[Project, list[int]], _Read], ...] = (
            self._project,
            self._trail,
            self._events,
            self._figures,
            self._groups,
            self._monitors,
            self._deployments,
            self._alerts,
        )

    def expected(self) -> int:
        """About how many events there are to pass."""
        with self._snapshot():
            return sum(
                n
                for each in self._projects
                for _, _, _, n in countings.counted(
                    self._connection, each.number, self._period[0] // 60_000, self._period[1] // 60_000 + 1
                )
            )

    def require_whole_trails(self) -> None:
        """Raise trail.Broken where the trail of a project cannot leave."""
        if self._audit:
            with self._snapshot():
                for each in self._projects:
                    trail.begin(self._connection, each, self._public_key)

    def steps(self) -> Iterator[Step]:
        """Everything that is left of the export but its end. Raises trail.Broken."""
        mark = self._mark
        while mark.project < len(self._projects):
            project = self._projects[mark.project]
            with self._snapshot():
                lines, after = self._sections[mark.section](project, mark.after)
            n = mark.records + len(lines)
            if after is not None:
                mark = Mark(project=mark.project, section=mark.section, after=after, records=n)
            elif mark.section + 1 < len(self._sections):
                mark = Mark(project=mark.project, section=mark.section + 1, after=[], records=n)
            else:
                mark = Mark(project=mark.project + 1, section=0, after=[], records=n)
            yield Step(list(lines), mark, sum(isinstance(line, records.Event | records.Audit) for line in lines))

    @contextmanager
    def _snapshot(self) -> Iterator[None]:
        self._connection.execute("BEGIN")
        try:
            yield
        finally:
            self._connection.rollback()

    def _project(self, project: Project, _after: list[int]) -> _Read:
        return [project_settings.leave(self._connection, project.number)], None

    def _trail(self, project: Project, after: list[int]) -> _Read:
        """The trail as far as its head was signed when it began to leave."""
        if not self._audit:
            return [], None
        if not after:
            first = trail.begin(self._connection, project, self._public_key)
            return ([], None) if first is None else ([first], [0, first.seq])
        done, through = after
        lines, last = trail.leave(self._connection, project.number, self._spelling, done, through, _AT_ONCE)
        return lines, None if last is None else [last, through]

    def _events(self, project: Project, after: list[int]) -> _Read:
        low, high = project_range(project.number, self.header.since, self.header.until)
        lines, last = self._reading.leave(self._connection, after[0] if after else low - 1, high, _AT_ONCE)
        return lines, None if last is None else [last]

    def _figures(self, project: Project, after: list[int]) -> _Read:
        """Only whole minutes: a part of one cannot be told from another."""
        minute, number = after or [-(-self._period[0] // 60_000), 0]
        lines, last = figures.leave(
            self._connection, project.number, minute, number, self._period[1] // 60_000, _AT_ONCE
        )
        return lines, None if last is None else list(last)

    def _groups(self, project: Project, after: list[int]) -> _Read:
        last_id = after[0].to_bytes(16, "big") if after else b""
        lines, last = groups.leave(self._connection, project.number, self._spelling, last_id, self._period, _AT_ONCE)
        return lines, None if last is None else [int.from_bytes(last, "big")]

    def _monitors(self, project: Project, after: list[int]) -> _Read:
        lines, last = monitors.leave(self._connection, project.number, self._spelling, after[0] if after else 0, 50)
        return lines, None if last is None else [last]

    def _deployments(self, project: Project, after: list[int]) -> _Read:
        lines, last = happenings.leave_deployments(
            self._connection, project.number, after[0] if after else 0, self._period, _AT_ONCE
        )
        return lines, None if last is None else [last]

    def _alerts(self, project: Project, after: list[int]) -> _Read:
        lines, last = happenings.leave_alerts(
            self._connection, project.number, after[0] if after else 0, self._period, _AT_ONCE
        )
        return lines, None if last is None else [last]


def _header(asked: Asked) -> Header:
    return Header(
        format=FORMAT,
        version=VERSION,
        id=str(uuid.uuid4()),
        made_by=__version__,
        since=asked.since_ms,
        until=asked.until_ms,
        projects=tuple(each.uuid for each in asked.projects),
        audit=asked.audit,
    )
