"""Sums of the per-minute counts: how much of what there was in a while."""

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
