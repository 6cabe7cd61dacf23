"""An agent's tasks on a small real server, one coroutine a test."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from logserver.agent.client import Address, Client
from logserver.agent.enrolment import Enrolment, Self
from logserver.agent.folder import Folder
from tests.agent.edge import KEY
from tests.fakes import FakeClock

T = TypeVar("T")


def talk(
    url: str, folder: Folder, use: Callable[[Client, Enrolment], Awaitable[T]], *, name: str = "web-1", key: str = KEY
) -> T:
    """What a use of a client and an enrolment, which registers meanwhile, comes to."""

    async def run() -> T:
        client = Client(Address.of(url), key, FakeClock())
        enrolment = Enrolment(client, folder, Self(name, "host", {}))
        registering = asyncio.create_task(enrolment.run())
        try:
            return await use(client, enrolment)
        finally:
            registering.cancel()
            await asyncio.wait([registering])
            await client.close()

    return asyncio.run(run())
