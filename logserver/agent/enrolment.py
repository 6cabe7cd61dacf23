"""Who this agent is to the server."""

import asyncio
import logging
from typing import Any, NamedTuple

import msgspec

from logserver import __version__
from logserver.agent.client import Away, Client
from logserver.agent.errand import Errand
from logserver.agent.folder import Folder

logger = logging.getLogger("logserver.agent")

FILE = "agent.json"


class Self(NamedTuple):
    """What the agent says of itself."""

    name: str
    hostname: str
    labels: dict[str, str]


class Known(msgspec.Struct):
    """An id that a server gave to a name."""

    server: str
    name: str
    agent_id: str


class _Agent(msgspec.Struct):
    id: str


class Enrolment:
    """Registers at the start, and again where the server no longer knows the id.

    The id is kept on disk, so that an agent whose server is away at the start knows who it is.
    """

    def __init__(self, client: Client, folder: Folder, own: Self) -> None:
        self._client = client
        self._folder = folder
        self._own = own
        self._server = client.address.url("")
        self._errand = Errand(client, "register")
        kept = folder.load(FILE, Known)
        mine = kept is not None and (kept.server, kept.name) == (self._server, own.name)
        self._id = kept.agent_id if kept is not None and mine else None
        self._known = asyncio.Event()
        self._wanted = asyncio.Event()
        self._wanted.set()
        if self._id is not None:
            self._known.set()

    async def id(self) -> str:
        """The agent's id; waits until there is one."""
        while self._id is None:
            await self._known.wait()
        return self._id

    def lost(self, agent_id: str) -> Away:
        """The server does not know an id; what was asked with it is to be asked again with the next."""
        if self._id == agent_id:
            self._id = None
            self._known.clear()
            self._wanted.set()
        return Away("the server does not know this agent any more; it registers again")

    async def run(self) -> None:
        """Register whenever it is wanted."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            found = await self._errand.until_done(self._register)
            logger.info("registered as %s, agent %s", self._own.name, found)
            self._id = found
            self._known.set()
            try:
                self._folder.save(FILE, Known(self._server, self._own.name, found))
            except OSError as error:
                logger.error("who this agent is cannot be kept on disk: %s", error.strerror)  # noqa: TRY400 - its trace says nothing more

    async def _register(self) -> str:
        said: dict[str, Any] = {"name": self._own.name, "hostname": self._own.hostname, "version": __version__}
        if self._own.labels:
            # Those that people gave it stay where it says none itself.
            said["labels"] = self._own.labels
        body = msgspec.json.encode(said)
        answer = await self._client.call("POST", "/api/v1/edge/register", body)
        if not answer.ok:
            raise Away(answer.refusal())
        try:
            return msgspec.json.decode(answer.body, type=_Agent).id
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise Away("its answer is not that of a log server; is the address right?") from None
