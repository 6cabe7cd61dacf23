"""Small real things that stand in for the world around the program."""

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
