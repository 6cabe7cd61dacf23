"""What waits to be sent, on disk: one file a batch, in the order they were made, within bounds.

A batch is written before the checkpoint that counts it, and sent after. Its number tells the two apart: whatever has
a number that the checkpoint does not know yet was written by an agent that died before it could say so, is made
again of the same lines, and therefore removed at the start. A batch that was taken is removed at once; where the
removal is lost to a power cut the batch is sent again under the same id, which the server counts once.
"""

import logging
import os
import threading
from collections import deque
from pathlib import Path
from typing import NamedTuple

from logserver.agent.folder import sync_folder, write
from logserver.core.clock import Clock

logger = logging.getLogger("logserver.agent")

MOST_HOURS = 72
"""How long a batch waits; the server takes nothing older."""

_MOST_BATCHES = 50_000
_SUFFIX = ".batch"


class Batch(NamedTuple):
    """A file of the spool; its name says the rest."""

    number: int
    made_ms: int
    items: int
    """How many lines or points it holds."""
    size: int
    """Bytes on disk."""

    @property
    def name(self) -> str:
        """The name of its file."""
        return f"{self.number:012d}-{self.made_ms}-{self.items}{_SUFFIX}"


class Spool:
    """The batches of one kind. Any thread may call; what is read and written are whole files.

    At most ``most_bytes`` and 50,000 batches wait, for at most 72 hours: beyond that the oldest are dropped first,
    counted and told in the log.
    """

    def __init__(self, folder: Path, kind: str, *, most_bytes: int, clock: Clock) -> None:
        self._folder = folder
        self._kind = kind
        self._most_bytes = most_bytes
        self._clock = clock
        self._lock = threading.Lock()
        self._waiting: deque[Batch] = deque()
        self._written: list[Batch] = []
        self._bytes = 0
        self._sending: int | None = None
        self._next = 1
        self.dropped = 0
        """Lines or points that were dropped since the state was made."""

    def open(self, next_number: int | None, dropped: int) -> None:
        """Find the batches of an earlier run, given what its checkpoint says; without one all of them count."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.dropped = dropped
        found = []
        with os.scandir(self._folder) as entries:
            for entry in entries:
                batch = _parsed(entry)
                if batch is not None and (next_number is None or batch.number < next_number):
                    found.append(batch)
                elif batch is not None or entry.name.endswith(".new"):
                    Path(entry.path).unlink()
        self._waiting = deque(sorted(found))
        self._bytes = sum(batch.size for batch in found)
        self._next = max([next_number or 1, *(batch.number + 1 for batch in found)])

    @property
    def next_number(self) -> int:
        """What the checkpoint has to know: every batch that was written has a lower number."""
        return self._next

    def put(self, data: bytes, items: int) -> None:
        """Write a batch; it is not sent before committed().

        Raises OSError where it cannot be written; then nothing was.
        """
        batch = Batch(self._next, self._clock.now_ms(), items, len(data))
        path = self._folder / batch.name
        write(path.with_name(path.name + ".new"), data)
        path.with_name(path.name + ".new").replace(path)
        self._next += 1
        self._written.append(batch)

    def sync(self) -> None:
        """Wait until the disk has all that was put; before the checkpoint that counts it."""
        if self._written:
            sync_folder(self._folder)

    def committed(self) -> bool:
        """Let what was put be sent, now that a checkpoint counts it; whether there was any."""
        with self._lock:
            new = bool(self._written)
            self._waiting.extend(self._written)
            self._bytes += sum(batch.size for batch in self._written)
            self._written.clear()
        self.trim()
        return new

    def trim(self) -> None:
        """Drop what is too old or too much, oldest first; what is being sent just now is not."""
        gone = []
        with self._lock:
            oldest = self._clock.now_ms() - MOST_HOURS * 3_600_000
            while self._waiting and (
                self._bytes > self._most_bytes
                or len(self._waiting) > _MOST_BATCHES
                or self._waiting[0].made_ms < oldest
            ):
                if self._waiting[0].number == self._sending:
                    break
                gone.append(self._waiting.popleft())
                self._bytes -= gone[-1].size
            self.dropped += sum(batch.items for batch in gone)
        for batch in gone:
            (self._folder / batch.name).unlink(missing_ok=True)
        if gone:
            items = sum(batch.items for batch in gone)
            logger.error("%d %s that waited to be sent were dropped: too old, or too many", items, self._kind)

    def first(self) -> tuple[Batch, bytes] | None:
        """The oldest batch and its bytes, for the one who sends; None where nothing waits.

        A file that somebody took away is dropped and counted; raises OSError where one cannot be read.
        """
        while True:
            with self._lock:
                if not self._waiting:
                    return None
                batch = self._waiting[0]
                self._sending = batch.number
            try:
                return batch, (self._folder / batch.name).read_bytes()
            except FileNotFoundError:
                logger.error("a batch of %d %s is gone from the disk", batch.items, self._kind)  # noqa: TRY400 - its trace says nothing more
                self.done(batch, dropped=batch.items)

    def done(self, batch: Batch, dropped: int = 0) -> None:
        """Forget the batch that first() gave: it was taken, but for so many of its items, which nobody will take."""
        with self._lock:
            self._sending = None
            self._waiting.remove(batch)
            self._bytes -= batch.size
            self.dropped += dropped
        (self._folder / batch.name).unlink(missing_ok=True)

    def later(self) -> None:
        """What first() gave was not taken; it waits on, and may become too old."""
        self._sending = None

    @property
    def bytes(self) -> int:
        """How much waits, on disk."""
        return self._bytes

    def __len__(self) -> int:
        return len(self._waiting)


def _parsed(entry: "os.DirEntry[str]") -> Batch | None:
    """The batch of a file; None for a file of another name."""
    parts = entry.name.removesuffix(_SUFFIX).split("-")
    if not entry.name.endswith(_SUFFIX) or len(parts) != 3 or not all(part.isdecimal() for part in parts):
        return None
    number, made_ms, items = map(int, parts)
    batch = Batch(number, made_ms, items, entry.stat().st_size)
    return batch if batch.name == entry.name else None
