"""Quotas: the bytes a project may be sent in a calendar month (UTC), counted as they are stored."""

from datetime import datetime, timedelta
from typing import NamedTuple

from logserver.core.faults import Invalid, TooMany
from logserver.core.projects import by_slug, changed
from logserver.core.times import EPOCH
from logserver.store.tx import Tx

_SECOND = timedelta(seconds=1)


class QuotaExceeded(TooMany):
    """What was sent does not fit into what is left of the month; figures are bytes."""


MOST = 2**62
"""Bytes a month that a quota may be."""


class Month(NamedTuple):
    """A calendar month: its number (year * 100 + month), and when the next one begins, in Unix seconds."""

    number: int
    ends_at: int


def month_of(now_ms: int) -> Month:
    """The month of a moment in Unix milliseconds."""
    now = EPOCH + timedelta(milliseconds=now_ms)
    following = datetime(now.year + now.month // 12, now.month % 12 + 1, 1, tzinfo=now.tzinfo)
    return Month(now.year * 100 + now.month, (following - EPOCH) // _SECOND)


def limit(tx: Tx, slug: str, monthly_bytes: int | None) -> None:
    """Set the quota of a project, or remove it (None). Raises NotFound, and Invalid for less than 1 or too much."""
    if monthly_bytes is not None and not 1 <= monthly_bytes <= MOST:
        raise Invalid([("monthly_bytes", f"must be 1 to {MOST}")])
    number = by_slug(tx, slug).number
    tx.execute("UPDATE projects SET monthly_bytes = ? WHERE number = ?", (monthly_bytes, number))
    changed(tx)


def charge(tx: Tx, project: int, size: int, now_ms: int) -> None:
    """Count ``size`` bytes towards a project's month.

    Raises QuotaExceeded where that is more than is left; what was counted goes with the rest of the transaction.
    """
    month, ends_at = month_of(now_ms)
    total = tx.execute(
        "INSERT INTO monthly_usage (project, month, bytes) VALUES (?, ?, ?)"
        " ON CONFLICT DO UPDATE SET bytes = bytes + excluded.bytes RETURNING bytes",
        (project, month, size),
    ).fetchall()[0][0]
    most = tx.execute("SELECT monthly_bytes FROM projects WHERE number = ?", (project,)).fetchall()[0][0]
    if most is not None and total > most:
        left = max(most - (total - size), 0)
        seconds = max(ends_at - now_ms // 1000, 1)
        raise QuotaExceeded(
            f"Quota exceeded: {most} bytes a month, of which {left} are left, and {size} were sent",
            limit=most,
            remaining=left,
            window_seconds=seconds,
            retry_after=seconds,
            reset_at=ends_at,
        )


def used(tx: Tx, now_ms: int) -> dict[int, int]:
    """The bytes counted this month by the number of each project that has any."""
    return dict(tx.execute("SELECT project, bytes FROM monthly_usage WHERE month = ?", (month_of(now_ms).number,)))
