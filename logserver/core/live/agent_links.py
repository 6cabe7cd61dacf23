"""The connections of agents: one on which each is told its sessions, and those that bring the lines of one session."""

from collections.abc import Callable

from logserver.core.clock import Clock


class Link:
    """The connection on which an agent is told its sessions; ``wake`` is called when it should look again."""

    def __init__(self, agent: str, wake: Callable[[], None]) -> None:
        self.agent = agent
        self.wake = wake
        self.over: str | None = None
        """Why it must end: REPLACED, MOVED, or the reason its agent's sessions have ended for."""

    def end(self, reason: str) -> None:
        """Let it end."""
        self.over = reason
        self.wake()


REPLACED = "replaced"
"""Another connection of the same agent took its place."""
MOVED = "moved"
"""Another key may be needed now."""


class _Presence:
    def __init__(self) -> None:
        self.link: Link | None = None
        self.senders = 0
        self.lost_at: float | None = None
        """When the last connection was lost, as long as nothing was heard since."""

    def is_connected(self) -> bool:
        return self.link is not None or self.senders > 0


class Links:
    """The connections of all agents, by the agents' UUIDs.

    An agent whose last connection is lost, and that is not heard of for ``grace`` seconds, is gone.
    """

    def __init__(self, clock: Clock, grace: float) -> None:
        self._clock = clock
        self._grace = grace
        self._agents: dict[str, _Presence] = {}

    def attach(self, link: Link) -> None:
        """The connection of an agent is there; it takes the place of an older one."""
        presence = self._present(link.agent)
        if presence.link is not None:
            presence.link.end(REPLACED)
        presence.link = link
        link.wake()

    def detach(self, link: Link) -> None:
        """The connection of an agent has gone."""
        presence = self._agents.get(link.agent)
        if presence is not None and presence.link is link:
            presence.link = None
            self._left(presence)

    def sender_came(self, agent: str) -> None:
        """A connection is there that brings lines of one session."""
        self._present(agent).senders += 1

    def sender_went(self, agent: str) -> None:
        """Such a connection has gone."""
        presence = self._agents.get(agent)
        if presence is not None:
            presence.senders -= 1
            self._left(presence)

    def connected(self, agent: str) -> bool:
        """Whether an agent has a connection on which it is told its sessions."""
        presence = self._agents.get(agent)
        return presence is not None and presence.link is not None

    def heard(self, agent: str) -> None:
        """An agent has shown that it is there, in whatever way."""
        presence = self._agents.get(agent)
        if presence is not None and not presence.is_connected():
            del self._agents[agent]

    def wake(self, agent: str) -> None:
        """Let an agent's connection look at its sessions again."""
        presence = self._agents.get(agent)
        if presence is not None and presence.link is not None:
            presence.link.wake()

    def end(self, agent: str, reason: str) -> None:
        """End the connection of an agent."""
        presence = self._agents.get(agent)
        if presence is not None and presence.link is not None:
            presence.link.end(reason)

    def end_all(self, reason: str) -> None:
        """End the connections of all agents."""
        for agent in self._agents:
            self.end(agent, reason)

    def gone(self) -> set[str]:
        """The agents that are gone; each is named once."""
        now = self._clock.monotonic()
        gone = {
            agent
            for agent, presence in self._agents.items()
            if presence.lost_at is not None and presence.lost_at + self._grace <= now
        }
        for agent in gone:
            del self._agents[agent]
        return gone

    def _present(self, agent: str) -> _Presence:
        presence = self._agents.setdefault(agent, _Presence())
        presence.lost_at = None
        return presence

    def _left(self, presence: _Presence) -> None:
        if not presence.is_connected():
            presence.lost_at = self._clock.monotonic()
