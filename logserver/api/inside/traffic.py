"""How many requests were answered, by route and status, and how fast. Counted on the event loop, read anywhere."""

from logserver.store.spread import Spread, Spreading
from logserver.store.throughput import SECONDS

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER_METHOD = "other"
MOST_ROUTES = 1_000
"""Routes that are counted by themselves; more than any server declares."""

OTHER_ROUTE = "/..."
BROKEN_OFF = 0
"""The status of a request whose sender was gone before it was answered."""


class Traffic:
    """Routes are named as they are declared; nothing that a sender chose is kept."""

    def __init__(self) -> None:
        self._answered: dict[tuple[str, str, int], int] = {}
        self._seconds: dict[str, Spread] = {}

    def count(self, method: str, route: str, status: int, seconds: float | None) -> None:
        """Count an answer of so many seconds; None where that says nothing, as of a WebSocket."""
        spread = self._seconds.get(route)
        if spread is None:
            if len(self._seconds) >= MOST_ROUTES:
                route = OTHER_ROUTE
            spread = self._seconds.setdefault(route, Spread(SECONDS))
        if method not in METHODS:
            method = OTHER_METHOD
        key = (method, route, status)
        self._answered[key] = self._answered.get(key, 0) + 1
        if seconds is not None:
            spread.add(seconds)

    def answered(self) -> dict[tuple[str, str, int], int]:
        """How many answers there were, by method, route and status."""
        return dict(self._answered)

    def seconds(self) -> dict[str, Spreading]:
        """How long they took, by route."""
        return {route: spread.taken() for route, spread in self._seconds.copy().items()}
