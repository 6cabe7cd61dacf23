"""The server's own project: what it refused, recorded without a single value of what was sent.

At most 60 refusals a minute are recorded, in one write every few seconds; the rest are counted into the next
record, so that a flood of bad requests cannot become a flood of rows.
"""

import asyncio
import logging
import urllib.request
from collections import deque
from typing import Any

import msgspec

from logserver.core import projects
from logserver.core.clock import Clock
from logserver.core.faults import TooMany
from logserver.core.intake import Intake
from logserver.core.limits import Windows
from logserver.core.projects import Project
from logserver.store.database import Database
from logserver.store.errors import StoreBusy
from logserver.store.events import Event

logger = logging.getLogger("logserver.observer")

RECORDS_PER_MINUTE = 60
_SEND_SECONDS = 10.0
_KEPT = 600
"""How many notes wait for room at most."""


class Refusal(msgspec.Struct, frozen=True):
    """A refused submission, sanitised by the one who reports it."""

    reason: str
    """The kind of refusal, such as ``invalid``; with the fields it names, never their values."""
    status: int
    endpoint: str
    envelope_keys: tuple[str, ...] = ()
    normalized_keys: tuple[str, ...] = ()
    project: str | None = None
    """Slug of the project whose token was used, if there was a valid one."""


class Remote(msgspec.Struct, frozen=True):
    """Another server that is told instead: the address of its ingest endpoint, and a token of it."""

    endpoint: str
    api_key: str


class Observer:
    """Takes note of refusals, and writes them down when its job comes by."""

    def __init__(
        self, database: Database, clock: Clock, intake: Intake, *, remote: Remote | None, enabled: bool
    ) -> None:
        self._database = database
        self._clock = clock
        self._intake = intake
        self._remote = remote
        self.enabled = enabled
        self._windows = Windows(clock, capacity=1)
        self._waiting: deque[Event] = deque()
        self._dropped = 0
        self.unrecorded = 0
        """How many refusals nobody noted one by one since the server began."""
        self._project: Project | None = None

    @property
    def elsewhere(self) -> str | None:
        """The address of the other server that is told; None where this one keeps what it notes."""
        return self._remote.endpoint if self._remote is not None else None

    def wants(self) -> bool:
        """Whether another refusal would be recorded now; counts it as unrecorded if not."""
        if not self.enabled:
            return False
        try:
            self._windows.take("refusals", limit=RECORDS_PER_MINUTE, seconds=60)
        except TooMany:
            self._dropped += 1
            self.unrecorded += 1
            return False
        return True

    def note(self, refusal: Refusal) -> None:
        """Record a refusal that was wanted."""
        now = self._clock.now_ms()
        context: dict[str, Any] = {
            "environment": "production",
            "service": "logserver",
            "reason": refusal.reason,
            "status": refusal.status,
            "endpoint": refusal.endpoint,
            "envelope_keys": list(refusal.envelope_keys),
            "normalized_keys": list(refusal.normalized_keys),
        }
        if refusal.project is not None:
            context["project"] = refusal.project
        if self._dropped:
            context["unrecorded_before"], self._dropped = self._dropped, 0
        self._waiting.append(
            Event(
                type="log",
                level="warn",
                message=f"Client submission rejected: {refusal.reason} ({refusal.status} {refusal.endpoint})",
                context=context,
                time=now * 1000,
                received=now,
            )
        )

    async def flush(self, _now_ms: int) -> bool:
        """One pass: hand over everything noted since the last.

        What the store has no room for now is kept, the newest of it, and what cannot be handed over is dropped and
        logged.
        """
        if not self._waiting:
            return False
        events = list(self._waiting)
        self._waiting.clear()
        if self._remote is not None:
            await asyncio.to_thread(_send, self._remote, events)
            return False
        if self._project is None:
            self._project = await self._database.write(projects.ensure_own, self._clock.now_ms())
        try:
            await self._intake.accept(self._project, events, size=1_000 * len(events))
        except StoreBusy:
            # Most of what is noted in such moments is that there is no room; it is no failure to have none oneself.
            kept = [*events, *self._waiting][-_KEPT:]
            self._dropped += len(events) + len(self._waiting) - len(kept)
            self._waiting = deque(kept)
        return False


def _send(remote: Remote, events: list[Event]) -> None:
    for event in events:
        body = msgspec.json.encode(
            {
                "event": {
                    "event_type": event.type,
                    "level": event.level,
                    "message": event.message,
                    "occurred_at": event.time // 1000,
                    "context": event.context,
                }
            }
        )
        request = urllib.request.Request(  # noqa: S310 - the address is the operator's own setting
            remote.endpoint,
            body,
            {"Content-Type": "application/json", "Authorization": f"Bearer {remote.api_key}"},
        )
        with urllib.request.urlopen(request, timeout=_SEND_SECONDS):  # noqa: S310 - as above
            pass
