"""The store: one folder, one SQLite file, one writer, a few readers."""

import asyncio
import logging
import math
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, TypeVarTuple

from logserver.store import keys, lockfile
from logserver.store.connections import Durability, connect, connect_readonly, connect_timed
from logserver.store.errors import StoreBusy
from logserver.store.ids import Spelling
from logserver.store.migrations import migrate
from logserver.store.mishaps import Mishaps
from logserver.store.readers import Readers
from logserver.store.slow_reads import SlowReads
from logserver.store.throughput import Throughput
from logserver.store.traces import trace
from logserver.store.tx import Tx
from logserver.store.upkeep import Checkpointed
from logserver.store.writer import Write, Writer, WriteTx

logger = logging.getLogger("logserver.store")

T = TypeVar("T")
A = TypeVarTuple("A")

_GATHERING_TURNS = 6
_GATHERED_AT_MOST = 1_000
_LONGEST_RETRY = 30
_TOO_MUCH = "more is being sent than the disk can take; try again shortly"


class Database:
    """The store of a running server. ``write`` and ``read`` take plain functions of a transaction."""

    def __init__(
        self,
        folder: Path,
        *,
        now_ms: Callable[[], int],
        monotonic: Callable[[], float],
        durability: Durability = "full",
        readers: int = 3,
        read_seconds: float = 5.0,
        queue_rows: int = 20_000,
        queue_bytes: int = 64 * 1024 * 1024,
        queue_seconds: float = 2.0,
    ) -> None:
        self.folder = folder
        self.refusing: str | None = None
        """Why telemetry is refused for now, such as a full disk; None while it is welcome."""
        self.queued_rows = 0
        self.queued_bytes = 0
        self._gathered: list[Write] = []
        self._opened = AsyncExitStack()
        self._is_open = False
        self._durability: Durability = durability
        self._queue_rows = queue_rows
        self._queue_bytes = queue_bytes
        self._queue_seconds = queue_seconds
        self._now_ms = now_ms
        self._monotonic = monotonic
        self.slow_reads = SlowReads(now_ms)
        """Which reads took long."""
        self.mishaps = Mishaps(folder, monotonic)
        """What went wrong with the file."""
        self._readers = Readers(
            lambda: connect_timed(folder),
            count=readers,
            seconds=read_seconds,
            monotonic=monotonic,
            slow=self.slow_reads,
            mishaps=self.mishaps,
        )
        self.read = self._readers.read
        self.look_up = self._readers.look_up

    async def open(self) -> None:
        """Lock the folder, bring the schema up to date, and start the writer and the readers; once, until close().

        Raises StoreUnusable when another server has the folder or the file is not ours.
        """
        if self._is_open:
            return
        self._loop = asyncio.get_running_loop()
        try:
            lock = lockfile.lock(self.folder)
            self._opened.callback(os.close, lock)
            connection = connect(self.folder, self._durability)
            self._opened.callback(connection.close)
            migrate(connection)
            self.secret = keys.store_secret(connection, "spelling")
            self.spelling = Spelling(self.secret)
            self._writer = Writer(
                connection,
                now_ms=self._now_ms,
                monotonic=self._monotonic,
                mishaps=self.mishaps,
                answered=self._hand_over,
            )
            self._writer.start()
            # Once more, for whoever is cancelled while he waits: the writer must not lose its connection under it.
            self._opened.callback(self._writer.stop)
            self._opened.push_async_callback(asyncio.to_thread, self._writer.stop)
            self._opened.callback(self._pass_on)
            self._opened.push_async_callback(self._readers.close)
            await self._readers.open()
            self._is_open = True
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Commit what is queued, checkpoint, and let go of the folder."""
        self._is_open = False
        await self._opened.aclose()

    @property
    def checkpointed(self) -> Checkpointed | None:
        """The last checkpoint of this process, if there was one."""
        return self._writer.upkeep.last

    @property
    def queue_limits(self) -> tuple[int, int]:
        """How many rows may wait to be written, and how many bytes."""
        return self._queue_rows, self._queue_bytes

    def trouble(self) -> str | None:
        """Why the last telemetry could not be committed, as long as that is news; None when all is well."""
        return self.mishaps.trouble()

    @property
    def throughput(self) -> Throughput:
        """What the writer has done since it began."""
        return self._writer.throughput

    def commits(self) -> tuple[int, list[float]]:
        """How many transactions this process has committed, and how many seconds each of the last ones took."""
        return self.throughput.commits, list(self.throughput.lately)

    def admit(self, rows: int, size: int) -> None:
        """Raise StoreBusy where there is no room for ``rows`` of telemetry of ``size`` bytes in the queue."""
        if self.refusing is not None:
            raise StoreBusy(self.refusing, retry_after=30, reason="disk_full")
        if self.queued_rows + rows > self._queue_rows or self.queued_bytes + size > self._queue_bytes:
            raise StoreBusy(_TOO_MUCH, reason="queue_full")
        # What comes when nothing waits is taken, however long it will take: it would fare no better later.
        if self.queued_rows:
            wait = self._writer.drain.seconds(self.queued_rows + rows, self._monotonic())
            if wait > self._queue_seconds:
                raise StoreBusy(_TOO_MUCH, retry_after=min(math.ceil(wait), _LONGEST_RETRY), reason="queue_full")

    def write(
        self, function: Callable[[WriteTx, *A], T], *args: *A, rows: int = 0, size: int = 0
    ) -> "asyncio.Future[T]":
        """Run ``function(tx, *args)`` in the writer; the future is done once it is committed.

        ``rows`` and ``size`` (bytes) say how much telemetry it brings; StoreBusy is raised at once where there
        is no room for it. What the function raises is the future's exception, and nothing that it wrote stays.
        """
        answer: asyncio.Future[T] = self._loop.create_future()
        self.submit(function, args, rows=rows, size=size, done=partial(_settle, answer))
        return answer

    def submit(
        self,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        *,
        rows: int,
        size: int,
        done: Callable[[Any], None],
    ) -> None:
        """Like write; ``done`` is called with the result, or the exception, on the event loop."""
        if rows:
            self.admit(rows, size)
            self.queued_rows += rows
            self.queued_bytes += size
        if not self._gathered:
            self._loop.call_soon(self._gather, 0, _GATHERING_TURNS)
        self._gathered.append(Write(function, args, done, rows, size))

    def _gather(self, seen: int, turns: int) -> None:
        """Hand over what was submitted, once a turn of the loop has brought nothing more, or after some turns.

        No time is waited: a turn only takes in what has arrived. But a commit costs much the same for one event
        as for many, so those that arrive at the same moment should share it.
        """
        if turns and seen < len(self._gathered) < _GATHERED_AT_MOST:
            self._loop.call_soon(self._gather, len(self._gathered), turns - 1)
        else:
            self._pass_on()

    def _pass_on(self) -> None:
        gathered, self._gathered = self._gathered, []
        if gathered:
            self._writer.put(gathered)

    def _hand_over(self, group: list[Write]) -> None:
        self._loop.call_soon_threadsafe(self._deliver, group)

    def _deliver(self, group: list[Write]) -> None:
        for write in group:
            self.queued_rows -= write.rows
            self.queued_bytes -= write.size
            try:
                write.done(write.outcome)
            except Exception as error:  # noqa: BLE001 - one who cannot take the answer must not keep it from others
                logger.error("an answer could not be delivered\n%s", trace(error))  # noqa: TRY400 - its words stay out


def _settle(answer: "asyncio.Future[Any]", outcome: Any) -> None:
    if answer.done():  # the one who asked has gone; what was written stays written
        return
    if isinstance(outcome, BaseException):
        answer.set_exception(outcome)
    else:
        answer.set_result(outcome)


@contextmanager
def transaction(folder: Path) -> Iterator[Tx]:
    """A short transaction of the shell on control tables, beside a running server or without one."""
    connection = connect(folder)
    try:
        migrate(connection, only_new=True)
        connection.execute("BEGIN IMMEDIATE")
        yield connection
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.rollback()
        connection.close()


@contextmanager
def snapshot(folder: Path) -> Iterator[sqlite3.Connection]:
    """A reader's view of the store for the shell. Raises StoreUnusable where there is no store."""
    connection = connect_readonly(folder)
    try:
        connection.execute("BEGIN")
        yield connection
    finally:
        connection.close()
