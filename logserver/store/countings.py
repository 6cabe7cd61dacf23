"""Sums of the per-minute counts: how much of what there was in a while."""

from logserver.store.tx import Tx


def counted(tx: Tx, project: int, since_minute: int, until_minute: int) -> list[tuple[str, str, str, int]]:
    """How many events of each type, level and environment a project has from one Unix minute until another."""
    return tx.execute(
        "SELECT d.type, d.level, d.environment, sum(c.n) FROM counts c JOIN dimensions d ON d.id = c.dimension"
        " WHERE c.project = ? AND c.minute >= ? AND c.minute < ? GROUP BY c.dimension ORDER BY sum(c.n) DESC",
        (project, since_minute, until_minute),
    ).fetchall()
