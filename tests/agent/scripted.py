"""Something to read whose every line a test gives; a crash is a new one that begins at places that were kept."""

from logserver.agent.following import Block, Follower, Place, Places
from tests.fakes import FakeClock

PATH = "/var/log/shop.log"


def nothing() -> None:
    """What is called where nobody wants to know."""


class Scripted(Follower):
    """One file, in memory."""

    def __init__(self, lines: list[bytes], places: Places | None, *, at_a_time: int = 10) -> None:
        super().__init__([PATH], clock=FakeClock())
        self._lines = lines
        self._at = places.files[0].offset if places is not None and places.files else 0
        self._at_a_time = at_a_time
        self.closed = False

    def read(self, limit: int) -> list[Block]:
        assert limit > 0
        begin, end = self._at, min(self._at + self._at_a_time, len(self._lines))
        if begin == end:
            return []
        self._at = end
        return [Block(PATH, "file 1", self._lines[begin:end], list(range(begin, end)))]

    def places(self) -> Places:
        return Places([Place(PATH.encode(), 1, 1, self._at)])

    def close(self) -> None:
        self.closed = True
