"""Sends requests over many kept-alive connections and counts the answers.

Each connection is a bare protocol: it writes a request that was built before the round began, waits for the
whole answer, and writes the next one. It looks at nothing of an answer but its status and length.
"""

import asyncio
import gc
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import cast

import msgspec
import uvloop

STORED = (200, 201, 202)
"""The answers that count: whatever else comes back is an error and is shown."""

_PATIENCE_SECONDS = 15.0


class Outcome(msgspec.Struct):
    """What came back; times in seconds."""

    seconds: float
    """Length of the counted part of the round."""
    counted: int
    """Successful answers in that part."""
    statuses: Counter[int]
    """All answers by status, of the warm-up and the last ones as well; 0 for a connection that broke."""
    waits: list[float]
    """How long each counted answer took, in order of length."""

    @classmethod
    def empty(cls) -> "Outcome":
        """Nothing yet."""
        return cls(0.0, 0, Counter(), [])

    @property
    def rate(self) -> float:
        """Successful answers a second."""
        return self.counted / self.seconds

    @property
    def stored(self) -> int:
        """Requests that were answered with success, at any time of the round."""
        return sum(self.statuses[status] for status in STORED)

    def add(self, other: "Outcome") -> None:
        """Add what came back in another turn."""
        self.seconds += other.seconds
        self.counted += other.counted
        self.statuses += other.statuses
        self.waits = sorted(self.waits + other.waits)

    def errors(self) -> dict[int, int]:
        """How many other answers came, by status."""
        return {status: n for status, n in self.statuses.items() if status not in STORED}

    def wait_ms(self, share: float) -> float:
        """The time in milliseconds within which this share of the answers came."""
        return self.waits[min(int(len(self.waits) * share), len(self.waits) - 1)] * 1000 if self.waits else 0.0


class _Round:
    def __init__(self, requests: Iterator[bytes]) -> None:
        self.requests = requests
        self.counting = False
        self.ending = False
        self.counted = 0
        self.statuses: Counter[int] = Counter()
        self.waits: list[float] = []


class _Connection(asyncio.Protocol):
    def __init__(self, round_: _Round) -> None:
        self._round = round_
        self._received = b""
        self._length = 0
        self._sent = 0.0
        self._transport: asyncio.Transport | None = None
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def send(self) -> None:
        assert self._transport is not None
        self._sent = time.perf_counter()
        self._transport.write(next(self._round.requests))

    def data_received(self, data: bytes) -> None:
        if self._received:
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
        self._received = b""
        self._length = 0
        self._answered(int(data[9:12]))

    def _answered(self, status: int) -> None:
        round_ = self._round
        round_.statuses[status] += 1
        if round_.counting and status in STORED:
            round_.counted += 1
            round_.waits.append(time.perf_counter() - self._sent)
        if round_.ending:
            self._finish()
        else:
            self.send()

    def connection_lost(self, _error: Exception | None) -> None:
        if not self.done.done():
            self._round.statuses[0] += 1
            self._finish()

    def _finish(self) -> None:
        if not self.done.done():
            self.done.set_result(None)
        if self._transport is not None:
            self._transport.close()


def request(path: str, body: bytes, *, token: str | None, media_type: str = "application/json") -> bytes:
    """A POST request as it goes over the wire."""
    authorization = f"Authorization: Bearer {token}\r\n" if token is not None else ""
    return (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: benchmarks/1\r\nAccept: */*\r\n"
        f"{authorization}Content-Type: {media_type}\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body


def drive(
    port: int, requests: Iterable[bytes], *, connections: int, seconds: float, warm_up: float, prebuilt: int
) -> Outcome:
    """Send over ``connections`` for ``seconds`` after ``warm_up``, then wait for what is under way.

    ``prebuilt`` requests are built before the first is sent; should they run out, more are made on the way.
    """
    source = iter(requests)
    ready = list(islice(source, prebuilt))
    gc.collect()
    gc.disable()
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(_drive(port, _Round(chain(ready, source)), connections, seconds, warm_up))
    finally:
        gc.enable()


async def _drive(port: int, round_: _Round, connections: int, seconds: float, warm_up: float) -> Outcome:
    loop = asyncio.get_running_loop()
    opened = [
        (await loop.create_connection(lambda: _Connection(round_), "127.0.0.1", port))[1] for _ in range(connections)
    ]
    for connection in opened:
        connection.send()
    await asyncio.sleep(warm_up)
    round_.counting = True
    begun = time.perf_counter()
    await asyncio.sleep(seconds)
    round_.counting = False
    elapsed = time.perf_counter() - begun
    round_.ending = True
    await asyncio.wait([connection.done for connection in opened], timeout=_PATIENCE_SECONDS)
    round_.statuses[0] += sum(not connection.done.done() for connection in opened)
    return Outcome(elapsed, round_.counted, +round_.statuses, sorted(round_.waits))
