"""Follows files and standard input, whatever becomes of them meanwhile."""

from collections.abc import Sequence
from typing import BinaryIO

from logserver.agent.blocks import MAX_LINE, Block, Wrap
from logserver.agent.places import Place, Places
from logserver.core.clock import Clock

__all__ = ["MAX_LINE", "Block", "Follower", "Place", "Places", "Wrap"]


class Follower:
    """Reads the lines of all files that patterns find, and of standard input."""

    def __init__(
        self,
        patterns: Sequence[str],
        *,
        stdin: BinaryIO | None = None,
        from_start: bool = False,
        places: Places | None = None,
        clock: Clock,
    ) -> None:
        self.stdin_over = stdin is None
        """Whether standard input has ended, or there is none: nothing more will come from it."""
        self.cut_lines = 0
        """Lines so far of which only the first MAX_LINE bytes were delivered."""
        self.skipped_bytes = 0
        """Bytes so far that were skipped of them."""
        self._patterns, self._from_start, self._clock = patterns, from_start, clock
        self._places = places or Places()

    def read(self, limit: int) -> list[Block]:
        """One pass over everything, of about ``limit`` bytes; nothing when there is nothing new."""
        _ = limit
        return []

    def places(self) -> Places:
        """What the blocks returned so far have consumed; a copy. Not while read() runs."""
        return self._places

    def close(self) -> None:
        """Let go of all files."""
