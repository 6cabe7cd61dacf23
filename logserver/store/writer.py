"""The one writer: a thread that owns the one writing connection and commits whatever waits as one transaction.

Each request first runs under a savepoint of its own, so one that fails takes only itself down. After the last
of them the rows of all go in together; one COMMIT; then all are answered in one hand-over to the event loop.
"""

import logging
import os
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any

from logserver.store.batch import Batch
from logserver.store.drain import Drain
from logserver.store.mishaps import Mishaps, is_damage, is_temporary
from logserver.store.throughput import Throughput
from logserver.store.traces import trace
from logserver.store.upkeep import Upkeep

logger = logging.getLogger("logserver.store")

MAX_GROUP_ROWS = 4_000
"""Rows after which a transaction takes no further request: bounds the time to its commit."""


class Write:
    """A request to the writer: a function of the transaction, its arguments, and who is told the outcome."""

    __slots__ = ("arguments", "done", "function", "outcome", "rows", "size")

    def __init__(
        self,
        function: Callable[..., Any],
        arguments: tuple[Any, ...],
        done: Callable[[Any], None],
        rows: int,
        size: int,
    ) -> None:
        self.function = function
        self.arguments = arguments
        self.done = done
        self.rows = rows
        self.size = size
        self.outcome: Any = None


class WriteTx:
    """The writer's transaction as one request sees it: its savepoint opens with its first statement."""

    __slots__ = ("_connection", "_saved", "batch", "now_ms")

    def __init__(self, connection: sqlite3.Connection, batch: Batch) -> None:
        self._connection = connection
        self._saved = False
        self.batch = batch
        self.now_ms = 0

    def execute(self, sql: str, parameters: Sequence[Any] | Mapping[str, Any] = (), /) -> sqlite3.Cursor:
        """Execute one statement inside this request's savepoint."""
        if not self._saved:
            self._connection.execute("SAVEPOINT request")
            self._saved = True
        return self._connection.execute(sql, parameters)

    def executemany(self, sql: str, rows: Iterable[Sequence[Any]], /) -> sqlite3.Cursor:
        """Execute one statement for each row of parameters inside this request's savepoint."""
        if not self._saved:
            self._connection.execute("SAVEPOINT request")
            self._saved = True
        return self._connection.executemany(sql, rows)

    def settled(self) -> None:
        """Note that the savepoint went with its transaction."""
        self._saved = False

    def settle(self, *, keep: bool) -> None:
        """End the request: keep what it wrote, or take it back."""
        if self._saved:
            self._saved = False
            if not keep:
                self._connection.execute("ROLLBACK TO request")
            self._connection.execute("RELEASE request")


class Writer:
    """Runs writes in groups on a thread of its own until it is stopped."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        *,
        now_ms: Callable[[], int],
        monotonic: Callable[[], float],
        mishaps: Mishaps,
        answered: Callable[[list[Write]], None],
        fatal: Callable[[], None] | None = None,
    ) -> None:
        self._connection = connection
        self._now_ms = now_ms
        self._answered = answered
        self._fatal = fatal or _end_process
        self._queue: SimpleQueue[list[Write] | None] = SimpleQueue()
        self._batch = Batch()
        self._batch.identities.load(connection)
        self._tx = WriteTx(connection, self._batch)
        self._thread = Thread(target=self._run, name="writer", daemon=True)
        self._monotonic = monotonic
        self._mishaps = mishaps
        self.upkeep = Upkeep(connection, monotonic, mishaps)
        self.throughput = Throughput()
        self.drain = Drain()
        """How long what waits will take."""

    def start(self) -> None:
        """Begin to take writes."""
        self._thread.start()

    def put(self, writes: list[Write]) -> None:
        """Queue writes; they are answered through the ``answered`` callback, from the writer's thread."""
        self._queue.put(writes)

    def stop(self) -> None:
        """Commit and answer everything queued, checkpoint, and end the thread."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        try:
            self._serve()
        except BaseException as error:  # noqa: BLE001 - whatever it is, the process ends
            logger.critical(
                "the writer failed; ending the process so that its supervisor starts it again\n%s", trace(error)
            )
            self._fatal()

    def _serve(self) -> None:
        queue = self._queue
        running = True
        while running:
            try:
                writes = queue.get(timeout=self.upkeep.patience())
            except Empty:
                self.upkeep.idle()
                continue
            group: list[Write] = []
            rows = 0
            while True:
                if writes is None:
                    running = False
                    break
                group += writes
                rows += sum(write.rows for write in writes)
                if rows >= MAX_GROUP_ROWS:
                    break
                try:
                    writes = queue.get_nowait()
                except Empty:
                    break
            if group:
                begun = self._monotonic()
                self.drain.begin(rows, begun)
                self._commit(group)
                self.throughput.ended(self._monotonic() - begun, rows, len(group))
                self._answered(group)
                self.upkeep.after_commit(rows)
                self.drain.end(self._monotonic())
        self.upkeep.finish()

    def _commit(self, group: list[Write]) -> None:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            # Somebody else holds the store, or it cannot be written at all: the same for each of them.
            for write in group:
                write.outcome = self._mishaps.refusal(error)
            return
        try:
            self._transact(group)
        except sqlite3.Error as error:
            self._rollback()
            if self.upkeep.gave_up_merging():
                # None of them brought this about, and without a merge of the index they may well go in.
                self._mishaps.damaged(error)
                self._commit(group)
                return
            if len(group) == 1 or is_temporary(error):
                for write in group:
                    write.outcome = self._mishaps.refusal(error)
                return
            logger.warning("a group of %d writes failed and is run one by one: %s", len(group), error)
            for write in group:
                self._commit([write])
        else:
            if any(write.rows for write in group):
                self._mishaps.committed()

    def _transact(self, group: list[Write]) -> None:
        """Run the writes of a group and commit them, in the transaction that was begun."""
        tx, batch = self._tx, self._batch
        tx.now_ms = batch.now_ms = self._now_ms()
        for write in group:
            mark = batch.mark()
            try:
                write.outcome = write.function(tx, *write.arguments)
            except Exception as error:
                if isinstance(error, sqlite3.Error) and is_temporary(error):
                    raise  # the machine's doing, not the request's; and it may have ended the whole transaction
                tx.settle(keep=False)
                batch.undo(mark)
                write.outcome = self._mishaps.damaged(error) if is_damage(error) else error
            else:
                tx.settle(keep=True)
        rows = len(batch)
        batch.write(self._connection)
        self.upkeep.before_commit(rows, batch.deleted.total(), batch.pages)
        self._connection.execute("COMMIT")
        self.throughput.stored(batch.arrived(), batch.deleted)
        batch.clear(committed=True)

    def _rollback(self) -> None:
        self._tx.settled()
        if self._connection.in_transaction:
            self._connection.rollback()
        self._batch.clear(committed=False)


def _end_process() -> None:
    os._exit(70)
