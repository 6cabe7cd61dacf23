"""The names that a project has used: its environments and releases, as far as they are told apart."""

from logserver.store.tx import Tx

KINDS = ("environment", "release")
MOST = 200


def known(tx: Tx, project: int, kind: str) -> list[str]:
    """The names of one of KINDS, in order, at most MOST of them."""
    rows = tx.execute(
        "SELECT value FROM vocabulary WHERE project = ? AND kind = ? ORDER BY value LIMIT ?", (project, kind, MOST)
    )
    return [value for (value,) in rows]
