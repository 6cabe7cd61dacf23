"""Sends requests over many connections: as fast as they are answered, or at a rate of its own, answered or not.

At a rate of its own a request is due at random moments (a Poisson process), and its time counts from the moment at
which it was due: a server that stalls does not stop the others from wanting something, as it would where each
connection waits for its answer before the next request is made.
"""

import asyncio
import time
from array import array
from collections import Counter, deque
from collections.abc import Callable
from typing import cast

import msgspec

from tests.benchmarks.plan import seeded
from tests.endurance.book import Book, Parcel

ACCEPTED = (200, 201, 202)
WAIT = (429, 503)
"""The answers that tell a sender to come back later."""

_TICK_SECONDS = 0.002
_LAST_ANSWERS_SECONDS = 30.0
_STALE_SECONDS = 3.0
"""A connection that was idle for longer is not used again: the server is about to close it."""


class Outcome(msgspec.Struct):
    """What came of a while of sending; times in seconds."""

    seconds: float = 0.0
    offered: int = 0
    """Requests that were due."""
    unsent: int = 0
    """Those that no connection was free for."""
    statuses: Counter[int] = msgspec.field(default_factory=Counter)
    """Answers by status; 0 for a connection that broke."""
    by_kind: Counter[str] = msgspec.field(default_factory=Counter)
    """Accepted requests by kind."""
    strange: list[str] = msgspec.field(default_factory=list)
    """The first answers that were neither success nor a proper refusal."""
    hurried: int = 0
    """Refusals that did not say when to come back."""
    waits: "array[float]" = msgspec.field(default_factory=lambda: array("d"))
    """How long the accepted ones took, from when they were due."""
    refused_waits: "array[float]" = msgspec.field(default_factory=lambda: array("d"))
    ended: "array[float]" = msgspec.field(default_factory=lambda: array("d"))
    """When the accepted ones were answered, since the beginning."""
    refused_at: "array[float]" = msgspec.field(default_factory=lambda: array("d"))
    lags: "array[float]" = msgspec.field(default_factory=lambda: array("d"))
    """By how much this side itself was late."""

    @property
    def accepted(self) -> int:
        """Requests that were answered with success."""
        return sum(self.statuses[status] for status in ACCEPTED)

    @property
    def refused(self) -> int:
        """Requests that were told to come later."""
        return sum(self.statuses[status] for status in WAIT)

    @property
    def wrong(self) -> dict[int, int]:
        """All other answers."""
        return {status: n for status, n in self.statuses.items() if status not in (*ACCEPTED, *WAIT)}

    @property
    def rate(self) -> float:
        """Accepted requests a second; those that were answered after the end do not count."""
        return sum(at <= self.seconds for at in self.ended) / self.seconds


class _Connection(asyncio.Protocol):
    def __init__(self, driver: "Driver") -> None:
        self._driver = driver
        self._received = b""
        self._length = 0
        self._transport: asyncio.Transport | None = None
        self.parcel: Parcel | None = None
        self.due = 0.0
        self.idle_since = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def send(self, parcel: Parcel, due: float) -> None:
        assert self._transport is not None
        self.parcel, self.due = parcel, due
        self._transport.write(parcel.data)

    def data_received(self, data: bytes) -> None:
        data = self._received + data
        if not self._length:
            end = data.find(b"\r\n\r\n")
            if end < 0:
                self._received = data
                return
            head = data[: end + 2].lower()
            at = head.index(b"content-length:") + 15
            self._length = end + 4 + int(head[at : head.index(b"\r", at)])
        if len(data) < self._length:
            self._received = data
            return
        self._received, self._length = b"", 0
        parcel, self.parcel = self.parcel, None
        assert parcel is not None
        self._driver.answered(self, parcel, int(data[9:12]), data)

    def connection_lost(self, _error: Exception | None) -> None:
        parcel, self.parcel = self.parcel, None
        self._driver.lost(self, parcel)

    def close(self) -> None:
        assert self._transport is not None
        self._transport.close()


