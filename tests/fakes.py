"""Small real things that stand in for the world around the program."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

START_MS = 1_790_000_010_250
"""2026-09-21T14:13:30.250Z: neither a whole second nor a whole minute."""


class FakeClock:
    """A clock that stands still until it is turned."""

    def __init__(self, now_ms: int = START_MS) -> None:
        self._now_ms = now_ms
        self._monotonic = 1_000.0

    def now_ms(self) -> int:
        return self._now_ms

    def monotonic(self) -> float:
        return self._monotonic

    def turn(self, seconds: float) -> None:
        """Let time pass."""
        self._now_ms += round(seconds * 1000)
        self._monotonic += seconds

    def set_back(self, seconds: float) -> None:
        """What an operator or NTP does to the wall clock; the monotonic one never steps back."""
        self._now_ms -= round(seconds * 1000)


class CountingHashing:
    """Hashes nothing at all, and counts how often it was asked to; ``now`` and ``most`` are how many at a time."""

    def __init__(self, form: str = "counted") -> None:
        self.form = form
        self.hashed = 0
        self.verified: list[str] = []
        self.now = 0
        self.most = 0
        self._lock = Lock()
        self.gate = Lock()
        """Held by a test that wants calls to wait."""

    def hash(self, password: str) -> str:
        with self._working():
            self.hashed += 1
        return f"{self.form}:{password}"

    def verify(self, encoded: str, password: str) -> bool:
        with self._working():
            self.verified.append(encoded)
        return encoded.partition(":")[2] == password

    def outdated(self, encoded: str) -> bool:
        return not encoded.startswith(f"{self.form}:")

    def nobodys(self) -> str:
        return f"{self.form}:\0"

    @contextmanager
    def _working(self) -> Iterator[None]:
        with self._lock:
            self.now += 1
            self.most = max(self.most, self.now)
        with self.gate:
            pass
        with self._lock:
            yield
            self.now -= 1
