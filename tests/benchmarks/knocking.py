"""Sends requests and remembers which were answered with success, over connections that the other side may close.

A server that closes after every answer is met with a new connection each time; one that keeps them open is not.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import chain, islice

import msgspec
import uvloop

from tests.benchmarks.load import STORED

_PATIENCE_SECONDS = 30.0


class Sent(msgspec.Struct):
    """What came of it; times in seconds."""

    seconds: float
    """From the first request to the last answer."""
    waits: dict[str, float]
    """How long the answer took to each request that was answered with success, by the id of what was in it."""
    refused: Counter[int]
    """The other answers by status; 0 for a connection that broke off."""

    @property
    def rate(self) -> float:
        """Requests a second that were answered with success."""
        return len(self.waits) / self.seconds

    def wait_ms(self, share: float) -> float:
        """The time in milliseconds within which this share of those answers came."""
        ordered = sorted(self.waits.values())
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)] * 1000 if ordered else 0.0


def knock(
    port: int,
    requests: Iterator[tuple[str, bytes]],
    *,
    connections: int,
    seconds: float,
    prebuilt: int = 0,
    then: Callable[[], None] | None = None,
) -> Sent:
    """Send for so long, a request after another on each connection, and wait for what is under way.

    ``prebuilt`` requests are built before the first is sent; should they run out, more are made on the way. ``then`` is
    called at the end of that time, while answers are still awaited: what it kills was busy.
    """
    ready = list(islice(requests, prebuilt))
    knocking = _Knocking(port, chain(ready, requests))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        begun = time.perf_counter()
        runner.run(knocking.run(connections, seconds, then))
        return Sent(time.perf_counter() - begun, knocking.waits, knocking.refused)


class _Knocking:
    def __init__(self, port: int, requests: Iterator[tuple[str, bytes]]) -> None:
        self.waits: dict[str, float] = {}
        self.refused: Counter[int] = Counter()
        self._port = port
        self._requests = requests
        self._ending = False

    async def run(self, connections: int, seconds: float, then: Callable[[], None] | None) -> None:
        asking = [asyncio.create_task(self._ask()) for _ in range(connections)]
        await asyncio.sleep(seconds)
        if then is not None:
            then()
        self._ending = True
        _, left = await asyncio.wait(asking, timeout=_PATIENCE_SECONDS)
        for task in left:
            task.cancel()
            self.refused[0] += 1

    async def _ask(self) -> None:
        connection: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        while not self._ending:
            name, request = next(self._requests)
            begun = time.perf_counter()
            try:
                if connection is None:
                    connection = await asyncio.open_connection("127.0.0.1", self._port)
                status, closed = await _answer(*connection, request)
            except (OSError, asyncio.IncompleteReadError):
                status, closed = 0, True
            if status in STORED:
                self.waits[name] = time.perf_counter() - begun
            else:
                self.refused[status] += 1
            if closed and connection is not None:
                connection[1].close()
                connection = None
        if connection is not None:
            connection[1].close()


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> tuple[int, bool]:
    """The status of the answer, and whether the other side closes the connection behind it."""
    writer.write(request)
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    await reader.readexactly(int(head.partition(b"content-length:")[2].partition(b"\r")[0]))
    return int(head[9:12]), b"\nconnection: close" in head
