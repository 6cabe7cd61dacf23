import asyncio
import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest

from logserver.store import lockfile
from logserver.store.connections import FILE
from logserver.store.database import Database, snapshot, transaction
from logserver.store.errors import ReadTimeout, StoreUnusable
from logserver.store.tx import Tx
from logserver.store.writer import WriteTx
from tests.fakes import FakeClock
from tests.store.running import Gate, count_up, looked, messages, note, notes, rows, running, store


def wal(folder: Path) -> int:
    """The size of the log that a store leaves beside it."""
    path = folder / f"{FILE}-wal"
    return path.stat().st_size if path.exists() else 0


async def turn_until_done(clock: FakeClock, *reads: "asyncio.Task[Any]") -> list[Any]:
    """Let time pass for reads that wait for nothing else."""
    pending = set(reads)
    while pending:
        clock.turn(3600)  # again, because one may only have begun after the last turn
        _, pending = await asyncio.wait(pending, timeout=0.01)
    return list(await asyncio.gather(*reads, return_exceptions=True))


def test_a_close_that_is_cancelled_leaves_the_writer_its_connection(tmp_path: Path) -> None:
    gate, closed = Gate(), threading.Event()

    def hold(tx: WriteTx) -> None:
        gate(tx)
        note(tx, "held")

    def let_go() -> None:
        closed.wait(0.2)  # as it would be at once by a close that did not wait
        gate.opened.set()

    async def use() -> None:
        clock = FakeClock()
        database = Database(tmp_path, now_ms=clock.now_ms, monotonic=clock.monotonic)
        await database.open()
        held = database.write(hold)
        await asyncio.to_thread(gate.entered.wait, 60)
        closing = asyncio.create_task(database.close())
        closing.add_done_callback(lambda _: closed.set())
        opener = threading.Thread(target=let_go)
        for each in threading.enumerate():
            if "_connection_worker" in each.name:  # it closes its readers first
                await asyncio.to_thread(each.join)
        opener.start()
        while not closing.done():
            await asyncio.sleep(0)
            closing.cancel()
        opener.join()
        await held

    asyncio.run(use())
    assert notes(tmp_path) == {"held"}


def test_a_read_that_takes_too_long_is_ended_and_its_reader_goes_on(tmp_path: Path) -> None:
    async def use() -> None:
        clock = FakeClock()
        async with running(tmp_path, clock, readers=1) as database:
            for _ in range(2):
                started = threading.Event()
                read = asyncio.create_task(database.read(count_up, started))
                await asyncio.to_thread(started.wait, 60)
                assert not read.done()
                assert isinstance((await turn_until_done(clock, read))[0], ReadTimeout)
                assert await database.read(rows, "SELECT 1") == [(1,)]

    asyncio.run(use())


def test_a_read_that_fails_leaves_its_reader_usable(tmp_path: Path) -> None:
    async def use() -> None:
        async with running(tmp_path, readers=1) as database:
            with pytest.raises(sqlite3.OperationalError, match="no such table"):
                await database.read(rows, "SELECT * FROM missing")
            with pytest.raises(sqlite3.OperationalError, match="readonly"):
                await database.read(note, "a")
            assert await database.read(rows, "SELECT 1") == [(1,)]

    asyncio.run(use())


def test_a_read_is_one_snapshot(tmp_path: Path) -> None:
    def look_twice(tx: Tx) -> tuple[Any, Any]:
        first = rows(tx, "SELECT count(*) FROM events")
        seen.set()
        assert written.wait(60)
        return first, rows(tx, "SELECT count(*) FROM events")

    seen, written = threading.Event(), threading.Event()

    async def use() -> None:
        async with running(tmp_path) as database:
            read = asyncio.create_task(database.read(look_twice))
            await asyncio.to_thread(seen.wait, 60)
            await database.write(store, "m", rows=1)
            written.set()
            assert await read == ([(0,)], [(0,)])
            assert await database.read(rows, "SELECT count(*) FROM events") == [(1,)]

    asyncio.run(use())


def test_look_ups_and_writes_do_not_wait_behind_slow_reads(tmp_path: Path) -> None:
    async def use() -> None:
        clock = FakeClock()
        async with running(tmp_path, clock, readers=2) as database:
            slow = [asyncio.create_task(database.read(count_up)) for _ in range(5)]
            await asyncio.sleep(0)
            assert await database.look_up(rows, "SELECT 1") == [(1,)]
            await database.write(note, "a")
            assert await database.look_up(rows, "SELECT 1 FROM secrets WHERE name = 'a'") == [(1,)]
            assert not any(read.done() for read in slow)
            for first in (0, 2, 4):
                outcomes = await turn_until_done(clock, *slow[first : first + 2])
                assert {type(outcome) for outcome in outcomes} == {ReadTimeout}

    asyncio.run(use())


