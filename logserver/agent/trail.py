"""The last bytes before a position in a file, by which it is known to be the same file still."""

import os

from logserver.agent.places import TAIL_BYTES, fingerprint


class Trail:
    """Up to TAIL_BYTES of them; at first perhaps only their fingerprint."""

    def __init__(self, printed: str = "") -> None:
        """``printed`` is their fingerprint, empty where it is not known: then whatever is there is right."""
        self._printed = printed
        self._data: bytes | None = None

    @property
    def printed(self) -> str:
        """Their fingerprint; empty where nothing is known of them."""
        if self._data is None:
            return self._printed
        return fingerprint(self._data) if self._data else ""

    def passed(self, data: bytes) -> None:
        """The position moves behind some bytes."""
        self._data = ((self._data or b"") + data[-TAIL_BYTES:])[-TAIL_BYTES:]

    def put(self, descriptor: int, position: int) -> None:
        """The position moves elsewhere."""
        wanted = min(TAIL_BYTES, position)
        self._data = os.pread(descriptor, wanted, position - wanted)

    def holds(self, descriptor: int, position: int) -> bool:
        """Whether what lies before the position still does."""
        wanted = min(TAIL_BYTES, position) if self._data is None else len(self._data)
        data = os.pread(descriptor, wanted, position - wanted)
        if self._data is None:
            if self._printed and fingerprint(data) != self._printed:
                return False
            self._data = data
        return data == self._data
