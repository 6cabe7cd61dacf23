"""Whether telemetry is welcome, by what is free of the disk."""

import shutil
from pathlib import Path

from logserver.core.disk import SHORT, DiskWatch
from tests.serving import Server


def look(server: Server, watch: DiskWatch) -> str | None:
    """What one look makes of it."""

    async def looked() -> str | None:
        await watch.look(0)
        return server.app.database.refusing

    return server.run(looked)


def free(folder: Path) -> int:
    return shutil.disk_usage(folder).free


def test_below_the_floor_events_are_refused(server: Server) -> None:
    assert look(server, DiskWatch(server.app.database, free(server.folder) // 2, lambda: None)) is None
    assert look(server, DiskWatch(server.app.database, free(server.folder) * 2, lambda: "too large")) == SHORT


def test_another_reason_is_told_where_the_disk_is_none_and_ends(server: Server) -> None:
    reasons = ["too large", "still too large", None]
    watch = DiskWatch(server.app.database, 0, lambda: reasons.pop(0))
    assert [look(server, watch) for _ in range(3)] == ["too large", "still too large", None]
