import asyncio
import threading

import pytest

from logserver.core.aside import Aside


def test_a_call_gives_what_it_returns_or_raises() -> None:
    async def run() -> None:
        aside = Aside(2)
        assert await aside.run(divmod, 7, 2) == (3, 1)
        with pytest.raises(ZeroDivisionError):
            await aside.run(divmod, 7, 0)

    asyncio.run(run())


def test_who_gives_up_leaves_the_thread_its_place_until_it_ends() -> None:
    async def run() -> None:
        aside, entered, opened = Aside(1), threading.Event(), threading.Event()

        def blocks() -> None:
            entered.set()
            assert opened.wait(60)

        task = asyncio.create_task(aside.run(blocks))
        await asyncio.to_thread(entered.wait, 60)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        waiting = asyncio.create_task(aside.run(int, "7"))
        await asyncio.wait([waiting], timeout=0)
        assert not waiting.done()
        opened.set()
        assert await waiting == 7

    asyncio.run(run())


def test_nobody_waits_for_a_call_when_the_loop_has_ended() -> None:
    entered, opened = threading.Event(), threading.Event()

    def blocks() -> None:
        entered.set()
        assert opened.wait(60)

    async def run() -> None:
        task = asyncio.create_task(Aside(1).run(blocks))
        await asyncio.to_thread(entered.wait, 60)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    before = set(threading.enumerate())
    asyncio.run(run())
    (left,) = [thread for thread in threading.enumerate() if thread not in before]
    assert left.daemon
    opened.set()
    left.join(60)
    assert not left.is_alive()
