"""How many events projects had of late, for small pictures of several projects at a time."""

from logserver.store.tx import Tx


def totals(tx: Tx, project: int, since_minute: int, *, minutes: int, parts: int) -> list[int]:
    """The events of a project in each of so many parts of so many minutes from a Unix minute on, by the counts."""
    found = [0] * parts
    rows = tx.execute(
        "SELECT (minute - :since) / :minutes, sum(n) FROM counts"
        " WHERE project = :project AND minute >= :since AND minute < :until GROUP BY 1",
        {"project": project, "since": since_minute, "until": since_minute + minutes * parts, "minutes": minutes},
    )
    for part, n in rows:
        found[part] = n
    return found
