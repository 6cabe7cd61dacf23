"""The folder of a store and its files are their owner's only; what is not so is mended, or refused."""

import os
import stat
from pathlib import Path

from logserver.store.connections import FILE
from logserver.store.errors import StoreUnusable
from logserver.store.lockfile import LOCK

_OTHERS = 0o077
_WRITE = 0o022
_OURS = (FILE, LOCK, "server.json", ".server.json", "audit.key", "audit.heads")
"""How the names of what a server keeps in its folder begin."""


def keep(folder: Path) -> list[str]:
    """Take from a folder that is there what others may do in it; returns what was changed, in words.

    The files of the store become readable by their owner only. So does the folder, unless it holds other things as
    well: then it is left as it is. Raises StoreUnusable where others may change what is in it, or where something
    is another user's.
    """
    if not folder.exists():
        return []
    own, foreign = _contents(folder)
    changed = [said for path in own if (said := _close(path, 0o600))]
    mode = stat.S_IMODE(folder.stat().st_mode)
    if foreign and mode & _WRITE:
        raise StoreUnusable(
            f"others may change what is in {folder}, which holds more than a store ({foreign[0].name});"
            " name a folder that is for the store only"
        )
    if not foreign and (said := _close(folder, 0o700)):
        changed.append(said)
    return changed


def _contents(folder: Path) -> tuple[list[Path], list[Path]]:
    """The files of the store, and whatever else is there."""
    own: list[Path] = []
    foreign: list[Path] = []
    for path in sorted(folder.iterdir()):
        (own if path.name.startswith(_OURS) and path.is_file() else foreign).append(path)
    return own, foreign


def _close(path: Path, mode: int) -> str | None:
    """Give a path this mode where others may do anything with it; says so."""
    found = path.stat()
    if not stat.S_IMODE(found.st_mode) & _OTHERS:
        return None
    if os.geteuid() not in {found.st_uid, 0}:
        raise StoreUnusable(f"others may use {path}, and it belongs to another user; run: chown {os.geteuid()} {path}")
    path.chmod(mode)
    return f"others could use {path}; it is now for its owner only"
