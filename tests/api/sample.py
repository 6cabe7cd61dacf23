"""A small server that answers as it declares: parcels, sent one by one or by the line."""

from typing import Annotated, Any
from uuid import uuid4

import msgspec
from msgspec import Meta
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from logserver.api.documents import routes
from logserver.api.endpoint import NDJSON, Answer, Auth, Endpoint, Example, Parameter, Tag

PARCELS = Tag("Parcels", "What is sent.")
HEALTH = Tag("Health", "Whether the server is well.")

LIMIT = {"X-RateLimit-Limit": "5", "X-RateLimit-Remaining": "4", "X-RateLimit-Reset": "1771070460"}


class Parcel(msgspec.Struct):
    """A thing that is sent."""

    uuid: str
    weight: Annotated[float, Meta(gt=0, examples=[1.5])]
    note: str | None = None


class ParcelEnvelope(msgspec.Struct):
    parcel: Parcel


class Accepted(msgspec.Struct):
    id: str
    status: str


class Duplicate(msgspec.Struct):
    id: str
    duplicate: bool


class Refusal(msgspec.Struct):
    error: str


class Invalid(msgspec.Struct):
    errors: list[str]


class Forgotten(msgspec.Struct):
    forgotten: list[dict[str, str]]


class Count(msgspec.Struct):
    accepted: int


def refused(status: int, error: str) -> JSONResponse:
    return JSONResponse({"error": error}, status)


def known(request: Request) -> bool:
    return request.headers.get("authorization") == "Bearer secret"


async def send(request: Request) -> Response:
    if not known(request):
        return refused(401, "Unauthorized")
    try:
        parcel = msgspec.json.decode(await request.body(), type=dict[str, Any])["parcel"]
    except (msgspec.DecodeError, KeyError):
        return refused(400, "no parcel")
    if parcel["weight"] <= 0:
        return JSONResponse({"errors": ["Weight is invalid"]}, 422)
    return JSONResponse({"id": parcel["uuid"], "status": "accepted"}, 201, headers=LIMIT)


async def send_many(request: Request) -> Response:
    if not known(request):
        return refused(401, "Unauthorized")
    if request.headers["content-type"] != NDJSON:
        return refused(415, "not NDJSON")
    uuids = {line["parcel"]["uuid"] for line in map(msgspec.json.decode, (await request.body()).splitlines())}
    return JSONResponse({"accepted": len(uuids)}, 202)


async def find(request: Request) -> Response:
    if not known(request):
        return refused(401, "Unauthorized")
    if request.path_params["number"] > 9 or request.query_params["unit"] != "kg":
        return refused(404, "no such parcel")
    return JSONResponse({"uuid": str(uuid4()), "weight": 1.5, "note": request.headers.get("x-note")})


async def forget(request: Request) -> Response:
    if request.headers.get("authorization") != "Bearer master":
        return refused(401, "Unauthorized")
    if request.path_params["uuid"] != PARCEL["parcel"]["uuid"]:
        return refused(404, "no such parcel")
    return JSONResponse({"forgotten": [{"uuid": request.path_params["uuid"]}]})


async def health(_: Request) -> Response:
    return JSONResponse({"status": "ok"})


REFUSALS: dict[int, Any] = {401: Refusal, 429: Answer(Refusal, "Too many at once.")}
PARCEL = {"parcel": {"uuid": "0d0f6c4e-6a0e-4b57-9c3d-0c8a1f2e3b4d", "weight": 1.5}}

ENDPOINTS = [
    Endpoint(
        method="POST",
        path="/api/v1/parcels",
        name="send_parcel",
        tag=PARCELS,
        summary="Send a parcel",
        description="It is on its way when the answer arrives.",
        auth=Auth.PROJECT_TOKEN | Auth.MOBILE_TOKEN,
        takes=ParcelEnvelope,
        gives={201: Answer(Accepted | Duplicate, "It was taken."), 200: Duplicate},
        errors={400: Refusal, 422: Invalid} | REFUSALS,
        rate_limited=True,
        examples={
            "A light parcel": Example(PARCEL, fresh=("uuid",)),
            "One with a note": Example({"parcel": {**PARCEL["parcel"], "note": "fragile"}}, keeps={"parcel": "id"}),
            "One that is only shown": Example({"parcel": {"uuid": "…", "weight": 1}}, collected=False),
            "No parcel": Example({}, status=400),
            "No JSON": Example(b"{", status=400),
            "A weightless parcel": Example({"parcel": {"uuid": "x", "weight": 0}}, status=422),
        },
        handler=send,
    ),
    Endpoint(
        method="POST",
        path="/api/v1/parcels/batch",
        name="send_parcels",
        tag=PARCELS,
        summary="Send parcels",
        auth=Auth.PROJECT_TOKEN,
        takes=ParcelEnvelope,
        media=NDJSON,
        gives={202: Count},
        errors={415: Refusal, 503: "The server is full."} | REFUSALS,
        examples={
            "Two parcels": Example([PARCEL, PARCEL], fresh=("uuid",)),
            "Parcels as JSON": Example([PARCEL], status=415, media="application/json"),
        },
        handler=send_many,
    ),
    Endpoint(
        method="GET",
        path="/api/v1/parcels/{number:int}",
        name="parcel",
        tag=PARCELS,
        summary="One parcel",
        auth=Auth.PROJECT_TOKEN,
        gives={200: Parcel},
        errors={404: Refusal} | REFUSALS,
        parameters=(
            Parameter("number", Annotated[int, Meta(ge=1)], "Its number.", where="path", example=7),
            Parameter("unit", str, "Of the weight.", required=True, example="kg"),
            Parameter("page", int, "Never needed.", example=2),
            Parameter("X-Note", str, "Comes back as the note.", where="header", example="hello"),
        ),
        examples={
            "The seventh": Example(),
            "One with a note of ours": Example(values={"X-Note": "hello there", "page": 1}),
            "One that is not": Example(status=404, values={"number": 70}),
        },
        handler=find,
    ),
    Endpoint(
        method="DELETE",
        path="/api/v1/parcels/of/{uuid}",
        name="forget_parcel",
        tag=PARCELS,
        summary="Forget a parcel",
        auth=Auth.MASTER_KEY,
        gives={200: Forgotten},
        errors={404: Refusal} | REFUSALS,
        examples={
            "The one with a note": Example(values={"uuid": "{{parcel}}"}, keeps={"forgotten": "forgotten.0.uuid"}),
            "The same again": Example(values={"uuid": "{{forgotten}}"}),
        },
        handler=forget,
    ),
    Endpoint(
        method="GET",
        path="/healthz",
        name="healthz",
        tag=HEALTH,
        summary="Is it alive?",
        gives={200: "It is alive."},
        handler=health,
    ),
]


def app() -> Starlette:
    documents = routes(ENDPOINTS, title="Parcels", version="1.2.3", description="A post office.")
    return Starlette(routes=[*documents, *(endpoint.route() for endpoint in ENDPOINTS)])
