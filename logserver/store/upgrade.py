"""Brings a store that an older version made up to date, with a copy of it put aside first where that is asked for."""

from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from logserver.store.backup import back_up
from logserver.store.connections import FILE, connect, connect_readonly
from logserver.store.errors import StoreError
from logserver.store.migrations import migrate, newest, recorded, require_ours


def outdated(folder: Path) -> int | None:
    """The schema of a store that an older version made; None of any other, and where there is none.

    Raises StoreUnusable for what is no store.
    """
    if not (folder / FILE).exists():
        return None
    with closing(connect_readonly(folder)) as connection:
        made = require_ours(connection) and recorded(connection)
    return made if 0 < made < newest() else None


def copy_name(schema: int, now_ms: int) -> str:
    """What the copy of a store is called that is made before its schema is changed."""
    return f"logserver-schema{schema}-{datetime.fromtimestamp(now_ms / 1000, UTC):%Y%m%dT%H%M%SZ}.db"


def upgrade(folder: Path, *, copy: Path | None = None, progress: Callable[[int, int], None] | None = None) -> None:
    """Bring the store of a folder, which nobody else may serve, to the newest schema; a missing one is made.

    With ``copy`` nothing is changed before the store as it was is whole in that new file, and on the disk. A process
    that dies at any moment leaves a store of the old schema, of the new one, or of one between: the next call goes on.
    Raises StoreUnusable for what is no store or a newer one's, what back_up raises, and StoreError where the
    folder of the copy cannot be made.
    """
    if copy is not None:
        try:
            copy.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"the folder for the copy, {copy.parent}, cannot be made: {error.strerror}; the store was not changed"
            ) from error
        back_up(folder, copy, progress)
    with closing(connect(folder)) as connection:
        migrate(connection)
