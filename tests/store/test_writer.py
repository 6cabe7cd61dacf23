import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from logserver.store.batch import Batch
from logserver.store.connections import connect
from logserver.store.errors import StoreBusy
from logserver.store.events import to_row
from logserver.store.writer import WriteTx
from tests.store.running import Gate, agrees, messages, note, notes, running, store, store_in, store_twice
from tests.store.stored import event, opened


class Refused(Exception):
    pass


def fail(tx: WriteTx, name: str) -> None:
    note(tx, name)
    store(tx, name, environment=name)
    raise Refused(name)


def test_an_answer_means_committed(tmp_path: Path) -> None:
    async def use() -> None:
        async with running(tmp_path) as database:
            assert await database.write(note, "a") == "a"
            assert notes(tmp_path) == {"a"}
            (found,) = await database.write(store, "m", rows=1, size=10)
            assert found > 0
            assert messages(tmp_path) == ["m"]

    asyncio.run(use())


def test_one_that_fails_takes_only_itself_down(tmp_path: Path) -> None:
    async def use() -> None:
        async with running(tmp_path) as database:
            before, _ = database.commits()
            outcomes = await asyncio.gather(
                database.write(note, "a"),
                database.write(store_in, "one", rows=1),
                database.write(fail, "failed"),
                database.write(store_in, "two", rows=1),
                database.write(note, "a"),
                database.write(note, "b"),
                return_exceptions=True,
            )
            assert database.commits()[0] == before + 1
            kinds = [type(outcome) for outcome in outcomes]
            assert kinds == [str, list, Refused, list, sqlite3.IntegrityError, str]
            assert notes(tmp_path) == {"a", "b"}
            assert messages(tmp_path) == ["one", "two"]
            agrees(tmp_path, ["one", "two"])

    asyncio.run(use())


def test_names_of_one_that_failed_are_not_taken_for_known(tmp_path: Path) -> None:
    async def use() -> None:
        async with running(tmp_path) as database:
            for failing in (fail, store_named_twice):
                name = failing.__name__
                outcomes = await asyncio.gather(
                    database.write(failing, name),
                    database.write(store_in, name, rows=1),
                    return_exceptions=True,
                )
                assert isinstance(outcomes[0], Exception)
                assert isinstance(outcomes[1], list)
            agrees(tmp_path, ["fail", "store_named_twice"])

    asyncio.run(use())


def store_named_twice(tx: WriteTx, name: str) -> None:
    store_twice(tx, "twice", environment=name)


@pytest.mark.parametrize("place", [0, 1, 2])
def test_only_the_culprit_of_a_failed_insert_fails(tmp_path: Path, place: int) -> None:
    async def use() -> None:
        async with running(tmp_path) as database:
            writes: list[asyncio.Future[Any]] = [database.write(store_in, f"e{n}", rows=1) for n in range(2)]
            writes.insert(place, database.write(store_twice, "twice", rows=2))
            outcomes = await asyncio.gather(*writes, return_exceptions=True)
            assert [type(one) for one in outcomes].index(sqlite3.IntegrityError) == place
            assert sum(isinstance(one, list) for one in outcomes) == 2
            assert notes(tmp_path) == set()
            agrees(tmp_path, ["e0", "e1"])
            await database.write(note, "after")
            assert database.queued_rows == 0

    asyncio.run(use())


def test_a_batch_can_take_back_whatever_was_appended() -> None:
    """What one request causes must fail that request alone, whatever it is."""
    with closing(opened()) as tx:
        batch = Batch()
        mark = batch.mark()
        for _ in range(2):
            batch.append(tx, 1, event("m"), to_row(event("m")))
        batch.undo(mark)
        assert len(batch) == 0
        assert batch.find(tx, event("m").id) is None


@pytest.mark.parametrize("full", [{"rows": 4}, {"rows": 1, "size": 101}])
def test_a_full_queue_refuses_at_once_and_is_free_again(tmp_path: Path, full: dict[str, int]) -> None:
    async def use() -> None:
        async with running(tmp_path, queue_rows=10, queue_bytes=200) as database:
            gate = Gate()
            held = database.write(gate)
            await asyncio.to_thread(gate.entered.wait, 60)
            waiting = [database.write(store, "m", rows=1, size=40) for _ in range(2)]
            waiting.append(database.write(store, "m", rows=5, size=20))
            with pytest.raises(StoreBusy) as refused:
                database.write(store, "refused", **full)
            assert refused.value.retry_after > 0
            control = database.write(note, "control")
            gate.opened.set()
            await asyncio.gather(held, control, *waiting)
            assert (database.queued_rows, database.queued_bytes) == (0, 0)
            await database.write(store, "after", **full)
            assert messages(tmp_path) == ["after", "m", "m", "m"]
            assert notes(tmp_path) == {"control"}

    asyncio.run(use())


