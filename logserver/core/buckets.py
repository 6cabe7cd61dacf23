"""Token buckets on the monotonic clock, in memory that no sender can fill."""

import math
from collections.abc import Hashable

from logserver.core.clock import Clock
from logserver.core.faults import TooMany
from logserver.core.limits import Standing

_SLACK = 1e-6
"""Seconds by which sums of floating-point numbers may be off."""


class Buckets:
    """A bucket per key: ``burst`` requests may come at once, and ``per_minute`` of them come back in a minute.

    A bucket is kept as the one moment at which it will be full again. Holds at most ``capacity`` that are not full;
    when there are as many, further keys share one.
    """

    def __init__(self, clock: Clock, capacity: int = 20_000) -> None:
        self._clock = clock
        self._capacity = capacity
        self._full_at: dict[Hashable, float] = {}
        self._prune_again = 0.0

    def __len__(self) -> int:
        return len(self._full_at)

    def take(self, key: Hashable, *, per_minute: int, burst: int) -> Standing:
        """Take one request out of a bucket; raises TooMany, taking nothing, where it is empty.

        ``reset_at`` of what it returns is when the bucket will be full again.
        """
        now = self._clock.monotonic()
        if key not in self._full_at:
            key = self._placed(key, now)
        each = 60 / per_minute
        full_at = max(self._full_at.get(key, now), now)
        room = burst * each + _SLACK
        if full_at + each - now > room:
            raise TooMany(
                f"Rate limit exceeded: {per_minute} requests a minute, {burst} at once",
                limit=burst,
                remaining=0,
                window_seconds=60,
                retry_after=max(1, math.ceil(full_at + each - now - room)),
                reset_at=self._unix(full_at - now),
            )
        self._full_at[key] = full_at = full_at + each
        # After a change of its limits a bucket may owe more than it holds.
        remaining = max(math.floor((room - (full_at - now)) / each), 0)
        return Standing(burst, remaining, self._unix(full_at - now))

    def prune(self) -> None:
        """Drop the buckets that are full."""
        now = self._clock.monotonic()
        for key in [key for key, full_at in self._full_at.items() if full_at <= now]:
            del self._full_at[key]

    def _unix(self, seconds: float) -> int:
        return math.ceil(self._clock.now_ms() / 1000 + seconds)

    def _placed(self, key: Hashable, now: float) -> Hashable:
        """The key itself while there is room for it, else the one that is shared."""
        if len(self._full_at) < self._capacity:
            return key
        if now >= self._prune_again:
            # Looking through all of them for each new one would be work an attacker can order.
            self.prune()
            self._prune_again = now + 1
        return key if len(self._full_at) < self._capacity else None