class Driver:
    """Sends what ``following`` makes to a port, and keeps the book; one phase after another."""

    def __init__(self, port: int, following: Callable[[], Parcel], book: Book) -> None:
        self._port = port
        self._following = following
        self._book = book
        self._idle: list[_Connection] = []
        self._open: set[_Connection] = set()
        self._opening = 0
        self._most = 0
        self._patient = False
        self._late: deque[float] = deque()
        """When those were due that wait for a connection."""
        self._endless = False
        self._begun = 0.0
        self.outcome = Outcome()

    async def as_fast_as_answered(self, *, connections: int, seconds: float) -> Outcome:
        """Keep so many connections busy."""
        self._begin(connections)
        self._endless = True
        for _ in range(connections):
            self._dispatch(time.perf_counter())
        await asyncio.sleep(seconds)
        elapsed = time.perf_counter() - self._begun
        self.outcome.seconds, self._endless = elapsed, False
        await self._settle()
        return self.outcome

    async def at_rate(self, rate: float, *, seconds: float, connections: int, patient: bool = False) -> Outcome:
        """Send ``rate`` requests a second, over no more than so many connections.

        One that is due while all of them are busy waits for the next that is free where the sender is ``patient``;
        otherwise it is never sent.
        """
        self._begin(connections)
        self._patient = patient
        chance, begun = seeded(int(rate * 1_000)), self._begun
        due = begun
        while (now := time.perf_counter()) - begun < seconds:
            if due < now:
                self.outcome.lags.append(now - due)
            while due < now:
                self.outcome.offered += 1
                self._dispatch(due)
                due += chance.expovariate(rate)
            await asyncio.sleep(_TICK_SECONDS)
        self.outcome.seconds = time.perf_counter() - begun
        await self._settle()
        return self.outcome

    def _begin(self, connections: int) -> None:
        self.outcome = Outcome()
        self._begun = time.perf_counter()
        self._most = connections
        self._endless = False

    def _dispatch(self, due: float) -> None:
        oldest = time.perf_counter() - _STALE_SECONDS
        while self._idle:
            connection = self._idle.pop()
            if connection.idle_since > oldest:
                connection.send(self._following(), due)
                return
            connection.close()
        if len(self._open) + self._opening < self._most:
            self._opening += 1
            task = asyncio.get_running_loop().create_task(self._connect(due))
            task.add_done_callback(lambda done: done.result())
        elif self._patient:
            self._late.append(due)
        else:
            self.outcome.unsent += 1

    async def _connect(self, due: float) -> None:
        loop = asyncio.get_running_loop()
        try:
            _, connection = await loop.create_connection(lambda: _Connection(self), "127.0.0.1", self._port)
        except OSError as error:
            self.outcome.statuses[0] += 1
            self._strange(f"no connection: {error}")
            return
        finally:
            self._opening -= 1
        self._open.add(connection)
        connection.send(self._following(), due)

    def answered(self, connection: _Connection, parcel: Parcel, status: int, answer: bytes) -> None:
        """Take in an answer, and give the connection its next request."""
        now, outcome = time.perf_counter(), self.outcome
        outcome.statuses[status] += 1
        taken = status in ACCEPTED
        self._book.answered(parcel, taken=taken)
        if taken:
            outcome.by_kind[parcel.kind] += 1
            outcome.waits.append(now - connection.due)
            outcome.ended.append(now - self._begun)
        elif status in WAIT:
            outcome.refused_waits.append(now - connection.due)
            outcome.refused_at.append(now - self._begun)
            if b"\r\nretry-after: " not in answer.partition(b"\r\n\r\n")[0].lower():
                outcome.hurried += 1
        else:
            self._strange(f"{parcel.kind}: {answer[:400].decode(errors='replace')}")
        if b"\r\nconnection: close" in answer[:1_000].lower():
            connection.close()
        elif self._endless or self._late:
            connection.send(self._following(), now if self._endless else self._late.popleft())
        else:
            connection.idle_since = now
            self._idle.append(connection)

    def lost(self, connection: _Connection, parcel: Parcel | None) -> None:
        """A connection ended; a request that it carried will never be answered."""
        self._open.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)
        if parcel is not None:
            self.outcome.statuses[0] += 1
            self._strange(f"{parcel.kind}: the connection ended without an answer")
        if self._endless or self._late:
            self._dispatch(time.perf_counter() if self._endless else self._late.popleft())

    def _strange(self, what: str) -> None:
        if len(self.outcome.strange) < 10:
            self.outcome.strange.append(what)

    async def _quiet(self) -> None:
        deadline = time.perf_counter() + _LAST_ANSWERS_SECONDS
        while time.perf_counter() < deadline and (  # noqa: ASYNC110 - a poll needs no word from each connection
            self._opening or self._late or any(connection.parcel is not None for connection in self._open)
        ):
            await asyncio.sleep(0.01)

    async def _settle(self) -> None:
        """Wait for what is under way, and close all connections."""
        await self._quiet()
        # What still waits for a connection will not be sent any more; what was sent is owed an answer.
        self.outcome.unsent += len(self._late)
        self._late.clear()
        await self._quiet()
        for connection in list(self._open):
            connection.close()
        while self._open:  # noqa: ASYNC110 - the same
            await asyncio.sleep(0.01)
