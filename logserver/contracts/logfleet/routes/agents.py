"""The routes of agents as people manage them."""

from logserver.api.endpoint import Answer, Auth, Endpoint, Example, Parameter, Tag
from logserver.contracts.logfleet import agent_wire, wire
from logserver.contracts.logfleet.agents import AgentHandlers
from logserver.contracts.logfleet.asking import USERS
from logserver.contracts.logfleet.routes.terms import OF_BODIES, PAGE, PAGE_SIZE, Routes, refusals, rules

TAG = Tag("LogFleet: agents", "The edge agents of the organization.")
PATH = "/api/v1/agents"
_ID = Parameter("id", str, "The id of the agent.", where="path")
_KEPT = {"id": "{{fleet_agent_id}}"}
_UNKNOWN = "00000000-0000-4000-8000-000000000000"


def endpoints(routes: Routes, handlers: AgentHandlers) -> list[Endpoint]:
    """The declarations."""
    return [*_of_all(routes, handlers), *_of_one(routes, handlers), *_of_config(routes, handlers)]


def _of_all(routes: Routes, handlers: AgentHandlers) -> list[Endpoint]:
    return [
        Endpoint(
            method="POST",
            path=PATH,
            name="create_agent",
            tag=TAG,
            summary="Make an agent ready before it registers itself by its name",
            handler=routes.writes(handlers.create, rules(USERS, admin=True), "registry"),
            auth=Auth.ADMIN,
            takes=agent_wire.NewAgent,
            gives={201: Answer(agent_wire.Agent, "The agent; unknown until its first heartbeat.")},
            errors=refusals(409, *OF_BODIES),
            rate_limited=True,
            examples={
                "a web server": Example(
                    {"name": "web-1", "labels": {"role": "web"}}, fresh=("name",), keeps={"fleet_agent_id": "id"}
                ),
                "no name": Example({}, status=400),
            },
        ),
        Endpoint(
            method="GET",
            path=PATH,
            name="list_agents",
            tag=TAG,
            summary="List agents by name",
            handler=routes.reads(handlers.list_, rules(USERS), "registry"),
            auth=Auth.USER,
            gives={200: Answer(wire.Page[agent_wire.Agent], "A page of them.")},
            errors=refusals(),
            rate_limited=True,
            parameters=(
                PAGE,
                PAGE_SIZE,
                Parameter("status", agent_wire.Status, "Only agents that are this now."),
                Parameter("label", str, "Only agents with this label, key:value; may be repeated: all of them."),
            ),
            examples={"a page": None, "the silent ones": Example(values={"status": "offline"})},
        ),
    ]


def _of_one(routes: Routes, handlers: AgentHandlers) -> list[Endpoint]:
    admin = rules(USERS, admin=True)
    return [
        Endpoint(
            method="GET",
            path=f"{PATH}/{{id}}",
            name="show_agent",
            tag=TAG,
            summary="Show an agent",
            handler=routes.reads(handlers.show, rules(USERS), "registry"),
            auth=Auth.USER,
            gives={200: Answer(agent_wire.Agent, "The agent.")},
            errors=refusals(404),
            rate_limited=True,
            parameters=(_ID,),
            examples={"the agent made before": Example(values=_KEPT)},
        ),
        Endpoint(
            method="PATCH",
            path=f"{PATH}/{{id}}",
            name="change_agent",
            tag=TAG,
            summary="Change an agent; what is left out stays",
            handler=routes.writes(handlers.change, admin, "registry"),
            auth=Auth.ADMIN,
            takes=agent_wire.ChangedAgent,
            gives={200: Answer(agent_wire.Agent, "As it is now.")},
            errors=refusals(404, 409, *OF_BODIES),
            rate_limited=True,
            parameters=(_ID,),
            examples={"other labels": Example({"labels": {"role": "web", "tier": "2"}}, values=_KEPT)},
        ),
        Endpoint(
            method="DELETE",
            path=f"{PATH}/{{id}}",
            name="delete_agent",
            tag=TAG,
            summary="Delete an agent; its lines and metrics stay",
            description="An agent that still runs comes back as a new one when it registers again.",
            handler=routes.writes(handlers.delete, admin, "registry"),
            auth=Auth.ADMIN,
            gives={204: Answer(None, "It is gone.")},
            errors=refusals(404),
            rate_limited=True,
            parameters=(_ID,),
            examples={"one that is not there": Example(values={"id": _UNKNOWN}, status=404)},
        ),
    ]


def _of_config(routes: Routes, handlers: AgentHandlers) -> list[Endpoint]:
    return [
        Endpoint(
            method="GET",
            path=f"{PATH}/{{id}}/config",
            name="show_agent_config",
            tag=TAG,
            summary="Show the configuration of an agent",
            handler=routes.reads(handlers.show_config, rules(USERS), "registry"),
            auth=Auth.USER,
            gives={200: Answer(agent_wire.Config, "The configuration and its version.")},
            errors=refusals(404),
            rate_limited=True,
            parameters=(_ID,),
            examples={"of the agent made before": Example(values=_KEPT)},
        ),
        Endpoint(
            method="PUT",
            path=f"{PATH}/{{id}}/config",
            name="replace_agent_config",
            tag=TAG,
            summary="Replace the configuration of an agent",
            description="Refused with 409 and `details.current_version` unless `version` is the one that is stored.",
            handler=routes.writes(handlers.replace_config, rules(USERS, admin=True), "registry"),
            auth=Auth.ADMIN,
            takes=agent_wire.Config,
            gives={200: Answer(agent_wire.Config, "The configuration, a version further.")},
            errors=refusals(404, 409, *OF_BODIES),
            rate_limited=True,
            parameters=(_ID,),
            examples={
                "of the agent made before": Example({"config": {"note": "rack 7"}, "version": 1}, values=_KEPT),
                "of a version that is past": Example({"config": {}, "version": 1}, values=_KEPT, status=409),
            },
        ),
    ]
