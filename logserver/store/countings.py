"""Sums of the per-minute counts: how much of what there was in a while."""

from collections.abc import Iterator

from logserver.store.ids import id_ms
from logserver.store.tx import Tx


def counted(tx: Tx, project: int, since_minute: int, until_minute: int) -> list[tuple[str, str, str, int]]:
    """How many events of each type, level and environment a project has from one Unix minute until another."""
    return tx.execute(
        "SELECT d.type, d.level, d.environment, sum(c.n) FROM counts c JOIN dimensions d ON d.id = c.dimension"
        " WHERE c.project = ? AND c.minute >= ? AND c.minute < ? GROUP BY c.dimension ORDER BY sum(c.n) DESC",
        (project, since_minute, until_minute),
    ).fetchall()


def totals(tx: Tx) -> dict[int, int]:
    """How many events each project's number has, by the counts; projects without any are left out."""
    return dict(tx.execute("SELECT project, sum(n) FROM counts GROUP BY project"))


def held(tx: Tx) -> int:
    """How many events there are, by the counts, each of which is read: not for pages."""
    return int(tx.execute("SELECT coalesce(sum(n), 0) FROM counts").fetchone()[0])


def held_and_arrived(tx: Tx, project: int, since_minute: int) -> dict[str, tuple[int, int]]:
    """How many events of a project there are, and how many of them from a Unix minute on, for events and audit.

    It reads every count of the project: not for pages.
    """
    found = tx.execute(
        "SELECT CASE d.type WHEN 'audit' THEN 'audit' ELSE 'events' END, sum(c.n),"
        " sum(CASE WHEN c.minute >= ? THEN c.n ELSE 0 END)"
        " FROM counts c JOIN dimensions d ON d.id = c.dimension WHERE c.project = ? GROUP BY 1",
        (since_minute, project),
    )
    return {kind: (held, arrived) for kind, held, arrived in found}


def minutes(tx: Tx, project: int) -> Iterator[tuple[int, int, int]]:
    """The Unix minutes in which a project has events other than audit events, oldest first: minute, project, how many.

    A minute comes once for each dimension of its events. No more is read than is asked for.
    """
    swept = tx.execute("SELECT through FROM sweeps WHERE project = ? AND kind = 'events'", (project,)).fetchone()
    # CROSS JOIN keeps to the order of the counts' key.
    return tx.execute(
        "SELECT c.minute, c.project, c.n FROM counts c CROSS JOIN dimensions d ON d.id = c.dimension"
        " WHERE c.project = ? AND c.minute >= ? AND d.type != 'audit' ORDER BY c.minute",
        (project, id_ms(swept[0]) // 60_000 if swept else 0),
    )
