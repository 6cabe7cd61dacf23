"""The routes of keys."""

from logserver.api.endpoint import Answer, Auth, Endpoint, Example, Parameter, Tag
from logserver.contracts.logfleet import wire
from logserver.contracts.logfleet.api_keys import ApiKey, ApiKeyHandlers, MadeApiKey, NewApiKey
from logserver.contracts.logfleet.asking import USERS
from logserver.contracts.logfleet.routes.terms import OF_BODIES, PAGE, PAGE_SIZE, Routes, refusals, rules

TAG = Tag("LogFleet: keys", "The keys of edge agents, each with its permissions.")
PATH = "/api/v1/api-keys"
_ID = Parameter("id", str, "The id of the key.", where="path")
_UNKNOWN = "00000000-0000-4000-8000-000000000000"


def endpoints(routes: Routes, handlers: ApiKeyHandlers) -> list[Endpoint]:
    """The declarations."""
    admin = rules(USERS, admin=True)
    return [
        Endpoint(
            method="POST",
            path=PATH,
            name="create_api_key",
            tag=TAG,
            summary="Make a key for agents",
            description="It acts for every agent whose data lands in its project. The answer is the only place where"
            " it stands.",
            handler=routes.writes(handlers.create, admin, "registry"),
            auth=Auth.ADMIN,
            takes=NewApiKey,
            gives={201: Answer(MadeApiKey, "Shown this once.")},
            errors=refusals(404, 409, *OF_BODIES),
            rate_limited=True,
            examples={
                "all permissions": Example(
                    {
                        "name": "web servers",
                        "permissions": ["edge:register", "edge:heartbeat", "edge:metrics", "edge:stream"],
                    },
                    keeps={"api_key_id": "api_key.id"},
                ),
                "no permission": Example({"name": "nothing", "permissions": []}, status=400),
            },
        ),
        Endpoint(
            method="GET",
            path=PATH,
            name="list_api_keys",
            tag=TAG,
            summary="List the keys of agents, newest first, deleted ones too",
            handler=routes.reads(handlers.list_, rules(USERS), "registry"),
            auth=Auth.USER,
            gives={200: Answer(wire.Page[ApiKey], "A page of them.")},
            errors=refusals(),
            rate_limited=True,
            parameters=(PAGE, PAGE_SIZE),
            examples={"a page": None},
        ),
        Endpoint(
            method="GET",
            path=f"{PATH}/{{id}}",
            name="show_api_key",
            tag=TAG,
            summary="Show a key, without its secret",
            handler=routes.reads(handlers.show, rules(USERS), "registry"),
            auth=Auth.USER,
            gives={200: Answer(ApiKey, "The key.")},
            errors=refusals(404),
            rate_limited=True,
            parameters=(_ID,),
            examples={"the key made before": Example(values={"id": "{{api_key_id}}"})},
        ),
        Endpoint(
            method="DELETE",
            path=f"{PATH}/{{id}}",
            name="delete_api_key",
            tag=TAG,
            summary="Delete a key: it is refused at once and for good",
            handler=routes.writes(handlers.delete, admin, "registry"),
            auth=Auth.ADMIN,
            gives={204: Answer(None, "Deleted, now or before.")},
            errors=refusals(404),
            rate_limited=True,
            parameters=(_ID,),
            examples={
                "the key made before": Example(values={"id": "{{api_key_id}}"}),
                "one that is not there": Example(values={"id": _UNKNOWN}, status=404),
            },
        ),
    ]
