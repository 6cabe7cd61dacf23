"""One followed file: how far it is read, where it lies, and since when it lies there no more."""

import logging
import os

from logserver.agent.descriptors import Descriptors, Key
from logserver.agent.file_reader import FileReader
from logserver.agent.places import Place
from logserver.agent.probing import status_of

logger = logging.getLogger("logserver.agent")

GRACE_S = 3.0
"""So long a file that has left its path must be quiet until its last line is taken to be without an end."""
LINGER_S = 60.0
"""So long it must be quiet until it is followed no more: its writer may still hold it."""
_SELDOM_S = 2.0
_QUIET_SHARE = 30


class Track:
    """A file on its way through its names."""

    def __init__(self, place: Place, where: str | None, now: float, *, unaligned: bool = False) -> None:
        self.reader = FileReader(place, unaligned=unaligned)
        self.path = os.fsdecode(place.path)
        self.where = where
        """A path that leads to it; None where only its descriptor does."""
        self.matched = True
        """Whether a pattern finds it; else it is followed to its end only."""
        self.left_at: float | None = None
        """Since when its path leads elsewhere or nowhere."""
        self.since_ns = place.changed_ns
        """When it was last seen to change before it left its path: what was there meanwhile is younger."""
        self.deleted = False
        """Whether it has no name any more: after a restart nobody can read it."""
        self.over = False
        """Whether it is followed no more."""
        self.due = 0.0
        """When it is to be looked at again, where there are many."""
        self._grown_at = now
        self.after: Track | None = None
        """What is read to its end before it."""
        self._trouble: int | None = None

    @property
    def key(self) -> Key:
        """Its device and inode."""
        return self.reader.place.key

    def find(self) -> tuple[os.stat_result | None, os.stat_result | None]:
        """Look where it was last: the status of it, and of what else lies there. Raises OSError where nobody knows."""
        if self.where is None:
            return None, None
        try:
            status = status_of(self.where)
        except (FileNotFoundError, NotADirectoryError):
            return None, None
        return (status, None) if (status.st_dev, status.st_ino) == self.key else (None, status)

    @property
    def ready(self) -> bool:
        """Whether it may be read: not before everything of the file that was at its path before it."""
        other = self.after
        while other is not None:
            if not other.over and not other.reader.settled:
                return False
            other = other.after
        self.after = None
        return True

    def leave(self, now: float) -> None:
        """Its path leads to it no more."""
        if self.left_at is None:
            self.left_at = now
            self.since_ns = self.reader.place.changed_ns

    def note(self, status: os.stat_result, now: float, *, many: bool) -> None:
        """Take down its size and time."""
        self.deleted = status.st_nlink == 0
        if self.reader.changed(status.st_size, status.st_mtime_ns):
            self._grown_at = now
        self.due = now + min(_SELDOM_S, (now - self._grown_at) / _QUIET_SHARE) if many else 0.0

    def quiet_for(self, now: float) -> float:
        """Seconds since it last changed or left its path."""
        return now - max(self._grown_at, self.left_at or 0.0)

    def open(self, descriptors: Descriptors) -> int | None:
        """Its descriptor; None, told once, where it cannot be opened."""
        try:
            return descriptors.held(self.key) if self.where is None else descriptors.open(self.key, self.where)
        except OSError as error:
            self.tell(error)
            return None

    def well(self) -> None:
        """It has been read: whatever stood in the way does no more."""
        if self._trouble is not None:
            self._trouble = None
            logger.info("%s can be read again", self.reader.source)

    def tell(self, error: OSError) -> None:
        """Say what stands in the way of reading, but not again while it is the same."""
        if isinstance(error, FileNotFoundError):
            return  # it has just left; the next look says where to
        if error.errno is not None and error.errno != self._trouble:
            self._trouble = error.errno
            logger.warning("%s cannot be read: %s; trying again", self.reader.source, error.strerror)
