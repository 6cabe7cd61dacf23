"""Read-only connections: each runs whole functions on one snapshot, in a thread of its own, under a time limit."""

import asyncio
import sqlite3
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar, TypeVarTuple, cast

import aiosqlite

from logserver.store.errors import ReadTimeout
from logserver.store.mishaps import Mishaps, is_damage
from logserver.store.slow_reads import SlowReads, Timed
from logserver.store.tx import Tx

T = TypeVar("T")
A = TypeVarTuple("A")

_STEPS_BETWEEN_LOOKS = 2_000


class Reader(aiosqlite.Connection):
    """An aiosqlite connection that takes functions of a transaction, as the writer does."""

    def __init__(
        self, connector: Callable[[], Timed], slow: SlowReads, monotonic: Callable[[], float], iter_chunk_size: int
    ) -> None:
        super().__init__(connector, iter_chunk_size)
        self._slow = slow
        self._monotonic = monotonic

    async def run(self, function: Callable[..., T], arguments: tuple[Any, ...], over: Callable[[], bool]) -> T:
        """The function's result on one snapshot; a statement is interrupted once ``over()`` is true."""
        result: T = await self._execute(  # type: ignore[no-untyped-call] # its library leaves it untyped
            self._on_snapshot, function, arguments, over
        )
        return result

    def _on_snapshot(self, function: Callable[..., T], arguments: tuple[Any, ...], over: Callable[[], bool]) -> T:
        connection = cast("Timed", self._conn)
        connection.set_progress_handler(over, _STEPS_BETWEEN_LOOKS)
        begun = self._monotonic()
        ended = False
        try:
            connection.execute("BEGIN")
            connection.begin(self._monotonic)
            return function(connection, *arguments)
        except sqlite3.OperationalError as error:
            ended = error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT
            raise
        finally:
            self._slow.note(function, self._monotonic() - begun, connection.longest(), ended=ended)
            connection.set_progress_handler(None, 0)
            if connection.in_transaction:
                connection.rollback()


class Readers:
    """A small pool for pages and searches, and one connection apart for short look-ups."""

    def __init__(
        self,
        connector: Callable[[], Timed],
        *,
        count: int,
        seconds: float,
        monotonic: Callable[[], float],
        slow: SlowReads,
        mishaps: Mishaps,
    ) -> None:
        self._mishaps = mishaps
        self._connector = connector
        self._count = count
        self._seconds = seconds
        self._monotonic = monotonic
        self._slow = slow
        self._free: asyncio.LifoQueue[Reader] = asyncio.LifoQueue()
        self._all: list[Reader] = []

    async def open(self) -> None:
        """Open every connection."""
        for _ in range(self._count + 1):
            reader = Reader(self._connector, self._slow, self._monotonic, 64)
            await reader
            self._all.append(reader)
        for reader in self._all[1:]:
            self._free.put_nowait(reader)

    async def close(self) -> None:
        """Close every connection, after what each is running."""
        # Side by side, so that each has its turn although whoever waits for them is cancelled.
        await asyncio.gather(*(reader.close() for reader in self._all))
        self._all.clear()

    async def read(self, function: Callable[[Tx, *A], T], *args: *A) -> T:
        """Run a function on one snapshot; ReadTimeout when it takes longer than the limit."""
        reader = await self._free.get()
        running = asyncio.ensure_future(self._limited(reader, function, args))
        running.add_done_callback(partial(self._give_back, reader))
        # Who asked may go away; the connection is free only when its function has ended.
        return await asyncio.shield(running)

    def _give_back(self, reader: Reader, ended: "asyncio.Future[Any]") -> None:
        if not ended.cancelled():
            ended.exception()  # nobody may be left to look at it
        self._free.put_nowait(reader)

    async def look_up(self, function: Callable[[Tx, *A], T], *args: *A) -> T:
        """Like read, for short look-ups that must never wait behind somebody's slow page."""
        return await self._limited(self._all[0], function, args)

    async def _limited(self, reader: Reader, function: Callable[..., T], arguments: tuple[Any, ...]) -> T:
        monotonic = self._monotonic
        end = monotonic() + self._seconds
        try:
            return await reader.run(function, arguments, lambda: monotonic() > end)
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
                raise ReadTimeout(f"the read took longer than {self._seconds:g} seconds") from error
            if is_damage(error):
                raise self._mishaps.damaged(error) from error
            raise
