"""The edge agent: reads in a thread, talks to its server in an event loop, and keeps its state on disk between them."""

import asyncio
import contextlib
import logging
import ssl
import threading
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from logserver.agent.client import Address, Client
from logserver.agent.duties import Heartbeats, Rules
from logserver.agent.enrolment import Enrolment, Self
from logserver.agent.folder import Folder
from logserver.agent.following import Follower
from logserver.agent.ledger import Ledger
from logserver.agent.machine import Machine, own_memory
from logserver.agent.reading import Reading
from logserver.agent.sending import Sending
from logserver.agent.streaming import Streaming
from logserver.agent.watching import Watching
from logserver.core.clock import Clock

logger = logging.getLogger("logserver.agent")

READ_SECONDS, LEAVE_SECONDS, SEND_SECONDS = 1.5, 0.5, 2.0
"""How long an agent that is told to stop commits, breaks off what it does, and sends: under five seconds in all."""

NOTHING_TAKEN_SECONDS = 30.0
"""How long an agent whose input has ended waits for a server that takes nothing."""

_FAILED_SECONDS = 30.0


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """How one agent runs; intervals in seconds."""

    address: Address
    key: str
    own: Self
    state: Path
    patterns: Sequence[str] = ()
    ship: bool = False
    from_start: bool = False
    heartbeat_seconds: float = 30.0
    metrics_seconds: float = 60.0
    poll_seconds: float = 60.0
    spool_megabytes: int = 1_000
    patience_seconds: float = NOTHING_TAKEN_SECONDS


