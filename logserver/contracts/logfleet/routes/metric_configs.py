"""The routes of metric configs."""

from typing import Any

from logserver.api.endpoint import Answer, Auth, Endpoint, Example, Parameter, Tag
from logserver.contracts.logfleet import metrics_wire as wire
from logserver.contracts.logfleet.asking import EDGE, USERS
from logserver.contracts.logfleet.metric_configs import MAX_BODY, MetricConfigHandlers
from logserver.contracts.logfleet.routes.terms import OF_BODIES, PAGE, PAGE_SIZE, Routes, refusals, rules
from logserver.contracts.logfleet.wire import Page

TAG = Tag("LogFleet: metric configs", "Which metrics agents make of the lines they follow.")
_NOWHERE = "00000000-0000-4000-8000-000000000000"
_ID = Parameter("id", str, "The id of the config.", where="path", example="{{metric_config_id}}")
EDGE_TAG = Tag("LogFleet: edge metrics", "What agents are told of metric configs, and the points they send.")
_KNOWN = Parameter("If-None-Match", str, "The ETag of the answer that is known.", where="header")

CONFIG: dict[str, Any] = {
    "name": "nginx",
    "description": "Requests of the web server",
    "log_source": "/var/log/nginx/*.log",
    "metrics": [
        {
            "name": "http_requests_total",
            "type": "counter",
            "description": "Requests by method and status",
            "pattern": '"(?P<method>[A-Z]+) [^"]*" (?P<status>[0-9]{3}) ',
            "labels": ["method", "status"],
        },
        {
            "name": "http_request_seconds",
            "type": "histogram",
            "pattern": "request_time_ms=([0-9.]+)",
            "value_capture": "$1",
            "value_transform": 0.001,
            "buckets": [0.01, 0.1, 1],
        },
    ],
}
_BAD = {"name": "bad", "metrics": [{"name": "m", "type": "counter", "pattern": "(unfinished"}]}


def endpoints(routes: Routes, handlers: MetricConfigHandlers) -> list[Endpoint]:
    """The declarations."""
    return [*_of_people(routes, handlers), *_of_agents(routes, handlers)]


