"""How long what waits will take: judged by large transactions, the last ones and the present one."""

import asyncio
from pathlib import Path

import pytest

from logserver.store.drain import Drain
from logserver.store.errors import StoreBusy
from tests.fakes import FakeClock
from tests.store.running import Gate, messages, running, store


def worked(*transactions: tuple[int, float]) -> Drain:
    """After transactions of so many rows and seconds."""
    drain = Drain()
    for rows, seconds in transactions:
        drain.begin(rows, 100.0)
        drain.end(100.0 + seconds)
    return drain


def test_nothing_is_known_before_a_large_transaction() -> None:
    assert worked().seconds(20_000, 0.0) == 0
    assert worked((199, 60.0)).seconds(20_000, 200.0) == 0


def test_what_waits_takes_as_long_as_the_last_ones_did() -> None:
    assert worked((1_000, 0.5)).seconds(4_000, 200.0) == pytest.approx(2.0)


def test_one_that_was_slow_counts_a_part_and_many_count_whole() -> None:
    assert worked((1_000, 1.0), (1_000, 2.0)).seconds(1_000, 200.0) == pytest.approx(1.3)
    assert worked((1_000, 1.0), *[(1_000, 2.0)] * 30).seconds(1_000, 200.0) == pytest.approx(2.0, rel=1e-3)


def test_a_present_one_that_takes_longer_is_noticed_before_it_ends() -> None:
    drain = worked((1_000, 0.1))
    drain.begin(1_000, 100.0)
    assert drain.seconds(1_000, 100.05) == pytest.approx(0.1)
    assert drain.seconds(1_000, 103.0) == pytest.approx(3.0)


def test_a_queue_that_takes_too_long_refuses_and_says_for_how_long(tmp_path: Path) -> None:
    clock = FakeClock()

    async def use() -> None:
        async with running(tmp_path, clock, queue_seconds=2.0) as database:
            gate = Gate()
            held = database.write(gate, rows=200)
            await asyncio.to_thread(gate.entered.wait, 60)
            # The transaction of 200 rows has taken so long by now.
            clock.turn(3)
            with pytest.raises(StoreBusy) as refused:
                database.write(store, "refused", rows=1)
            assert refused.value.retry_after == 4
            clock.turn(600)
            with pytest.raises(StoreBusy) as refused:
                database.admit(1, 1)
            assert refused.value.retry_after == 30
            gate.opened.set()
            await held
            # However slow it is: where nothing else waits it would fare no better later.
            await database.write(store, "alone", rows=1)
        assert messages(tmp_path) == ["alone"]

    asyncio.run(use())
