"""Open files, never more than a certain number."""

import os
import stat
from collections import OrderedDict

MAX_OPEN = 256
"""Files open at once; the ones that were read longest ago are closed for others."""

Key = tuple[int, int]
"""Device and inode."""


class Moved(OSError):
    """A path does not lead to the file that was looked for."""


class Descriptors:
    """Open files by device and inode. A pinned one stays open: its name may be gone."""

    def __init__(self, most: int = MAX_OPEN) -> None:
        self._most = most
        self._open: OrderedDict[Key, int] = OrderedDict()
        self._pinned: set[Key] = set()

    @property
    def full(self) -> bool:
        """Whether one more would close another."""
        return len(self._open) >= self._most

    def held(self, key: Key) -> int | None:
        """The descriptor of a file if it is open."""
        return self._open.get(key)

    def open(self, key: Key, path: str) -> int:
        """The descriptor of a file, which is opened if need be; never one of anything but this regular file.

        Raises OSError as open() does, and Moved where the path leads to another one.
        """
        descriptor = self._open.get(key)
        if descriptor is not None:
            self._open.move_to_end(key)
            return descriptor
        self._make_room()
        # Without waiting: a FIFO that took the path would wait for its writer.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode) or (status.st_dev, status.st_ino) != key:
                raise Moved  # noqa: TRY301 - closed below, like every other failure
        except BaseException:
            os.close(descriptor)
            raise
        self._open[key] = descriptor
        return descriptor

    def pin(self, key: Key) -> None:
        """Keep a file open, if it is."""
        if key in self._open:
            self._pinned.add(key)

    def close(self, key: Key) -> None:
        """Let go of a file."""
        self._pinned.discard(key)
        descriptor = self._open.pop(key, None)
        if descriptor is not None:
            os.close(descriptor)

    def close_all(self) -> None:
        """Let go of every file."""
        for key in list(self._open):
            self.close(key)

    def _make_room(self) -> None:
        while len(self._open) >= self._most:
            self.close(next((key for key in self._open if key not in self._pinned), next(iter(self._open))))
