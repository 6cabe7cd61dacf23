"""What a stream, an address and all streams together may use: counted in the transaction that would use it."""

import math

from logserver.contracts.logstitch.options import StreamLimits
from logserver.core.faults import TooMany
from logserver.store.errors import StoreBusy
from logserver.store.tx import Tx

DAY_MS = 86_400_000
_BUSY_SECONDS = 3_600


class StreamQuota:
    """Counts what is stored against the limits; days are the last 24 hours, whatever the calendar says."""

    def __init__(self, limits: StreamLimits) -> None:
        self._limits = limits

    def require_events(self, tx: Tx, stream: int, *, n: int, expires_at: int, fresh: int, now_ms: int) -> None:
        """Raise TooMany where a stream that was sent ``n`` events has no room for so many more.

        Until it expires where its lifetime has none; otherwise until the day has room for them.
        """
        limits = self._limits
        if fresh and n + fresh > limits.events:
            raise _too_many(
                f"Too many events: a stream takes {limits.events} in its lifetime",
                limit=limits.events,
                used=n,
                window_ms=limits.days * DAY_MS,
                free_at=expires_at,
                now_ms=now_ms,
            )
        received = self._of_day(tx, stream, now_ms)
        excess = len(received) + fresh - limits.events_per_day
        if fresh and excess > 0:
            # More than a day ever takes never fit: they are told to come when the day is empty.
            leaving = received[min(excess, len(received)) - 1] if received else now_ms
            raise _too_many(
                f"Too many events: a stream takes {limits.events_per_day} in 24 hours",
                limit=limits.events_per_day,
                used=len(received),
                window_ms=DAY_MS,
                free_at=leaving + DAY_MS,
                now_ms=now_ms,
            )

    def _of_day(self, tx: Tx, stream: int, now_ms: int) -> list[int]:
        """When the events of the last day were received, oldest first."""
        newest = tx.execute(
            "SELECT received FROM stream_events WHERE stream = ? ORDER BY n DESC LIMIT ?",
            (stream, self._limits.events_per_day),
        ).fetchall()
        return sorted(received for (received,) in newest if received > now_ms - DAY_MS)

    def require_new(self, tx: Tx, source: bytes, now_ms: int) -> None:
        """Raise TooMany where as many streams were made from a source within a day as may be."""
        limit = self._limits.streams_per_day
        made = tx.execute(
            "SELECT created_at FROM streams WHERE source = ? AND created_at > ? ORDER BY created_at DESC LIMIT ?",
            (source, now_ms - DAY_MS, limit),
        ).fetchall()
        if len(made) == limit:
            raise _too_many(
                f"Too many new streams: {limit} in 24 hours are allowed from one address",
                limit=limit,
                used=limit,
                window_ms=DAY_MS,
                free_at=made[-1][0] + DAY_MS,
                now_ms=now_ms,
            )

    def require_room(self, tx: Tx, size: int) -> None:
        """Raise StoreBusy where so many bytes more would be more than all streams may take."""
        if size and tx.execute("SELECT bytes FROM stream_totals").fetchone()[0] + size > self._limits.megabytes * 10**6:
            raise StoreBusy(
                "more waits to be claimed than this server keeps; try again later", retry_after=_BUSY_SECONDS
            )

    def require_place(self, tx: Tx) -> None:
        """Make a place for one more stream, if need be by forgetting the oldest expired one; StoreBusy without one."""
        if tx.execute("SELECT streams FROM stream_totals").fetchone()[0] < self._limits.most:
            return
        forgotten = tx.execute(
            "DELETE FROM streams WHERE id IN"
            " (SELECT id FROM streams WHERE status = 'expired' AND bytes = 0 ORDER BY expires_at LIMIT 1)"
        ).rowcount
        if not forgotten:
            raise StoreBusy(
                "more streams wait to be claimed than this server keeps; try again later", retry_after=_BUSY_SECONDS
            )
        tx.execute("UPDATE stream_totals SET streams = streams - 1")


def _too_many(message: str, *, limit: int, used: int, window_ms: int, free_at: int, now_ms: int) -> TooMany:
    return TooMany(
        message,
        limit=limit,
        remaining=max(limit - used, 0),
        window_seconds=window_ms // 1000,
        retry_after=max(1, math.ceil((free_at - now_ms) / 1000)),
        reset_at=math.ceil(free_at / 1000),
    )