def _of_people(routes: Routes, handlers: MetricConfigHandlers) -> list[Endpoint]:
    return [
        Endpoint(
            method="GET",
            path="/api/v1/metric-configs",
            name="list_metric_configs",
            tag=TAG,
            summary="List metric configs",
            handler=routes.reads(handlers.list_, rules(USERS), "dashboard"),
            auth=Auth.USER,
            gives={200: Answer(Page[wire.Config], "In the order they were made.")},
            errors=refusals(),
            rate_limited=True,
            parameters=(PAGE, PAGE_SIZE),
            examples={"the first": None},
        ),
        Endpoint(
            method="POST",
            path="/api/v1/metric-configs",
            name="create_metric_config",
            tag=TAG,
            summary="Make a metric config",
            description="Agents apply it when they next ask, within a minute. Patterns are RE2 and are searched in the"
            " raw line; a rule yields at most one value of a line. `log_source` is a glob over the full path of a file"
            " (`*` within a name, `**` over any number of them; without a slash it is about the name), or `stdin`.",
            handler=routes.acts(handlers.create, rules(USERS, admin=True, limit=MAX_BODY), "dashboard"),
            auth=Auth.ADMIN,
            takes=wire.ConfigRequest,
            gives={201: Answer(wire.Config, "Its first version.")},
            errors=refusals(409, *OF_BODIES),
            rate_limited=True,
            examples={
                "of a web server": Example(CONFIG, keeps={"metric_config_id": "id"}),
                "a pattern that does not compile": Example(_BAD, status=400),
            },
        ),
        Endpoint(
            method="POST",
            path="/api/v1/metric-configs/test",
            name="test_metric_config",
            tag=TAG,
            summary="Try a metric config on lines",
            description="Nothing is stored or counted.",
            handler=routes.acts(handlers.test, rules(USERS, limit=MAX_BODY), "dashboard"),
            auth=Auth.USER,
            takes=wire.TestRequest,
            gives={200: Answer(wire.TestAnswer, "What each line would yield.")},
            errors=refusals(*OF_BODIES),
            rate_limited=True,
            examples={
                "one line": {"config": CONFIG, "lines": ['"GET / HTTP/1.1" 200 12 request_time_ms=35']},
            },
        ),
        Endpoint(
            method="GET",
            path="/api/v1/metric-configs/{id}",
            name="show_metric_config",
            tag=TAG,
            summary="Show a metric config",
            handler=routes.reads(handlers.show, rules(USERS), "dashboard"),
            auth=Auth.USER,
            gives={200: Answer(wire.Config, "As it is now.")},
            errors=refusals(404),
            rate_limited=True,
            parameters=(_ID,),
            examples={"the one made before": None},
        ),
        Endpoint(
            method="PUT",
            path="/api/v1/metric-configs/{id}",
            name="replace_metric_config",
            tag=TAG,
            summary="Replace a metric config",
            description="What is left out has its default again. Another version than the one stored is a conflict,"
            " whose details have the `current_version`.",
            handler=routes.acts(handlers.replace, rules(USERS, admin=True, limit=MAX_BODY), "dashboard"),
            auth=Auth.ADMIN,
            takes=wire.ReplaceRequest,
            gives={200: Answer(wire.Config, "The next version.")},
            errors=refusals(404, 409, *OF_BODIES),
            rate_limited=True,
            parameters=(_ID,),
            examples={
                "switched off": {**CONFIG, "enabled": False, "version": 1},
                "a version of before": Example({**CONFIG, "version": 1}, status=409),
            },
        ),
        Endpoint(
            method="DELETE",
            path="/api/v1/metric-configs/{id}",
            name="delete_metric_config",
            tag=TAG,
            summary="Delete a metric config",
            description="What was counted by it stays.",
            handler=routes.writes(handlers.delete, rules(USERS, admin=True), "dashboard"),
            auth=Auth.ADMIN,
            gives={204: "It is gone."},
            errors=refusals(404),
            rate_limited=True,
            parameters=(_ID,),
            examples={
                "the one made before": None,
                "one that is not there": Example(values={"id": _NOWHERE}, status=404),
            },
        ),
    ]


def _of_agents(routes: Routes, handlers: MetricConfigHandlers) -> list[Endpoint]:
    told = {
        200: Answer(wire.AgentConfigs, "The configs that are enabled and concern the agent, with an ETag."),
        304: "Unchanged since the answer that had the ETag.",
    }
    return [
        Endpoint(
            method="GET",
            path="/api/v1/edge/agents/{id}/metric-config",
            name="show_agent_metric_config",
            tag=EDGE_TAG,
            summary="What an agent is to make of its lines",
            handler=routes.reads(handlers.of_agent, rules(EDGE, scope="edge:metrics"), "edge"),
            auth=Auth.EDGE_TOKEN,
            gives=told,
            errors=refusals(404),
            rate_limited=True,
            parameters=(Parameter("id", str, "The id of the agent.", where="path"), _KNOWN),
            examples={"no such agent": Example(values={"id": _NOWHERE}, status=404)},
        ),
        Endpoint(
            method="GET",
            path="/api/v1/edge/sync-config",
            name="sync_metric_config",
            tag=EDGE_TAG,
            summary="What an agent is to make of its lines, asked in another way",
            handler=routes.reads(handlers.synced, rules(EDGE, scope="edge:metrics"), "edge"),
            auth=Auth.EDGE_TOKEN,
            gives=told,
            errors=refusals(404),
            rate_limited=True,
            parameters=(Parameter("agent_id", str, "The id of the agent.", required=True, example=_NOWHERE), _KNOWN),
            examples={"no such agent": Example(status=404)},
        ),
    ]
