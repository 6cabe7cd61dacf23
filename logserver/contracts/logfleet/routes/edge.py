"""The routes of agents that speak for themselves."""

from logserver.api.endpoint import Answer, Auth, Endpoint, Example, Parameter, Tag
from logserver.contracts.logfleet import agent_wire
from logserver.contracts.logfleet.asking import EDGE
from logserver.contracts.logfleet.edge import EdgeHandlers
from logserver.contracts.logfleet.routes.terms import OF_BODIES, Routes, refusals, rules
from logserver.contracts.logfleet.shipping import BODY_BYTES, ShippingHandlers

TAG = Tag(
    "LogFleet: edge",
    "What agents send, with a key of `POST /api/v1/api-keys` or `logserver token create --kind edge`."
    " A key acts for the agents of its project.",
)
AGENT_ID = Parameter("id", str, "The id of the agent.", where="path")
_HEARTBEAT = {"status": "online", "version": "1.0.0", "metrics": {"cpu": 12.5, "memory": 48.1, "disk": 71}}


def endpoints(routes: Routes, handlers: EdgeHandlers, shipping: ShippingHandlers) -> list[Endpoint]:
    """The declarations."""
    heartbeats = rules(EDGE, scope="edge:heartbeat")._replace(stores=True)
    return [
        Endpoint(
            method="POST",
            path="/api/v1/edge/register",
            name="register_agent",
            tag=TAG,
            summary="Register an agent by its name",
            description="The same name again is the same agent; what it says of itself holds from then on.",
            handler=routes.writes(handlers.register, rules(EDGE, scope="edge:register"), "edge"),
            auth=Auth.EDGE_TOKEN,
            takes=agent_wire.Registration,
            gives={
                201: Answer(agent_wire.Agent, "A new agent."),
                200: Answer(agent_wire.Agent, "The agent of this name."),
            },
            errors=refusals(409, *OF_BODIES),
            rate_limited=True,
            examples={
                "once": Example(
                    {"name": "web-1", "hostname": "web-1.example.com", "version": "1.0.0"},
                    fresh=("name",),
                    keeps={"edge_agent_name": "name", "edge_agent_id": "id"},
                ),
                "again": Example({"name": "{{edge_agent_name}}"}, status=200),
            },
        ),
        Endpoint(
            method="POST",
            path="/api/v1/edge/heartbeat",
            name="heartbeat",
            tag=TAG,
            summary="Say how an agent is, every 30 s",
            description="After 90 s without it the agent is offline, and an alert rings.",
            handler=routes.writes(handlers.heartbeat, heartbeats, "edge"),
            auth=Auth.EDGE_TOKEN,
            takes=agent_wire.Heartbeat,
            gives={200: Answer(agent_wire.Acknowledged, "Noted.")},
            errors=refusals(404, *OF_BODIES),
            rate_limited=True,
            examples={"online": {"agent_id": "{{edge_agent_id}}", **_HEARTBEAT}},
        ),
        Endpoint(
            method="POST",
            path="/api/v1/edge/agents/{id}/heartbeat",
            name="heartbeat_of_agent",
            tag=TAG,
            summary="The same, of the agent in the path",
            handler=routes.writes(handlers.heartbeat_of_agent, heartbeats, "edge"),
            auth=Auth.EDGE_TOKEN,
            takes=agent_wire.AgentHeartbeat,
            gives={200: Answer(agent_wire.Acknowledged, "Noted.")},
            errors=refusals(404, *OF_BODIES),
            rate_limited=True,
            parameters=(AGENT_ID,),
            examples={"online": Example(_HEARTBEAT, values={"id": "{{edge_agent_id}}"})},
        ),
        Endpoint(
            method="POST",
            path="/api/v1/edge/agents/{id}/logs",
            name="ship_logs",
            tag=TAG,
            summary="Store up to 1,000 lines of an agent's logs, each once",
            description="Plain or with gzip, at most 8 MiB unpacked; stored as a whole or not at all. A line whose"
            " `id` is stored already counts as a duplicate, so a batch may be sent again until it is answered. Late"
            " lines are filed under their own time.",
            handler=routes.writes(
                shipping.ship, rules(EDGE, scope="edge:stream", limit=BODY_BYTES)._replace(stores=True), "edge"
            ),
            auth=Auth.EDGE_TOKEN,
            takes=agent_wire.Shipment,
            gives={202: Answer(agent_wire.Shipped, "Stored.")},
            errors=refusals(404, *OF_BODIES),
            rate_limited=True,
            parameters=(AGENT_ID,),
            examples={
                "two lines": Example(
                    {
                        "logs": [
                            {
                                "id": "6f1c1b52-4f43-4d9c-8d10-9a1f2b3c4d5e",
                                "timestamp": "2026-09-21T14:00:00.125Z",
                                "level": "error",
                                "message": "upstream timed out",
                                "source": "/var/log/nginx/error.log",
                                "metadata": {"upstream": "10.0.0.7"},
                            },
                            {
                                "id": "0b6d2c8e-93ab-4a57-9a55-5f1d3c2b1a09",
                                "message": "GET /orders 200",
                                "source": "/var/log/nginx/access.log",
                            },
                        ]
                    },
                    values={"id": "{{edge_agent_id}}"},
                ),
                "none": Example({"logs": []}, values={"id": "{{edge_agent_id}}"}, status=400),
            },
        ),
    ]