def test_a_reader_whose_caller_went_away_is_not_given_to_the_next(tmp_path: Path) -> None:
    async def use() -> None:
        clock = FakeClock()
        async with running(tmp_path, clock, readers=2) as database:
            started = threading.Event()
            gone = asyncio.create_task(database.read(count_up, started))
            await asyncio.to_thread(started.wait, 60)
            gone.cancel()
            await asyncio.wait({gone})
            read = asyncio.create_task(database.read(rows, "SELECT 1"))
            await asyncio.wait({read}, timeout=2)
            answered_meanwhile = read.done()
            await turn_until_done(clock, read)
            assert answered_meanwhile, "it waited behind the read nobody wants, though a reader was free"

    asyncio.run(use())


def test_closing_commits_what_is_queued_and_leaves_one_file(tmp_path: Path) -> None:
    async def use() -> None:
        async with running(tmp_path) as database:
            gate = Gate()
            held = database.write(gate)
            await asyncio.to_thread(gate.entered.wait, 60)
            queued = [database.write(store, f"m{n}", rows=1) for n in range(3)]
            await asyncio.sleep(0)
            gathered = database.write(note, "last")
            gate.opened.set()
        assert held.done()
        assert all(write.done() for write in queued)
        assert gathered.result() == "last"
        assert database.checkpointed is not None

    asyncio.run(use())
    assert wal(tmp_path) == 0
    assert (messages(tmp_path), notes(tmp_path)) == (["m0", "m1", "m2"], {"last"})


def test_a_checkpoint_that_fails_stores_nothing_twice(tmp_path: Path) -> None:
    """A statement left open in the writer's connection locks it against its own checkpoint."""

    def unfinished(tx: WriteTx) -> sqlite3.Cursor:
        return tx.execute("SELECT name FROM sqlite_master")

    async def use() -> None:
        async with running(tmp_path) as database:
            cursor = await database.write(unfinished)
            for turn in range(3):
                found = await database.write(store, *(f"{turn}.{n}" for n in range(2_000)), rows=2_000)
                assert len(found) == 2_000
            assert database.checkpointed is None
            cursor.close()
            await database.write(store, *(f"3.{n}" for n in range(2_000)), rows=2_000)

    asyncio.run(use())
    assert looked(tmp_path, "SELECT count(*), count(DISTINCT message) FROM events") == [(8_000, 8_000)]
    assert looked(tmp_path, "SELECT sum(n) FROM counts") == [(8_000,)]
    assert wal(tmp_path) == 0


def test_the_index_is_merged_as_it_grows(tmp_path: Path) -> None:
    async def use() -> None:
        async with running(tmp_path) as database:
            for n in range(300):
                await database.write(store, f"m{n}", rows=1)
            ((segments,),) = await database.read(rows, "SELECT count(DISTINCT segid) FROM event_words_idx")
            assert segments < 30

    asyncio.run(use())


def test_a_second_server_is_kept_out_until_the_first_has_gone(tmp_path: Path) -> None:
    async def use() -> None:
        async with running(tmp_path):
            assert lockfile.locked(tmp_path)
            with pytest.raises(StoreUnusable, match="another logserver"):
                async with running(tmp_path):
                    pytest.fail("the second server opened")
        assert not lockfile.locked(tmp_path)
        async with running(tmp_path) as again:
            await again.write(note, "again")

    asyncio.run(use())


def test_a_store_that_cannot_be_opened_is_let_go(tmp_path: Path) -> None:
    with transaction(tmp_path) as tx:
        tx.execute("INSERT INTO migrations VALUES (9999, 'from the future', '')")

    async def use() -> None:
        clock = FakeClock()
        database = Database(tmp_path, now_ms=clock.now_ms, monotonic=clock.monotonic)
        with pytest.raises(StoreUnusable, match="newer"):
            await database.open()
        assert not lockfile.locked(tmp_path)
        assert not (tmp_path / f"{FILE}-wal").exists(), "the connection is still open"

    asyncio.run(use())


def test_the_shell_writes_beside_a_running_server(tmp_path: Path) -> None:
    async def use() -> None:
        async with running(tmp_path) as database:
            with transaction(tmp_path) as tx:
                note(tx, "shell")
            with pytest.raises(sqlite3.IntegrityError), transaction(tmp_path) as tx:
                _ = [note(tx, name) for name in ("never", "shell")]
            await database.write(note, "server")
            with snapshot(tmp_path) as seen:
                assert rows(seen, "SELECT count(*) FROM secrets") == [(3,)]

    asyncio.run(use())
    assert notes(tmp_path) == {"shell", "server"}


def test_a_spelling_outlives_the_server(tmp_path: Path) -> None:
    async def use() -> list[str]:
        async with running(tmp_path) as database:
            return [database.spelling.uuid(12345 << 20)]

    assert asyncio.run(use()) == asyncio.run(use())


def test_there_is_nothing_to_read_where_there_is_no_store(tmp_path: Path) -> None:
    with pytest.raises(StoreUnusable, match="no store"), snapshot(tmp_path):
        pytest.fail("the snapshot began")
    assert list(tmp_path.iterdir()) == []
