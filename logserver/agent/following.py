"""Follows files and standard input, whatever becomes of them meanwhile."""

from collections import deque
from collections.abc import Sequence
from typing import BinaryIO

from logserver.agent.blocks import MAX_LINE, Block, Wrap
from logserver.agent.file_reader import FileReader
from logserver.agent.places import Place, Places
from logserver.agent.roster import Roster
from logserver.agent.standard_input import CHUNK, StandardInput
from logserver.agent.tracks import Track
from logserver.core.clock import Clock

__all__ = ["MAX_LINE", "Block", "Follower", "Place", "Places", "Wrap"]

_LOOK_BYTES = 4_194_304
_MAX_WORK = 33_554_432
_LEAST_COST = 1_024
_MAX_LOOKS = 3


class Follower:
    """Reads the lines of all files that patterns find, and of standard input.

    - Lines of a file come in its order, each once; a line is complete when its end (LF, CR LF) is there, or when
      its file is over: gone from its path and quiet. Of lines longer than MAX_LINE the beginning is delivered.
    - A file that was renamed is read to its end, before the one that took its name. A file that was truncated is
      read again from its beginning; so is one that was replaced or came back: those are other files.
    - At the first start existing files are begun at their end, or with ``from_start`` at their beginning; files
      that appear later are begun at their beginning. With ``places`` everything goes on where they say (and see
      the guarantee there); take the first ones before the first read(), so that a later start is not a first one.
    - Compressed files, and what is no regular file, are left alone; a file of several names is read once.
    """

    def __init__(
        self,
        patterns: Sequence[str],
        *,
        stdin: BinaryIO | None = None,
        from_start: bool = False,
        places: Places | None = None,
        clock: Clock,
    ) -> None:
        self.cut_lines = 0
        """Lines so far of which only the first MAX_LINE bytes were delivered."""
        self.skipped_bytes = 0
        """Bytes so far that were skipped of them."""
        self._clock = clock
        self._roster = Roster(patterns, from_start=from_start, places=places, clock=clock)
        self._stdin = None if stdin is None else StandardInput(stdin)
        self._queue: deque[Track] = deque()
        self._unlooked = 0

    @property
    def stdin_over(self) -> bool:
        """Whether standard input has ended, or there is none: nothing more will come from it."""
        return self._stdin is None or self._stdin.over

    def read(self, limit: int) -> list[Block]:
        """One pass over everything, of about ``limit`` bytes; nothing when there is nothing new. Never waits.

        Files have their turns of at most 256 KiB, so that none starves another.
        """
        blocks: list[Block] = []
        for _ in range(_MAX_LOOKS):
            if not self._queue or self._unlooked >= _LOOK_BYTES:
                self._look(blocks)
            self._read_stdin(limit // 2 if self._queue else limit, blocks)
            work = self._read_files(limit, blocks)
            if blocks or not work:
                break  # else something was found that is no line, and there may be lines behind it
        return blocks

    def places(self) -> Places:
        """What the blocks returned so far have consumed; a copy. Not while read() runs."""
        return self._roster.places()

    def close(self) -> None:
        """Let go of all files."""
        self._queue.clear()
        self._roster.descriptors.close_all()

    def _read_files(self, limit: int, blocks: list[Block]) -> int:
        read = work = 0
        while self._queue and read < limit and work < _MAX_WORK:
            track = self._queue.popleft()
            block, size = self._step(track)
            work += max(size, _LEAST_COST)
            if block is not None:
                blocks.append(block)
                read += max(size, _LEAST_COST)
        self._unlooked += work
        return work

    def _look(self, blocks: list[Block]) -> None:
        blocks += self._roster.look(self._clock.monotonic())
        self._unlooked = 0
        queued = {track.key for track in self._queue}
        self._queue += (
            track for track in self._roster.tracks.values() if track.reader.pending and track.key not in queued
        )

    def _read_stdin(self, limit: int, blocks: list[Block]) -> None:
        stdin = self._stdin
        if stdin is None:
            return
        while limit > 0 and stdin.ready():
            limit -= CHUNK
            if (block := stdin.read()) is not None:
                blocks.append(block)
        self._count(stdin)

    def _step(self, track: Track) -> tuple[Block | None, int]:
        """One turn of a file."""
        if not track.ready or self._roster.tracks.get(track.key) is not track:
            return None, 0
        descriptor = track.open(self._roster.descriptors)
        if descriptor is None:
            return None, 0
        try:
            block, size = track.reader.read(descriptor)
        except OSError as error:
            track.tell(error)
            self._roster.descriptors.close(track.key)
            return None, 0
        track.well()
        if track.reader.lost is not None:
            self._roster.truncated(track)
        self._count(track.reader)
        if track.reader.pending:
            self._queue.append(track)
        return block, size

    def _count(self, counted: FileReader | StandardInput) -> None:
        self.cut_lines += counted.cut_lines
        self.skipped_bytes += counted.skipped_bytes
        counted.cut_lines = counted.skipped_bytes = 0
