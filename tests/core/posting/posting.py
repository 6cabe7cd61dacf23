"""A store with a project whose alerts go out, and what tests do with it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from logserver.core import projects
from logserver.core.posting import post, webhooks
from logserver.core.posting.dispatch import Dispatcher
from logserver.core.posting.outbound import Patience
from logserver.core.posting.post import Attempt
from logserver.core.posting.webhooks import Webhook
from logserver.core.projects import Project
from logserver.store.database import Database
from tests.fakes import FakeClock
from tests.receiver import Receiver, Request

ALERT: dict[str, Any] = {
    "id": "a1",
    "rule_name": "auth_brute_force",
    "severity": "high",
    "status": "open",
    "group_by": "actor_id",
    "group_key": "user_1",
    "event_count": 5,
}
SHORT = Patience(whole=0.4)
"""For targets that never answer: they are given up soon."""
BRIEF = Patience(closing=0.1)
"""For targets that never answer and are cut off at the end."""


class Outbox:
    """A project, its webhooks, and the alerts it raises."""

    def __init__(self, database: Database, clock: FakeClock, project: Project) -> None:
        self.database = database
        self.clock = clock
        self.project = project
        self.secrets: dict[str, str] = {}

    async def hook(self, url: str, **values: Any) -> Webhook:
        """A new webhook."""
        usual: dict[str, Any] = {"url": url, "now_ms": self.clock.now_ms(), "allow_private": True, "mail": True}

        def create(tx: Any) -> tuple[Webhook, str]:
            return webhooks.create(tx, self.project.number, **usual | values)

        webhook, secret = await self.database.write(create)
        self.secrets[webhook.id] = secret
        return webhook

    async def alert(self, kind: str = "alert.triggered", severity: str = "high", **values: Any) -> int:
        """Tell of an alert; to how many webhooks."""
        number, now = self.project.number, self.clock.now_ms()
        return await self.database.write(post.enqueue, number, kind, severity, {**ALERT, **values}, now)

    async def attempts(self, webhook: Webhook) -> list[Attempt]:
        """What is listed of a webhook, newest first."""
        return (await self.database.read(post.deliveries, [webhook.id]))[webhook.id]

    async def read(self, webhook: Webhook) -> Webhook:
        """The webhook as it is now."""
        return await self.database.read(webhooks.read, self.project.number, webhook.id)

    def dispatcher(self, **values: Any) -> Dispatcher:
        """A sender, allowed to go to loopback addresses unless it is told else."""
        return Dispatcher(self.database, self.clock, **{"allow_private": True, **values})

    async def sends(self, dispatcher: Dispatcher) -> None:
        """One pass, and all that it began."""
        assert await dispatcher.one_pass(self.clock.now_ms()) is False
        await dispatcher.settled()

    async def sends_all_day(self, dispatcher: Dispatcher) -> None:
        """Pass after pass, until nothing is left to be sent."""
        while waiting := await self.database.read(post.waiting):
            due = min(at for _, at in waiting)
            self.clock.turn(max(0, due - self.clock.now_ms()) / 1_000)
            await self.sends(dispatcher)


@asynccontextmanager
async def outbox(
    folder: Path, clock: FakeClock | None = None, kind: type[Database] = Database
) -> AsyncIterator[Outbox]:
    """An open store with one project."""
    clock = clock or FakeClock()
    database = kind(folder, now_ms=clock.now_ms, monotonic=clock.monotonic, durability="normal")
    await database.open()
    try:
        project = await database.write(lambda tx: projects.create(tx, slug="shop", now_ms=clock.now_ms()))
        yield Outbox(database, clock, project)
    finally:
        await database.close()


async def arrived(receiver: Receiver, count: int) -> list[Request]:
    """The requests of a receiver, once there are so many, while the loop goes on."""
    return await asyncio.to_thread(receiver.wait_for, count)
