"""The folder of a store, and the lock that keeps a second server out of it."""

import fcntl
import os
import threading
from pathlib import Path

from logserver.store.errors import StoreUnusable

LOCK = "server.lock"
_ATTEMPTS = 20


def prepare(folder: Path) -> None:
    """Make the data folder, readable by its owner only, if it is not there."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def lock(folder: Path) -> int:
    """Lock the folder for one server; the descriptor holds the lock until it is closed or the process ends."""
    prepare(folder)
    descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    for attempt in range(_ATTEMPTS):
        if attempt:
            threading.Event().wait(0.01)  # whoever only asks, with locked(), has it for a moment too
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
        return descriptor
    os.close(descriptor)
    raise StoreUnusable(f"another logserver is serving {folder}")


def locked(folder: Path) -> bool:
    """Whether a server is running on the folder; asks without writing, so also on a disk that is read-only."""
    try:
        descriptor = os.open(folder / LOCK, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
