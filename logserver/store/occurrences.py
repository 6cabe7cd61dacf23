"""How often each error group occurred in each hour, and which users it affected; kept in the ingest transaction.

Hours are counted exactly and go with the events that were counted: what is stored is always what the events say.
Users are remembered by a digest, up to a number for each group, until the last event of the group goes.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from itertools import groupby, islice
from operator import itemgetter
from typing import NamedTuple

from logserver.store.events import Event, Row
from logserver.store.ids import LOCAL_BITS, id_ms
from logserver.store.tx import Tx

HOUR_MS = 3_600_000

MOST_USERS = 5_000
"""Users of a group that are told apart; beyond them nobody is counted any more."""

_DIGEST = 8
_REMEMBERED = 20_000
"""Users that are known to be counted, over all groups; they are forgotten together."""


class Occurrence(NamedTuple):
    """What is counted of one error."""

    project: int
    group: bytes
    hour: int
    """The Unix hour under which it is filed."""
    user: bytes | None
    moved: bool = False
    """Whether it was counted in another store, which says how many users the group has affected."""


def occurrence_of(event: Event, group: bytes) -> Occurrence:
    """What is counted of a numbered error of a group."""
    user = event.context.get("user_id")
    kind = type(user)
    known = (kind is str and user != "") or kind is int
    digest = blake2b(str(user)[:256].encode(), digest_size=_DIGEST).digest() if known else None
    return Occurrence(event.id >> LOCAL_BITS, group, id_ms(event.id) // HOUR_MS, digest)


class Occurrences:
    """What a transaction is about to count, and which users need no look because they were counted before."""

    def __init__(self) -> None:
        self._pending: list[Occurrence] = []
        self._known: set[tuple[bytes, bytes]] = set()

    def __len__(self) -> int:
        return len(self._pending)

    def append(self, event: Event) -> None:
        """Count a numbered error that has its group."""
        if event.error_group is not None:
            self._pending.append(occurrence_of(event, event.error_group))

    def append_moved(self, event: Event) -> None:
        """As append(), of an error that comes from another store: its user is known from then on, but not counted."""
        if event.error_group is not None:
            self._pending.append(occurrence_of(event, event.error_group)._replace(moved=True))

    def undo(self, mark: int) -> None:
        """Drop what was appended since there were ``mark`` of them."""
        del self._pending[mark:]

    def clear(self, *, committed: bool) -> None:
        """Drop everything, after the commit or the rollback of the whole transaction."""
        self._pending.clear()
        if not committed or len(self._known) > _REMEMBERED:
            self._known.clear()

    def forget(self) -> None:
        """Look for every user again, because some may be gone."""
        self._known.clear()

    def write(self, tx: Tx) -> None:
        """Count what was appended; the groups are stored already."""
        counted: Counter[tuple[int, bytes, int]] = Counter()
        affected: set[tuple[bytes, bytes]] = set()
        brought: set[tuple[bytes, bytes]] = set()
        for project, group, hour, user, moved in self._pending:
            counted[project, group, hour] += 1
            if user is not None:
                (brought if moved else affected).add((group, user))
        tx.executemany(
            "INSERT INTO group_hours (project, error_group, hour, n) VALUES (?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET n = n + excluded.n",
            [(*key, n) for key, n in sorted(counted.items())],
        )
        if brought:
            _know_users(tx, sorted(brought))
        unknown = sorted(affected - self._known)
        if unknown:
            self._known.update(unknown)
            _add_users(tx, unknown)


def _add_users(tx: Tx, affected: list[tuple[bytes, bytes]]) -> None:
    fresh: Counter[bytes] = Counter()
    for pair in affected:
        fresh[pair[0]] += tx.execute(
            "INSERT INTO group_users (error_group, user) SELECT ?1, ?2"
            f" WHERE (SELECT users FROM error_groups WHERE id = ?1) < {MOST_USERS} ON CONFLICT DO NOTHING",
            pair,
        ).rowcount
    tx.executemany(
        f"UPDATE error_groups SET users = min(users + ?, {MOST_USERS}) WHERE id = ?",
        [(n, group) for group, n in fresh.items() if n],
    )


def _know_users(tx: Tx, brought: list[tuple[bytes, bytes]]) -> None:
    """Remember users without counting them, up to the same number for each group."""
    for group, several in groupby(brought, key=itemgetter(0)):
        room = MOST_USERS - known_users(tx, group)
        tx.executemany(
            "INSERT INTO group_users (error_group, user) VALUES (?, ?) ON CONFLICT DO NOTHING",
            list(islice(several, max(room, 0))),
        )


def known_users(tx: Tx, group: bytes) -> int:
    """How many users of a group are told apart from those that come."""
    (n,) = tx.execute("SELECT count(*) FROM group_users WHERE error_group = ?", (group,)).fetchone()
    return int(n)


def subtract(tx: Tx, rows: Iterable[Row]) -> None:
    """Take deleted rows out of the hours; a group that has none left forgets which users it affected, not how many."""
    counted = Counter((row[0] >> LOCAL_BITS, row[11], id_ms(row[0]) // HOUR_MS) for row in rows if row[11] is not None)
    keys = sorted(counted)
    tx.executemany(
        "UPDATE group_hours SET n = n - ? WHERE project = ? AND error_group = ? AND hour = ?",
        [(counted[key], *key) for key in keys],
    )
    tx.executemany("DELETE FROM group_hours WHERE project = ? AND error_group = ? AND hour = ? AND n <= 0", keys)
    tx.executemany(
        "DELETE FROM group_users WHERE error_group = ?2"
        " AND NOT EXISTS (SELECT 1 FROM group_hours WHERE project = ?1 AND error_group = ?2)",
        sorted({key[:2] for key in keys}),
    )


def hours(tx: Tx, project: int, groups: Sequence[bytes], first: int, end: int) -> dict[tuple[bytes, int], int]:
    """How often groups of a project occurred from one Unix hour until another, by group and hour, without zeros."""
    marks = ", ".join("?" * len(groups))
    rows = tx.execute(
        f"SELECT error_group, hour, n FROM group_hours WHERE project = ? AND error_group IN ({marks})"
        " AND hour >= ? AND hour < ?",
        (project, *groups, first, end),
    )
    return {(group, hour): n for group, hour, n in rows}
