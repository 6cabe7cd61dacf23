"""Something that is asked of the server until it is done, however long the server is away or says no."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from logserver.agent.backoff import Backoff
from logserver.agent.client import Away, Client, Denied

logger = logging.getLogger("logserver.agent")

T = TypeVar("T")

DENIED_SECONDS = 60.0
"""Pause after the server refused the key: it may be given the permission, and a new key needs a new start."""


class Errand:
    """One kind of call; what is wrong with it is told once, and again only when it is something else."""

    def __init__(self, client: Client, what: str) -> None:
        self._client = client
        self._what = what
        self._backoff = Backoff()
        self._told = ""
        self.welcome = True
        """Whether the last attempt went well, or was put off to a time that the server named."""

    async def until_done(self, attempt: Callable[[], Awaitable[T]]) -> T:
        """What the attempt returns, once it raises neither Away nor Denied."""
        while True:
            try:
                done = await attempt()
            except Away as away:
                self.welcome = away.wait > 0
                self._tell(str(away))
                pause = self._backoff.failed(away.wait)
                # Who is told when to come back does not come sooner.
                await (asyncio.sleep(pause) if away.wait else self._client.back(pause))
            except Denied as denied:
                self.welcome = False
                self._tell(f"the key is refused with {denied}; the next try is in {DENIED_SECONDS:g} s")
                await asyncio.sleep(DENIED_SECONDS)
            else:
                self.welcome = True
                self._backoff.succeeded()
                self._told = ""
                return done

    def _tell(self, why: str) -> None:
        # That nobody is there the client says itself, once for all errands.
        if why != self._told and not self._client.away:
            logger.warning("cannot %s: %s", self._what, why)
        self._told = why