def test_a_store_that_refuses_takes_no_telemetry(tmp_path: Path) -> None:
    async def use() -> None:
        async with running(tmp_path) as database:
            database.refusing = "the disk is nearly full"
            with pytest.raises(StoreBusy, match="nearly full"):
                database.write(store, "m", rows=1)
            await database.write(note, "control")
            database.refusing = None
            await database.write(store, "m", rows=1)
            assert messages(tmp_path) == ["m"]

    asyncio.run(use())


def test_one_who_goes_away_harms_nobody_and_the_write_stays(tmp_path: Path) -> None:
    async def use() -> None:
        async with running(tmp_path) as database:
            gate = Gate()
            held = database.write(gate)
            await asyncio.to_thread(gate.entered.wait, 60)

            async def ask(name: str) -> str:
                return await database.write(note, name, rows=1, size=1)

            tasks = [asyncio.create_task(ask(name)) for name in "abc"]
            await asyncio.sleep(0)
            tasks[1].cancel()
            gate.opened.set()
            outcomes = await asyncio.gather(*tasks, held, return_exceptions=True)
            assert [type(one) for one in outcomes] == [str, asyncio.CancelledError, str, type(None)]
            assert notes(tmp_path) == {"a", "b", "c"}
            assert (database.queued_rows, database.queued_bytes) == (0, 0)

    asyncio.run(use())


def impatient(tx: WriteTx) -> None:
    tx.execute("PRAGMA busy_timeout = 1").fetchall()


def test_a_store_held_by_another_is_busy_until_it_is_not(tmp_path: Path) -> None:
    async def use() -> None:
        async with running(tmp_path) as database:
            await database.write(impatient)
            with closing(connect(tmp_path)) as other:
                other.execute("BEGIN IMMEDIATE")
                writes = [database.write(store_in, f"m{n}", rows=1) for n in range(3)]
                outcomes = await asyncio.gather(*writes, return_exceptions=True)
                assert [type(one) for one in outcomes] == [StoreBusy] * 3
                assert database.trouble()
                other.execute("ROLLBACK")
            assert messages(tmp_path) == []
            assert database.queued_rows == 0
            await database.write(store, "after", rows=1)
            assert database.trouble() is None
            assert messages(tmp_path) == ["after"]

    asyncio.run(use())


def test_what_was_not_committed_is_not_counted_as_committed(tmp_path: Path) -> None:
    async def use() -> None:
        async with running(tmp_path) as database:
            await database.write(impatient)
            before, _ = database.commits()
            with closing(connect(tmp_path)) as other:
                other.execute("BEGIN IMMEDIATE")
                with pytest.raises(StoreBusy):
                    await database.write(note, "a")
            assert database.commits()[0] == before

    asyncio.run(use())


def no_more_room(tx: WriteTx) -> None:
    pages = tx.execute("PRAGMA page_count").fetchone()[0]
    tx.execute(f"PRAGMA max_page_count = {pages + 1}").fetchall()


def more_room(tx: WriteTx) -> None:
    tx.execute("PRAGMA max_page_count = 1000000").fetchall()


def note_much(tx: WriteTx) -> None:
    tx.execute("INSERT INTO secrets VALUES ('much', zeroblob(1000000))")


def store_much(tx: WriteTx) -> None:
    store(tx, *("x" * 10_000 for _ in range(50)))


@pytest.mark.parametrize("much", [note_much, store_much])
def test_a_full_disk_is_busy_until_there_is_room(tmp_path: Path, much: Callable[[WriteTx], None]) -> None:
    async def use() -> None:
        async with running(tmp_path) as database:
            await database.write(no_more_room)
            (outcome,) = await asyncio.gather(database.write(much, rows=1), return_exceptions=True)
            await database.write(more_room)
            assert messages(tmp_path) == []
            await database.write(store, "after", rows=1)
            assert messages(tmp_path) == ["after"]
            assert notes(tmp_path) == set()
            assert isinstance(outcome, StoreBusy), repr(outcome)

    asyncio.run(use())