class Agent:
    """One agent from its start to its end. Everything it knows is on disk before it is sent; see ledger.py."""

    def __init__(
        self, options: Options, clock: Clock, *, stdin: BinaryIO | None = None, trust: ssl.SSLContext | None = None
    ) -> None:
        """Raises folder.InUse where another agent has the state, and OSError where there can be none."""
        self._options = options
        self._clock = clock
        self._stdin = stdin
        self._trust = trust
        self._folder = Folder(options.state, clock)
        self._folder.claim()
        self._stopping = asyncio.Event()
        self._machine = Machine(options.state)
        self._failed: BaseException | None = None

    def stop(self) -> None:
        """Send what is held, and end; from the loop's own thread."""
        self._stopping.set()

    async def run(self) -> str:
        """Work until stop(), or until standard input has ended where nothing else is read and all of it is sent.

        What the server did not take of such an input, in words, empty where it took everything. Raises what ended
        the thread that reads, if anything did.
        """
        try:
            return await self._run()
        finally:
            self._folder.close()

    async def _run(self) -> str:
        self._build(asyncio.get_running_loop())
        reading = threading.Thread(target=self._read, args=(asyncio.get_running_loop(),), name="reading", daemon=True)
        self._rules.begin()
        reading.start()
        duties = (self._enrolment, self._heartbeats, self._rules, self._points, self._lines, self._streaming)
        tasks = [asyncio.create_task(_kept(duty.run)) for duty in duties]
        stopping = asyncio.create_task(self._stopping.wait())
        ended = asyncio.create_task(self._ended.wait())
        try:
            await asyncio.wait([stopping, ended], return_when=asyncio.FIRST_COMPLETED)
            if not stopping.done():
                await self._emptied(stopping)
            logger.info("stopping: what is held is sent")
            self._reading.stop()
            await asyncio.wait([ended], timeout=READ_SECONDS)
            tried = await self._sent()
        finally:
            for task in (*tasks, stopping, ended):
                task.cancel()
            await asyncio.wait([*tasks, stopping, ended], timeout=LEAVE_SECONDS)
        if not tried:
            await self._try_once()
        if waiting := self._waiting():
            logger.warning("%d batches wait in %s for the next start", waiting, self._folder.path)
        await self._client.close()
        if self._failed is not None:
            raise self._failed
        return "" if self._stopping.is_set() else self._untaken()

    def _untaken(self) -> str:
        if waiting := self._waiting():
            return f"{waiting} batches of the input were not taken; they wait in {self._folder.path} for the next start"
        return "" if self._reading.counting else "nothing of the input was counted: no metric rules came"

    def _build(self, loop: asyncio.AbstractEventLoop) -> None:
        options, clock = self._options, self._clock
        self._ended = asyncio.Event()
        self._client = Client(options.address, options.key, clock, self._trust)
        self._enrolment = Enrolment(self._client, self._folder, options.own)
        self._ledger = Ledger(self._folder, clock, lines_megabytes=options.spool_megabytes)
        self._points = Sending(self._ledger.points, self._client, self._enrolment, field="points")
        self._lines = Sending(self._ledger.lines, self._client, self._enrolment, field="logs")
        self._watching = Watching(lambda: _soon(loop, self._streaming.look), self._look_at_files)
        self._streaming = Streaming(self._client, options.key, self._enrolment, self._watching, clock)
        self._follower = Follower(
            options.patterns,
            stdin=self._stdin,
            from_start=options.from_start,
            places=self._ledger.places,
            clock=clock,
        )
        self._reading = Reading(
            self._follower,
            self._ledger,
            self._watching,
            clock,
            files=bool(options.patterns),
            ship=options.ship,
            metrics_seconds=options.metrics_seconds,
            away=lambda: self._client.away or not self._lines.welcome,
            on_batches=lambda: _soon(loop, self._look),
        )
        self._rules = Rules(self._client, self._enrolment, self._folder, options.poll_seconds, self._reading.use)
        self._heartbeats = Heartbeats(
            self._client,
            self._enrolment,
            options.heartbeat_seconds,
            figures=self._figures,
            trouble=lambda: self._reading.trouble,
            on_streams=self._streaming.heard,
        )

    def _read(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            self._reading.run()
        except BaseException as error:  # noqa: BLE001 - raised again where the agent runs
            self._failed = error
        _soon(loop, self._look)
        _soon(loop, self._ended.set)

    def _look_at_files(self) -> None:
        self._reading.look()

    def _look(self) -> None:
        self._points.look()
        self._lines.look()

    async def _emptied(self, stopping: "asyncio.Task[bool]") -> None:
        """Wait until everything is sent, or nothing was for a while, or it is told to stop."""
        emptied = asyncio.create_task(self._all_sent())
        waited_for: list[asyncio.Task[Any]] = [emptied, stopping]
        sent = -1
        while sent != (sent := self._points.sent + self._lines.sent) and self._failed is None:
            await asyncio.wait(waited_for, timeout=self._options.patience_seconds, return_when=asyncio.FIRST_COMPLETED)
            if emptied.done() or stopping.done():
                break
        emptied.cancel()

    async def _sent(self) -> bool:
        """Let those who send go on for a moment; False where they only wait for a better time."""
        if self._client.away or not (self._points.welcome and self._lines.welcome):
            return False
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._all_sent(), SEND_SECONDS)
        return True

    async def _all_sent(self) -> None:
        await self._points.empty.wait()
        await self._lines.empty.wait()

    async def _try_once(self) -> None:
        """Try to send what waits; what is not taken waits on disk for the next start."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SEND_SECONDS):
                await asyncio.gather(self._points.drain(), self._lines.drain(), return_exceptions=True)

    def _waiting(self) -> int:
        return len(self._ledger.points) + len(self._ledger.lines)

    def _figures(self) -> dict[str, float]:
        ledger = self._ledger
        return {
            **self._machine.look(),
            "agent_memory_bytes": own_memory(),
            "lines_read": ledger.counts.lines,
            "lines_cut": self._follower.cut_lines,
            "lines_dropped": ledger.lines.dropped,
            "points_dropped": ledger.points.dropped,
            "values_dropped": ledger.counts.values_dropped,
            "batches_waiting": self._waiting(),
            "bytes_waiting": ledger.points.bytes + ledger.lines.bytes,
        }


async def _kept(duty: Callable[[], Awaitable[None]]) -> None:
    """Do a duty for ever: what goes wrong with it is told, and it begins anew, while the others go on."""
    while True:
        try:
            await duty()
        except Exception:
            logger.exception("something failed that must not; it is tried again in %g s", _FAILED_SECONDS)
            await asyncio.sleep(_FAILED_SECONDS)


def _soon(loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
    """Call something in the loop, from another thread; nothing where the loop has ended."""
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(call)
