"""The agent's state on disk: a folder of its own, one agent at a time, and files that are whole or not there."""

import fcntl
import logging
import os
from pathlib import Path
from typing import TypeVar

import msgspec

from logserver.core.clock import Clock

logger = logging.getLogger("logserver.agent")

T = TypeVar("T")

_LOCK = "agent.lock"
_NEW = ".new"


class InUse(Exception):
    """Another agent has the folder."""


class Folder:
    """A folder that belongs to one running agent, readable by its owner only."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self.path = path
        self._clock = clock
        self._lock: int | None = None

    def claim(self) -> None:
        """Make the folder if need be, and keep every other agent out until close() or the end of the process.

        Raises InUse where one is there, and OSError where the folder cannot be made.
        """
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self.path / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(descriptor)
            raise InUse(f"another agent keeps its state in {self.path}; give this one its own with --state") from error
        self._lock = descriptor

    def close(self) -> None:
        """Let another agent have it."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def load(self, name: str, kind: type[T]) -> T | None:
        """What save() kept under a name; None where there is nothing.

        What cannot be read as ``kind`` is put aside under another name and told in the log: an agent that starts
        anew is better than one that does not start.
        """
        path = self.path / name
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return None
        try:
            return msgspec.json.decode(data, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            aside = path.with_name(f"{name}.broken-{self._clock.now_ms()}")
            path.replace(aside)
            logger.error("%s cannot be read (%s); it was put aside as %s", path, error, aside.name)  # noqa: TRY400 - its trace says nothing more
            return None

    def save(self, name: str, value: object) -> None:
        """Keep a value under a name; after a crash or a power cut either it or the one before is there, whole."""
        replace(self.path / name, msgspec.json.encode(value))


def replace(path: Path, data: bytes) -> None:
    """Write a file in the place of another, in one step that survives a power cut once it returns."""
    write(path.with_name(path.name + _NEW), data)
    path.with_name(path.name + _NEW).replace(path)
    sync_folder(path.parent)


def write(path: Path, data: bytes) -> None:
    """Write a file and wait until the disk has its bytes; its name is safe after sync_folder()."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor has no path
        file.write(data)
        file.flush()
        os.fsync(descriptor)


def sync_folder(path: Path) -> None:
    """Wait until the disk has the names in a folder."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
