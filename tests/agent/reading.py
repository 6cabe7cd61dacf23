"""A follower and what it has read."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import msgspec

from logserver.agent.following import Block, Follower, Places
from tests.fakes import FakeClock


class Reader:
    """Reads all there is, and starts again from its places."""

    def __init__(self, *patterns: str | Path, stdin: BinaryIO | None = None, from_start: bool = False) -> None:
        self.clock = FakeClock()
        self.patterns = [str(pattern) for pattern in patterns]
        self.blocks: list[Block] = []
        self.follower = Follower(self.patterns, stdin=stdin, from_start=from_start, places=None, clock=self.clock)

    def all(self, limit: int = 1_000_000) -> list[Block]:
        """The blocks that have come since the last time."""
        came: list[Block] = []
        while blocks := self.follower.read(limit):
            came += blocks
        self.blocks += came
        return came

    def lines(self, limit: int = 1_000_000) -> list[bytes]:
        """The lines that have come since the last time."""
        return [line for block in self.all(limit) for line in block.lines]

    def later(self, seconds: float = 5) -> list[bytes]:
        """The lines that come when some time has gone by without anything happening."""
        self.lines()
        self.clock.turn(seconds)
        return self.lines()

    def restart(self, *, from_start: bool = False) -> "Reader":
        """Start anew from the places, as written and read again; no time goes by."""
        places = msgspec.json.decode(msgspec.json.encode(self.follower.places()), type=Places)
        self.follower.close()
        self.follower = Follower(self.patterns, stdin=None, from_start=from_start, places=places, clock=self.clock)
        return self


@contextmanager
def reading(*patterns: str | Path, from_start: bool = False) -> Iterator[Reader]:
    """A reader of files, for as long as a test takes."""
    reader = Reader(*patterns, from_start=from_start)
    try:
        yield reader
    finally:
        reader.follower.close()


def append(path: Path, data: bytes) -> None:
    """What a program does that writes a log."""
    with path.open("ab") as file:
        file.write(data)
