"""What a running server says of itself, in a small file of its folder that the shell reads."""

from pathlib import Path
from typing import Any

import msgspec

from logserver.core.jobs import Record
from logserver.core.trimming import Standing

FILE = "server.json"


class Report(msgspec.Struct, frozen=True):
    """The state of a running server; times in Unix milliseconds, durations in milliseconds or seconds as named."""

    pid: int
    version: str
    started_at: int
    at: int
    queued_rows: int
    queued_bytes: int
    refusing: str | None
    commits: int
    commit_ms_median: float | None
    commit_ms_p99: float | None
    checkpoint_age_seconds: float | None
    log_pages: int | None
    jobs: dict[str, Record]
    room: Standing | None = None
    """How the store stands to the size it may have; None where it may have any."""
    damage: str | None = None
    floor_bytes: int | None = None
    """Free disk space below which new events are refused; None where the server was older than this field."""


def write(folder: Path, report: Report) -> None:
    """Replace the folder's report; a reader sees the old one or the new one."""
    fresh = folder / f".{FILE}"
    fresh.touch(mode=0o600)
    fresh.write_bytes(msgspec.json.encode(report))
    fresh.replace(folder / FILE)


def remove(folder: Path) -> None:
    """Take the report away, when its server ends."""
    (folder / FILE).unlink(missing_ok=True)


def read(folder: Path) -> Report | None:
    """The last report of a server on the folder; None where none ever ran."""
    try:
        return msgspec.json.decode((folder / FILE).read_bytes(), type=Report)
    except (FileNotFoundError, msgspec.MsgspecError):
        return None


def sizes(folder: Path, names: tuple[str, ...]) -> dict[str, int]:
    """Bytes of each of these files of the folder that is there. Only looks; never opens what SQLite has open."""
    return {name: (folder / name).stat().st_size for name in names if (folder / name).exists()}


def percentiles(values: list[float]) -> tuple[Any, Any]:
    """Median and 99th percentile by nearest rank; None of nothing."""
    if not values:
        return None, None
    ordered = sorted(values)
    return ordered[len(ordered) // 2], ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)]
