"""What events were counted under: the levels and environments that a project's events of a type have had."""

from typing import Literal

from logserver.store.tx import Tx


def values(tx: Tx, project: int, event_type: str, column: Literal["level", "environment"]) -> list[str]:
    """All of them that retention has left, in order; beyond a project's bound they are one, ``~other``."""
    rows = tx.execute(
        f"SELECT DISTINCT {column} FROM dimensions WHERE project = ? AND type = ? ORDER BY 1", (project, event_type)
    )
    return [value for (value,) in rows if value]
