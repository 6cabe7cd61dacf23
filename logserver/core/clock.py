"""The only place that asks what time it is; tests turn a clock of their own."""

import time
from typing import Protocol


class Clock(Protocol):
    """Wall time for what is stored and shown, monotonic time for windows and schedules."""

    def now_ms(self) -> int:
        """Unix milliseconds."""
        ...

    def monotonic(self) -> float:
        """Seconds that never step back."""
        ...


class SystemClock:
    """The machine's clock."""

    def now_ms(self) -> int:
        """Unix milliseconds."""
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        """Seconds that never step back."""
        return time.monotonic()
