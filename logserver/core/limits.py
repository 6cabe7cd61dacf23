"""Rate limits in fixed windows on the monotonic clock, in memory that no sender can fill."""

import math
from collections.abc import Hashable
from typing import NamedTuple

from logserver.core.clock import Clock
from logserver.core.faults import TooMany

_EXCEEDED = "Rate limit exceeded"


class Standing(NamedTuple):
    """Where a sender stands in its window after a request."""

    limit: int
    remaining: int
    reset_at: int
    """Unix seconds at which the window ends."""


class _Window:
    __slots__ = ("ends", "reset_at", "used")

    def __init__(self, ends: float, reset_at: int) -> None:
        self.ends = ends
        self.reset_at = reset_at
        self.used = 0


class Windows:
    """Counts requests per key. A window opens with its first request and is shut ``seconds`` later.

    Holds at most ``capacity`` windows. When that many are open, further keys share one window: whoever opens
    masses of them is limited as one.
    """

    CAPACITY = 20_000

    def __init__(self, clock: Clock, capacity: int = CAPACITY) -> None:
        self._clock = clock
        self._capacity = capacity
        self._open: dict[Hashable, _Window] = {}
        self._prune_again = 0.0

    def __len__(self) -> int:
        return len(self._open)

    def take(self, key: Hashable, *, limit: int, seconds: int, cost: int = 1, message: str = _EXCEEDED) -> Standing:
        """Count ``cost`` requests; raises TooMany (``message``), counting nothing, when the window has no room."""
        now = self._clock.monotonic()
        window = self._open.get(key)
        if window is None or window.ends <= now:
            window = self._new(key, now, seconds)
        if window.used + cost > limit:
            raise self._too_many(window, now, limit, seconds, message)
        window.used += cost
        return Standing(limit, limit - window.used, window.reset_at)

    def require_room(self, key: Hashable, *, limit: int, seconds: int) -> None:
        """Raise TooMany, counting nothing, when the window has no room for any request."""
        now = self._clock.monotonic()
        window = self._open.get(key)
        if window is not None and window.ends > now and window.used >= limit:
            raise self._too_many(window, now, limit, seconds)

    @staticmethod
    def _too_many(window: _Window, now: float, limit: int, seconds: int, message: str = _EXCEEDED) -> TooMany:
        return TooMany(
            message,
            limit=limit,
            remaining=max(limit - window.used, 0),
            window_seconds=seconds,
            retry_after=max(1, math.ceil(window.ends - now)),
            reset_at=window.reset_at,
        )

    def _new(self, key: Hashable, now: float, seconds: int) -> _Window:
        if len(self._open) >= self._capacity and key not in self._open:
            if now >= self._prune_again:
                # Looking through all of them for each new one would be work an attacker can order.
                self.prune()
                self._prune_again = now + 1
            if len(self._open) >= self._capacity:
                key = None
                shared = self._open.get(key)
                if shared is not None and shared.ends > now:
                    return shared
        window = _Window(now + seconds, math.ceil(self._clock.now_ms() / 1000 + seconds))
        self._open[key] = window
        return window

    def prune(self) -> None:
        """Drop the windows that are over."""
        now = self._clock.monotonic()
        over = [key for key, window in self._open.items() if window.ends <= now]
        for key in over:
            del self._open[key]
