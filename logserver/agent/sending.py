"""Batches on their way from the disk to the server: oldest first, one at a time, each until it is taken."""

import asyncio
import gzip
import logging
from typing import Any
from uuid import UUID, uuid5

import msgspec

from logserver.agent.client import Answer, Away, Client, Denied
from logserver.agent.enrolment import Enrolment
from logserver.agent.errand import Errand
from logserver.agent.parcels import packed
from logserver.agent.spool import Spool

logger = logging.getLogger("logserver.agent")

_REFUSED = {400, 413, 422}
"""Answers that are about what is in the batch: asking again would never help."""


class _Taken(msgspec.Struct):
    rejected: int = 0


class Sending:
    """Sends what a spool holds.

    A batch that the server refuses is sent again in halves, and these in halves, until what it does not take stands
    alone: that is dropped, counted and told. So nothing that is refused keeps what is behind it from being sent.
    """

    def __init__(self, spool: Spool, client: Client, enrolment: Enrolment, *, field: str) -> None:
        """``field`` is the name of the list in a batch, and the last part of the path it is sent to."""
        self._spool = spool
        self._client = client
        self._enrolment = enrolment
        self._field = field
        self._path = {"points": "metrics"}.get(field, field)
        self._errand = Errand(client, f"send {field}")
        self._news = asyncio.Event()
        self._news.set()
        self._refusal = ""
        self.empty = asyncio.Event()
        """Set while nothing waits."""
        self.sent = 0
        """Batches that are done with since the start."""

    @property
    def welcome(self) -> bool:
        """Whether the server takes what it is sent, or says when it will."""
        return self._errand.welcome

    def look(self) -> None:
        """There is something new in the spool."""
        self._news.set()
        self.empty.clear()

    async def run(self) -> None:
        """Send whatever there is, for ever."""
        while True:
            await self._news.wait()
            self._news.clear()
            while await self._errand.until_done(self.one):
                pass
            if not self._news.is_set():
                self.empty.set()

    async def one(self) -> bool:
        """Try to send one batch; whether there was one. Raises Away or Denied, and then it still waits."""
        self._spool.trim()
        try:
            found = self._spool.first()
        except OSError as error:
            self._spool.later()
            raise Away(f"a batch cannot be read: {error.strerror}") from error
        if found is None:
            return False
        batch, data = found
        try:
            refused = 0 if await self._taken(data) else await self._in_halves(data)
            if refused:
                logger.error("the server refuses %d %s, and they are dropped: %s", refused, self._field, self._refusal)
        except (Away, Denied, asyncio.CancelledError):
            self._spool.later()
            raise
        self._spool.done(batch, refused)
        self.sent += 1
        return True

    async def drain(self) -> None:
        """Send what there is, trying each batch once; raises what the first one that is not taken does."""
        while await self.one():
            pass

    async def _taken(self, data: bytes) -> bool:
        """Whether the server took it; False where it refuses what is in it."""
        agent_id = await self._enrolment.id()
        path = f"/api/v1/edge/agents/{agent_id}/{self._path}"
        answer = await self._client.call("POST", path, data, packed=True)
        if answer.ok:
            self._note(answer)
            return True
        if answer.status == 404:
            raise self._enrolment.lost(agent_id)
        if answer.status not in _REFUSED:
            raise Away(answer.refusal())
        self._refusal = answer.refusal()
        return False

    def _note(self, answer: Answer) -> None:
        """Tell what of a batch that was taken is not welcome, such as points that are too old."""
        try:
            rejected = msgspec.json.decode(answer.body, type=_Taken).rejected
        except (msgspec.DecodeError, UnicodeDecodeError):
            return
        if rejected:
            logger.warning("the server took a batch but for %d %s", rejected, self._field)

    async def _in_halves(self, data: bytes) -> int:
        """Send what a refused batch holds in parts; how many of its things nobody takes."""
        body = _read(data)
        items = body.get(self._field) if isinstance(body, dict) else None
        if not isinstance(items, list) or len(items) < 2:
            return len(items) if isinstance(items, list) else 1
        middle = len(items) // 2
        refused = 0
        for number, half in enumerate((items[:middle], items[middle:])):
            part = body | {self._field: half}
            if "batch_id" in body:
                # Each part has an id that is the same when all this is done again after a crash.
                part["batch_id"] = str(uuid5(UUID(body["batch_id"]), str(number)))
            data = packed(part)
            refused += 0 if await self._taken(data) else await self._in_halves(data)
        return refused


def _read(data: bytes) -> Any:
    try:
        return msgspec.json.decode(gzip.decompress(data))
    except (OSError, EOFError, msgspec.DecodeError, UnicodeDecodeError):
        return None
