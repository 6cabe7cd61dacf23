"""Metric points that agents send, by either of the published paths."""

from functools import partial
from typing import Any

from logserver.api.fields import Fields, object_of
from logserver.api.handler import Reply
from logserver.api.request import Request
from logserver.api.resources import Resources
from logserver.contracts.logfleet import metrics_wire as wire
from logserver.contracts.logfleet.edge import landing_of
from logserver.contracts.logfleet.points import readings_of
from logserver.core.aside import Aside
from logserver.core.fleet import agents
from logserver.core.metrics import points
from logserver.core.metrics.points import Taken
from logserver.core.metrics.readings import Reading
from logserver.store.writer import WriteTx

MAX_BODY = 8_000_000
"""Bytes of a batch of points, unpacked."""

_MAX_ID = 200
_AT_A_TIME = 2
_MANY = 200
"""Points that are read beside the event loop, which others wait for."""


class EdgeMetricHandlers:
    """The handlers of points."""

    def __init__(self, resources: Resources) -> None:
        self._clock = resources.clock
        self._database = resources.database
        self._environment = resources.environment
        self._aside = Aside(_AT_A_TIME)

    async def take(self, request: Request) -> Reply:
        """POST /api/v1/edge/metrics: of the agent that the body names."""
        return await self._take(request, None)

    async def take_of_agent(self, request: Request) -> Reply:
        """POST /api/v1/edge/agents/{id}/metrics."""
        return await self._take(request, request.params["id"])

    async def _take(self, request: Request, agent_id: str | None) -> Reply:
        sent = object_of(request, MAX_BODY)
        fields = Fields(sent)
        named = fields.text("agent_id", longest=_MAX_ID, required=agent_id is None) or ""
        if agent_id is not None and named and named.lower() != agent_id.lower():
            fields.wrong("agent_id", "Is not the agent of the path")
        batch_id = fields.text("batch_id", longest=_MAX_ID)
        fields.done()
        now = self._clock.now_ms()
        readings = await self._readings(sent.get("points"), now)
        landing, environment = landing_of(request), self._environment

        def store(tx: WriteTx) -> Taken:
            agent = agents.acting(tx, agent_id or named, landing)
            return points.take(tx, agent, readings, batch_id=batch_id, environment=environment, now_ms=now)

        taken = await self._database.write(store, rows=len(readings), size=len(request.raw))
        return Reply(202, wire.Accepted(taken.accepted, taken.rejected))

    async def _readings(self, sent: Any, now_ms: int) -> list[Reading]:
        read = partial(readings_of, sent, now_ms)
        return await self._aside.run(read) if isinstance(sent, list) and len(sent) > _MANY else read()
