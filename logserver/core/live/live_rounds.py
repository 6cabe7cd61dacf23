"""What happens to live streams by the clock, in memory and in the store."""

from logserver.core.clock import Clock
from logserver.core.live import stream_sessions
from logserver.core.live.live import Hub
from logserver.core.live.stream_sessions import AGENT_DELETED, AGENT_OFFLINE, RESTART, SHUTDOWN
from logserver.store.database import Database
from logserver.store.tx import Tx


class Rounds:
    """Ends what is to end, first in the store, then for those who watch."""

    def __init__(self, hub: Hub, database: Database, clock: Clock) -> None:
        self._hub = hub
        self._database = database
        self._clock = clock

    async def begin(self) -> None:
        """End what another run of the server has left behind."""
        await self._database.write(stream_sessions.end_all, RESTART, self._clock.now_ms())

    async def one_pass(self, _now_ms: int) -> bool:
        """End what is due by the clock."""
        await self._end(self._hub.due())
        return False

    async def look_at_agents(self, _now_ms: int) -> bool:
        """End the sessions of agents that are offline, or gone from the store."""
        if known := self._hub.active():
            held = await self._database.look_up(stream_sessions.agents_of_active)
            over = [(session_id, AGENT_DELETED) for session_id in known if session_id not in held]
            over += [(session_id, AGENT_OFFLINE) for session_id in known if held.get(session_id) == "offline"]
            await self._end(over)
        return False

    async def stop(self) -> None:
        """End everything, for the server is stopping; a second time nothing is left to do."""
        if not self._hub.closed:
            self._hub.close()
            await self._database.write(stream_sessions.end_all, SHUTDOWN, self._clock.now_ms())

    async def _end(self, over: list[tuple[str, str]]) -> None:
        if not over:
            return
        try:
            await self._database.write(_end_each, over, self._clock.now_ms())
        finally:
            for session_id, reason in over:
                self._hub.end(session_id, reason)


def _end_each(tx: Tx, over: list[tuple[str, str]], now_ms: int) -> None:
    for session_id, reason in over:
        stream_sessions.end(tx, session_id, reason, now_ms)
