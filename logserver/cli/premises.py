"""What can be seen of a store without opening it: its folder, the files in it, their owners and rights, the disk."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from logserver.core import status as reports
from logserver.settings import Settings
from logserver.store import backup, lockfile
from logserver.store.connections import FILE
from logserver.store.inspection import Finding

_WHILE_OPEN = (f"{FILE}-wal", f"{FILE}-shm")
_OWN = {FILE, *_WHILE_OPEN, *backup.CARRIED, lockfile.LOCK, reports.FILE}
_UNFINISHED = (".part", ".new", "-journal")
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_FOLDER_MODE, _FILE_MODE = 0o700, 0o600


def looked_over(folder: Path) -> Iterator[Finding]:
    """What is not as it should be around a store, or is worth knowing."""
    served = lockfile.locked(folder)
    yield Finding("lock", "a server is running on it" if served else "no server is running on it", serious=False)
    owner = folder.stat().st_uid
    for path in (folder, *sorted(folder.iterdir())):
        try:
            seen = path.lstat()
        except FileNotFoundError:  # a running server makes some for a moment
            continue
        yield from _rights(path, seen, owner)
        if path != folder:
            yield from _place(path, served=served)
    yield from _room(folder)


def _rights(path: Path, seen: os.stat_result, owner: int) -> Iterator[Finding]:
    if seen.st_mode & _OTHERS and not stat.S_ISLNK(seen.st_mode):
        mode = _FOLDER_MODE if stat.S_ISDIR(seen.st_mode) else _FILE_MODE
        yield Finding("rights", f"others may use {path} (mode {stat.S_IMODE(seen.st_mode):o}): chmod {mode:o} {path}")
    if seen.st_uid != owner:
        message = f"{path} belongs to user {seen.st_uid}, its folder to {owner}: chown {owner} {path}"
        yield Finding("rights", f"{message}; a server of that user may not open it")


def _place(path: Path, *, served: bool) -> Iterator[Finding]:
    """What a file in the folder is there for."""
    if path.name in _WHILE_OPEN and not served and path.stat().st_size:
        if path.name == _WHILE_OPEN[0]:
            message = f"{path.name} holds what the next start takes in; it belongs to the store, so do not delete it"
            yield Finding("files", message, serious=False)
    elif path.name.endswith(_UNFINISHED) and not served:
        message = f"{path} was left by what was cut short; where nothing is being restored, delete it"
        yield Finding("files", message, serious=path.name == f"{FILE}-journal")
    elif path.name not in _OWN and path.name != f".{reports.FILE}":
        yield Finding("files", f"{path} is none of the store's files", serious=False)


def _room(folder: Path) -> Iterator[Finding]:
    disk = os.statvfs(folder)
    report = reports.read(folder)
    told = report.floor_bytes if report is not None else None
    free, floor = disk.f_bavail * disk.f_frsize, Settings.min_free_megabytes * 1_000_000 if told is None else told
    if free < floor:
        unless = " unless told else" if told is None else ""
        message = f"{free / 1e6:,.0f} MB are free; below {floor / 1e6:,.0f} MB a server refuses events{unless}"
        less = "keep less (logserver project set SLUG --retention-days DAYS)"
        yield Finding("disk", f"{message} (--min-free-megabytes): make room, or {less}")
    else:
        yield Finding("disk", f"{free / 1e9:,.1f} GB are free", serious=False)
    if disk.f_favail == 0 and disk.f_files:
        yield Finding("disk", "the file system has no room for another file (inodes): delete some")
