"""What the agent does by the clock: it says that it is alive, and asks what to count."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import msgspec

from logserver import __version__
from logserver.agent.client import Answer, Away, Client
from logserver.agent.enrolment import Enrolment
from logserver.agent.errand import Errand
from logserver.agent.folder import Folder
from logserver.core.metrics.extraction import RuleSet
from logserver.core.metrics.rules import MetricConfig

logger = logging.getLogger("logserver.agent")

RULES_FILE = "rules.json"


class Alive(msgspec.Struct):
    """What the server says to a heartbeat; what else it says is not for us."""

    streams: list[dict[str, Any]] = []


class Heartbeats:
    """Tells the server, every so many seconds, how the agent is."""

    def __init__(
        self,
        client: Client,
        enrolment: Enrolment,
        every: float,
        *,
        figures: Callable[[], dict[str, float]],
        trouble: Callable[[], str],
        on_streams: Callable[[list[dict[str, Any]]], None],
    ) -> None:
        self._client = client
        self._enrolment = enrolment
        self._every = every
        self._figures = figures
        self._trouble = trouble
        self._on_streams = on_streams
        self._errand = Errand(client, "send a heartbeat")

    async def run(self) -> None:
        """For ever."""
        while True:
            await self._errand.until_done(self.beat)
            await asyncio.sleep(self._every)

    async def beat(self, status: str | None = None) -> None:
        """One heartbeat; raises Away or Denied. Without a status it is online, or error where there is trouble."""
        agent_id = await self._enrolment.id()
        body = {
            "agent_id": agent_id,
            "status": status or ("error" if self._trouble() else "online"),
            "version": __version__,
            "metrics": self._figures(),
        }
        path = f"/api/v1/edge/agents/{agent_id}/heartbeat"
        answer = await self._client.call("POST", path, msgspec.json.encode(body))
        if answer.status == 404:
            raise self._enrolment.lost(agent_id)
        if not answer.ok:
            raise Away(answer.refusal())
        try:
            self._on_streams(msgspec.json.decode(answer.body, type=Alive).streams)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise Away("its answer to a heartbeat cannot be read") from None


class _Config(msgspec.Struct):
    configs: list[MetricConfig]


class _Kept(msgspec.Struct):
    """The rules as the server gave them last."""

    server: str
    etag: str
    config: msgspec.Raw


class Rules:
    """Asks for the metric rules, every so many seconds, and keeps the last ones that could be used on disk."""

    def __init__(
        self, client: Client, enrolment: Enrolment, folder: Folder, every: float, use: Callable[[RuleSet], None]
    ) -> None:
        self._client = client
        self._enrolment = enrolment
        self._folder = folder
        self._every = every
        self._use = use
        self._server = client.address.url("")
        self._etag = ""
        self._errand = Errand(client, "ask for the metric rules")

    def begin(self) -> None:
        """Use what is on disk from the last time, if anything is."""
        kept = self._folder.load(RULES_FILE, _Kept)
        if kept is not None and kept.server == self._server and self._used(bytes(kept.config)):
            self._etag = kept.etag

    async def run(self) -> None:
        """For ever."""
        while True:
            await self._errand.until_done(self.poll)
            await asyncio.sleep(self._every)

    async def poll(self) -> None:
        """Ask once; raises Away or Denied."""
        agent_id = await self._enrolment.id()
        path = f"/api/v1/edge/agents/{agent_id}/metric-config"
        answer = await self._client.call("GET", path, etag=self._etag)
        if answer.status == 304:
            return
        if answer.status == 404:
            self._etag = ""
            raise self._enrolment.lost(agent_id)
        if not answer.ok:
            raise Away(answer.refusal())
        self._take(answer)

    def _take(self, answer: Answer) -> None:
        if not self._used(answer.body):
            raise Away("its rules cannot be read; those from before stay")
        self._etag = answer.etag
        try:
            self._folder.save(RULES_FILE, _Kept(self._server, answer.etag, msgspec.Raw(answer.body)))
        except OSError as error:
            logger.error("the metric rules cannot be kept on disk: %s", error.strerror)  # noqa: TRY400 - its trace says nothing more

    def _used(self, body: bytes) -> bool:
        try:
            rules = RuleSet(msgspec.json.decode(body, type=_Config).configs)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            logger.error("the metric rules cannot be read: %s", error)  # noqa: TRY400 - its trace says nothing more
            return False
        for name, why in rules.unusable:
            logger.error("the metric rule %s cannot be used here: %s", name, why)
        logger.info("the metric rules are in effect")
        self._use(rules)
        return True
