"""Agents that speak for themselves: they register, and say every half minute how they are."""

from collections.abc import Callable
from typing import Any

from logserver.api.fields import Fields, object_of
from logserver.api.handler import Reply
from logserver.api.hot import Work
from logserver.api.request import Request
from logserver.api.resources import Resources
from logserver.contracts.logfleet import agent_wire
from logserver.contracts.logfleet.agent_fields import (
    MAX_HOSTNAME,
    MAX_VERSION,
    labels_of,
    metrics_of,
    name_of,
    text_of,
)
from logserver.contracts.logfleet.agents import shown_agent
from logserver.contracts.logfleet.asking import credential_of
from logserver.core.faults import Unauthorized
from logserver.core.fleet import agents, presence, registration
from logserver.core.fleet.agents import Agent
from logserver.core.fleet.presence import Heartbeat
from logserver.core.projects import Project
from logserver.core.times import iso_text
from logserver.store.tx import Tx

StreamsOf = Callable[[Agent], list[Any]]
"""The live streams that want lines of an agent, as a heartbeat's answer tells of them; asked on the event loop."""

_MAX_ID = 100


def landing_of(request: Request) -> Project:
    """The project of the key that asks: that of the agents it may act for."""
    project = credential_of(request).project
    if project is None:
        raise Unauthorized("Unauthorized")
    return project


class EdgeHandlers:
    """The handlers of registering and of heartbeats, over a server's resources."""

    def __init__(self, resources: Resources, streams_of: StreamsOf) -> None:
        self._clock = resources.clock
        self._presence = resources.presence
        self._streams_of = streams_of

    def register(self, request: Request) -> Work:
        """POST /api/v1/edge/register: the agent of a name, new or known."""
        sent = object_of(request)
        fields = Fields(sent)
        name = name_of(fields, required=True) or ""
        hostname = text_of(fields, sent, "hostname", MAX_HOSTNAME)
        version = text_of(fields, sent, "version", MAX_VERSION)
        labels = labels_of(fields, sent)
        fields.done()
        project = landing_of(request)

        def register(tx: Tx) -> tuple[Agent, bool]:
            said = {"hostname": hostname, "version": version}
            agent, new = registration.register(
                tx, name=name, project=project, now_ms=self._clock.now_ms(), labels=labels, **said
            )
            return agents.read(tx, agent.uuid, self._presence.moment()), new

        def finish(outcome: tuple[Agent, bool]) -> Reply:
            agent, new = outcome
            return Reply(201 if new else 200, shown_agent(agent))

        return Work(register, (), 0, 0, finish)

    def heartbeat(self, request: Request) -> Work:
        """POST /api/v1/edge/heartbeat: of the agent that the body names."""
        return self._beat(request, None)

    def heartbeat_of_agent(self, request: Request) -> Work:
        """POST /api/v1/edge/agents/{id}/heartbeat."""
        return self._beat(request, request.params["id"])

    def _beat(self, request: Request, agent_id: str | None) -> Work:
        sent = object_of(request)
        fields = Fields(sent)
        named = fields.text("agent_id", longest=_MAX_ID, required=agent_id is None) or ""
        if agent_id is not None and named and named.lower() != agent_id.lower():
            fields.wrong("agent_id", "Is not the agent of the path")
        status = fields.choice("status", ("online", "offline", "error")) or "online"
        version = text_of(fields, sent, "version", MAX_VERSION)
        metrics = metrics_of(fields, sent)
        fields.done()
        said = Heartbeat(status, version, metrics)  # type: ignore[arg-type]  # one of the three that were admitted
        now = self._clock.now_ms()
        project = landing_of(request)

        def beat(tx: Tx) -> Agent:
            return presence.beat(tx, agents.acting(tx, agent_id or named, project), said, now)

        def finish(agent: Agent) -> Reply:
            answer = agent_wire.Acknowledged(
                status="acknowledged",
                server_time=iso_text(now * 1000),
                config_version=agent.config_version,
                streams=self._streams_of(agent),
            )
            return Reply(200, answer)

        # It waits in the queue like an event, and counts as one there: agents are many.
        return Work(beat, (), 1, len(request.raw), finish)
