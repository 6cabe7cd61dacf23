"""The routes of metric points."""

from typing import Any

from logserver.api.endpoint import Answer, Auth, Endpoint, Example, Parameter
from logserver.contracts.logfleet import metrics_wire as wire
from logserver.contracts.logfleet.asking import EDGE
from logserver.contracts.logfleet.edge_metrics import MAX_BODY, EdgeMetricHandlers
from logserver.contracts.logfleet.routes.metric_configs import EDGE_TAG
from logserver.contracts.logfleet.routes.terms import OF_BODIES, Routes, refusals, rules

_AGENT = "{{edge_agent_id}}"
_POINTS: list[dict[str, Any]] = [
    {"name": "http_requests_total", "type": "counter", "value": 12, "labels": {"method": "GET"}},
    {"name": "queue_depth", "type": "gauge", "value": 3},
    {
        "name": "http_request_seconds",
        "type": "histogram",
        "buckets": {"0.1": 7, "1": 4, "+Inf": 1},
        "sum": 4.2,
        "count": 12,
    },
]
_DESCRIPTION = (
    "At most 2,000 points, unpacked 8 MB. A counter's value is an increment; the buckets of a histogram are not"
    " cumulative. A point lands at its `timestamp`, up to 72 hours late; older ones are `rejected`, and those more than"
    " ten minutes ahead are of now. A batch that is sent again with its `batch_id`, on either path, counts once and is"
    " answered as before. The same series as any other metric."
)


def endpoints(routes: Routes, handlers: EdgeMetricHandlers) -> list[Endpoint]:
    """The declarations."""
    may = rules(EDGE, scope="edge:metrics", limit=MAX_BODY)._replace(stores=True)
    shared: dict[str, Any] = {
        "tag": EDGE_TAG,
        "auth": Auth.EDGE_TOKEN,
        "gives": {202: Answer(wire.Accepted, "Stored.")},
        "errors": refusals(404, *OF_BODIES),
        "rate_limited": True,
    }
    return [
        Endpoint(
            method="POST",
            path="/api/v1/edge/metrics",
            name="send_metrics",
            summary="Send metric points of an agent",
            description=_DESCRIPTION,
            handler=routes.acts(handlers.take, may, "edge"),
            takes=wire.OwnPointsRequest,
            examples={
                "one of each type": {"agent_id": _AGENT, "points": _POINTS},
                "an unknown agent": Example(
                    {"agent_id": "00000000-0000-4000-8000-000000000000", "points": _POINTS}, status=404
                ),
            },
            **shared,
        ),
        Endpoint(
            method="POST",
            path="/api/v1/edge/agents/{id}/metrics",
            name="send_agent_metrics",
            summary="Send metric points of the agent in the path",
            description=_DESCRIPTION,
            handler=routes.acts(handlers.take_of_agent, may, "edge"),
            takes=wire.PointsRequest,
            parameters=(Parameter("id", str, "The id of the agent.", where="path", example=_AGENT),),
            examples={
                "a batch": Example({"batch_id": "1", "points": _POINTS[:1]}, fresh=("batch_id",)),
                "no value": Example({"points": [{"name": "queue_depth", "type": "gauge"}]}, status=400),
            },
            **shared,
        ),
    ]
