"""Blocking calls of the outside world, each in a thread of its own that nobody waits for when the process ends.

A name server or a mail server that never answers holds one such thread, not one of a pool that others need.
"""

import asyncio
import contextlib
from collections.abc import Callable
from functools import partial
from threading import Thread
from typing import Any, TypeVar, TypeVarTuple

T = TypeVar("T")
A = TypeVarTuple("A")


class Aside:
    """Runs at most so many blocking calls at a time; those beyond wait for their turn."""

    def __init__(self, most: int) -> None:
        self._free = asyncio.Semaphore(most)

    async def run(self, function: Callable[[*A], T], *args: *A) -> T:
        """What the function returns or raises. When the caller gives up, the thread goes on to its end, unheard."""
        await self._free.acquire()
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()
        Thread(target=self._call, args=(loop, answer, partial(function, *args)), daemon=True).start()
        return await answer

    def _call(self, loop: asyncio.AbstractEventLoop, answer: "asyncio.Future[Any]", call: Callable[[], Any]) -> None:
        result, error = None, None
        try:
            result = call()
        except Exception as raised:  # noqa: BLE001 - it is raised again where the call was made
            error = raised
        with contextlib.suppress(RuntimeError):  # the loop may have been closed meanwhile
            loop.call_soon_threadsafe(self._settle, answer, result, error)

    def _settle(self, answer: "asyncio.Future[Any]", result: Any, error: Exception | None) -> None:
        self._free.release()
        if answer.done():
            return
        if error is not None:
            answer.set_exception(error)
        else:
            answer.set_result(result)
