"""The routes of keys and viewer tokens."""

from logserver.api.endpoint import Answer, Auth, Endpoint, Example, Parameter, Tag
from logserver.contracts.logstitch import wire
from logserver.contracts.logstitch.asking import KEYS, MASTER
from logserver.contracts.logstitch.keys import KeyHandlers
from logserver.contracts.logstitch.routes.terms import OF_BODIES, PROJECT_ID, Routes, refusals

TAG = Tag(
    "LogStitch: keys",
    "Project keys, made with a master key of `logserver token create --kind master`, and viewer tokens.",
)
_PROJECT = frozenset({"project"})


def endpoints(routes: Routes, handlers: KeyHandlers) -> list[Endpoint]:
    """The declarations."""
    return [
        Endpoint(
            method="POST",
            path="/api/v1/keys",
            name="create_key",
            tag=TAG,
            summary="Make a project key",
            description="It writes and reads its project, in every contract; the answer is the only place where it"
            " stands.",
            handler=routes.writes(handlers.create, MASTER),
            auth=Auth.MASTER_KEY,
            takes=wire.KeyRequest,
            gives={201: Answer(wire.NewKey, "Shown this once.")},
            errors=refusals(409, *OF_BODIES),
            rate_limited=True,
            parameters=(PROJECT_ID,),
            examples={
                "a live key": Example({"name": "Backend"}, keeps={"key_id": "id"}),
                "a test key": {"name": "Staging", "type": "project", "mode": "test"},
                "nothing required": Example({"type": "project"}, status=422),
            },
        ),
        Endpoint(
            method="GET",
            path="/api/v1/keys",
            name="list_keys",
            tag=TAG,
            summary="List project keys, newest first, revoked ones too",
            description="With a project key those of its project; with a master key those of all projects, or of one.",
            handler=routes.reads(handlers.list_, KEYS),
            auth=Auth.PROJECT_TOKEN | Auth.MASTER_KEY,
            gives={200: Answer(wire.Keys, "All of them.")},
            errors=refusals(),
            rate_limited=True,
            parameters=(PROJECT_ID,),
            examples={"all": None},
        ),
        Endpoint(
            method="DELETE",
            path="/api/v1/keys/{id}",
            name="revoke_key",
            tag=TAG,
            summary="Revoke a project key, at once and for good",
            description="Viewer tokens that it has minted end with it. A project key revokes keys of its own project.",
            handler=routes.writes(handlers.revoke, KEYS),
            auth=Auth.PROJECT_TOKEN | Auth.MASTER_KEY,
            gives={200: Answer(wire.Revoked, "Revoked, now or before.")},
            errors=refusals(),
            rate_limited=True,
            parameters=(Parameter("id", str, "The id of the key.", where="path"), PROJECT_ID),
            examples={
                "the key made before": Example(values={"id": "{{key_id}}"}),
                "one that is not there": Example(values={"id": "00000000-0000-4000-8000-000000000000"}, status=404),
            },
        ),
        Endpoint(
            method="POST",
            path="/api/v1/viewer-tokens",
            name="mint_viewer_token",
            tag=TAG,
            summary="Make a short-lived token that reads one tenant's audit events",
            description="For an embedded viewer: it may `GET /api/v1/events`, sees its own tenant whatever it asks"
            " for, and of each event the fields of its visibility tier. Needs a live project key.",
            handler=routes.writes(handlers.mint, _PROJECT),
            auth=Auth.PROJECT_TOKEN,
            takes=wire.ViewerTokenRequest,
            gives={201: Answer(wire.NewViewerToken, "Shown this once.")},
            errors=refusals(409, *OF_BODIES),
            rate_limited=True,
            examples={
                "for an hour": {"tenant_id": "acme_corp"},
                "for a minute": {"tenant_id": "acme_corp", "expires_in": 60},
                "for too long": Example({"tenant_id": "acme_corp", "expires_in": 86_401}, status=422),
                "a tier that is not there": Example({"tenant_id": "acme_corp", "tier": "none-of-ours"}, status=422),
            },
        ),
    ]
