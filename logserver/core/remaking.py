"""Makes anew, from the rows of events alone, everything that is kept beside them."""

import sqlite3
import uuid
from collections import Counter
from collections.abc import Iterable
from itertools import islice
from typing import Any

from logserver.core.errors.groups import title_of
from logserver.store import events, series
from logserver.store.agreement import UNREADABLE
from logserver.store.events import Event, Row, from_row, words_of
from logserver.store.identities import places_of
from logserver.store.ids import LOCAL_BITS, id_ms, uuid_text
from logserver.store.inspection import Progress
from logserver.store.occurrences import HOUR_MS
from logserver.store.series import Vocabulary

_CHUNK = 1_000
_MERGE_PAGES = 64
_KEPT_DAYS = 3_650
"""What a project keeps whose settings were lost, so that nothing of what was saved goes at once."""

_BEGIN_GROUP = """
INSERT INTO error_groups
    (id, project, rule, title, level, environment, n, first_seen, last_seen, last_release, last_event)
SELECT :id, :project, 1, :title, :level, :environment, :n, :at, :at, :release, :event
WHERE NOT EXISTS (SELECT 1 FROM error_groups WHERE id = :id)
"""


class Remade:
    """Fills a store whose tables of events, and of what is kept beside them, are empty."""

    def __init__(self, fresh: sqlite3.Connection, progress: Progress) -> None:
        self._fresh = fresh
        self._progress = progress
        self._vocabulary = Vocabulary()
        self._groups: dict[bytes, tuple[int, int]] = {}
        self._unreadable = 0
        self.events = 0
        """How many there are."""

    def take(self, rows: Iterable[Row]) -> None:
        """Store events with all that is kept beside them."""
        left = iter(rows)
        while chunk := list(islice(left, _CHUNK)):
            self._fresh.execute("BEGIN")
            self._store(chunk)
            self._fresh.execute("INSERT INTO event_words (event_words, rank) VALUES ('merge', ?)", (_MERGE_PAGES,))
            self._fresh.execute("COMMIT")
            self._progress("events", self.events, 0)

    def _store(self, rows: list[Row]) -> None:
        made, identities = [], []
        counts: Counter[tuple[int, int, int]] = Counter()
        hours: Counter[tuple[int, bytes, int]] = Counter()
        for row in sorted(rows, key=lambda row: row[0]):
            try:
                event, entry = from_row(row), words_of(row)
                project, ms = event.id >> LOCAL_BITS, id_ms(event.id)
                places = places_of(project, event)
                dimension = self._vocabulary.dimension(
                    self._fresh, project, event.type, event.level, event.environment()
                )
            except UNREADABLE:
                self._unreadable += 1
                continue
            made.append((row, entry))
            identities += [(place, event.id) for place in places]
            counts[project, ms // 60_000, dimension] += 1
            self._vocabulary.counted(self._fresh, dimension, ms // 60_000)
            if event.error_group is not None:
                hours[project, event.error_group, ms // HOUR_MS] += 1
                n, newest = self._groups.get(event.error_group, (0, 0))
                self._groups[event.error_group] = (n + 1, max(newest, event.id))
        events.insert(self._fresh, made)
        self._fresh.executemany("INSERT OR IGNORE INTO identities (hash, event) VALUES (?, ?)", sorted(identities))
        series.add_counts(self._fresh, counts)
        self._fresh.executemany(
            "INSERT INTO group_hours (project, error_group, hour, n) VALUES (?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET n = n + excluded.n",
            [(*key, n) for key, n in sorted(hours.items())],
        )
        self._vocabulary.trim()
        self.events += len(made)

    def mend(self) -> list[str]:
        """Give events back the projects and groups they name, and drop what refers to nothing; says what, in words."""
        self._fresh.execute("BEGIN")
        said = [*self._projects(), *self._error_groups(), *self._references()]
        if self._unreadable:
            said.append(f"{self._unreadable:,} events whose rows hold what nobody wrote")
        self._fresh.execute("COMMIT")
        return said

    def _projects(self) -> Iterable[str]:
        gone = self._fresh.execute(
            "SELECT DISTINCT project FROM counts WHERE project NOT IN (SELECT number FROM projects) ORDER BY 1"
        ).fetchall()
        for (number,) in gone:
            slug = f"recovered-{number}"
            self._fresh.execute(
                "INSERT INTO projects (number, uuid, slug, name, created_at, retention_days) VALUES (?, ?, ?, ?, 0, ?)",
                (number, str(uuid.uuid4()), slug, slug, _KEPT_DAYS),
            )
            yield f"the name, settings and tokens of a project; its events are in {slug}, which keeps them ten years"

    def _error_groups(self) -> Iterable[str]:
        made = 0
        for group, (n, newest) in self._groups.items():
            self._fresh.execute(
                "UPDATE error_groups SET last_event = ?2"
                " WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM events WHERE id = last_event)",
                (group, newest),
            )
            last = events.read(self._fresh, newest)
            if last is not None:
                made += self._fresh.execute(_BEGIN_GROUP, _group(group, n, last)).rowcount
        if made:
            yield f"the history and state of {made:,} error groups, which begin anew with the events that are left"

    def _references(self) -> Iterable[str]:
        """Drop rows that refer to rows that are gone, until there are none."""
        self._fresh.execute("UPDATE monitors SET event = NULL WHERE event NOT IN (SELECT id FROM events)")
        dropped: Counter[str] = Counter()
        while pairs := self._fresh.execute(
            'SELECT DISTINCT c."table", c.parent, k."from", coalesce(k."to", p.name)'
            ' FROM pragma_foreign_key_check AS c, pragma_foreign_key_list(c."table") AS k'
            " LEFT JOIN pragma_table_info(c.parent) AS p ON p.pk = 1 WHERE k.id = c.fkid"
        ).fetchall():
            for table, parent, column, key in pairs:
                dropped[table] += self._fresh.execute(
                    f"DELETE FROM {table} WHERE {column} IS NOT NULL AND {column} NOT IN (SELECT {key} FROM {parent})"
                ).rowcount
        for table, n in dropped.items():
            yield f"{n:,} rows of {table}, which belong to rows that are lost"


def _group(group: bytes, n: int, last: Event) -> dict[str, Any]:
    """What is known of a group by its last event."""
    release = last.context.get("release")
    return {
        "id": group,
        "project": last.id >> LOCAL_BITS,
        "title": title_of(last.message) or uuid_text(group),
        "level": last.level,
        "environment": last.environment(),
        "n": n,
        "at": id_ms(last.id),
        "release": release if isinstance(release, str) else None,
        "event": last.id,
    }
