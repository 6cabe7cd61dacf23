"""What the store remembers of reads that took long."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from logserver.store.errors import ReadTimeout
from logserver.store.slow_reads import MOST, SlowReads
from logserver.store.tx import Tx
from tests.fakes import START_MS, FakeClock
from tests.store.running import running

EVER = "WITH RECURSIVE up(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM up) SELECT count(*) FROM up WHERE n != ?"


def test_a_slow_read_is_remembered_with_its_longest_statement_and_none_of_its_values(tmp_path: Path) -> None:
    clock = FakeClock()

    def slow(tx: Tx, secret: str) -> int:
        clock.turn(0.02)
        tx.execute("SELECT  ?\n FROM migrations", (secret,)).fetchall()
        clock.turn(0.3)
        tx.execute("SELECT 2").fetchall()
        clock.turn(0.1)
        return 7

    async def use() -> None:
        async with running(tmp_path, clock) as database:
            assert await database.read(slow, "hunter2") == 7
            assert await database.look_up(slow, "hunter2") == 7
            (found,) = database.slow_reads.listed()
        assert (found.times, found.ended, found.statement) == (2, 0, "SELECT ? FROM migrations")
        assert found.longest == pytest.approx(0.42)
        assert found.total == pytest.approx(0.84)
        assert found.statement_seconds == pytest.approx(0.3)
        assert found.last_at == START_MS + 840
        assert found.name.endswith(
            "test_slow_reads.test_a_slow_read_is_remembered_with_its_longest_statement_and_none_of_its_values.slow"
        )
        assert "hunter2" not in repr(found)

    asyncio.run(use())


def test_a_quick_read_is_not_remembered(tmp_path: Path) -> None:
    clock = FakeClock()

    def quick(tx: Tx) -> Any:
        clock.turn(0.09)
        return tx.execute("SELECT 1").fetchone()

    async def use() -> None:
        async with running(tmp_path, clock) as database:
            for _ in range(3):
                await database.read(quick)
            assert database.slow_reads.listed() == []

    asyncio.run(use())


def test_a_read_that_was_ended_is_counted_so(tmp_path: Path) -> None:
    clock = FakeClock()

    def endless(tx: Tx) -> Any:
        clock.turn(3_600)
        return tx.execute(EVER, ("hunter2",)).fetchone()

    async def use() -> None:
        async with running(tmp_path, clock) as database:
            with pytest.raises(ReadTimeout):
                await database.read(endless)
            (found,) = database.slow_reads.listed()
        assert (found.times, found.ended, found.statement) == (1, 1, EVER)

    asyncio.run(use())


def test_so_many_functions_are_remembered_and_no_more() -> None:
    clock = FakeClock()
    slow = SlowReads(clock.now_ms)

    def named(number: int) -> Any:
        def function() -> None:
            pass

        function.__qualname__ = f"read_{number}"
        return function

    for number in range(MOST):
        slow.note(named(number), 1 + number, ("SELECT 1", 0.5))
    slow.note(named(0), 0.5, ("SELECT 2", 0.2))
    slow.note(named(MOST), 0.5, ("SELECT 3", 0.2))
    names = [each.name.rpartition(".")[2] for each in slow.listed()]
    assert len(names) == MOST
    assert "read_0" in names
    assert "read_1" not in names
    assert names[0] == f"read_{MOST - 1}"
