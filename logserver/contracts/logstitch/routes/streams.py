"""The routes of anonymous streams."""

from typing import Any

from logserver.api.endpoint import Answer, Auth, Endpoint, Example, Parameter, Tag
from logserver.contracts.logstitch import wire
from logserver.contracts.logstitch.asking import MASTER
from logserver.contracts.logstitch.routes.terms import OF_BODIES, PROJECT_ID, REFUSALS, Routes, refusals
from logserver.contracts.logstitch.stream_handlers import BODY_BYTES, StreamHandlers

TAG = Tag("LogStitch: anonymous streams", "Events first, an account later: what waits until a project claims it.")

_ANYBODY: frozenset[str] = frozenset()
_TOKEN = "a1b2c3d4-e5f6-4a7b-8c9d-0e1f2a3b4c5d"  # noqa: S105 - an example
_UNKNOWN = "00000000-0000-4000-8000-000000000000"
_EVENT: dict[str, Any] = {
    "action": "user.signed_up",
    "category": "auth",
    "actor": {"id": "user_123", "type": "user"},
    "tenant_id": "acme_corp",
    "idempotency_key": "sign-up-of-user_123",
}
_STREAM = Parameter(
    "token",
    str,
    "The claim token, a UUID of version 4 that the sender makes up and keeps: whoever has it can claim the stream.",
    where="path",
    example=_TOKEN,
)


def endpoints(routes: Routes, handlers: StreamHandlers) -> list[Endpoint]:
    """The declarations."""
    return [
        Endpoint(
            method="POST",
            path="/api/v1/streams/{token}/events",
            name="send_stream_events",
            tag=TAG,
            summary="Send an event, or an array of them, to an anonymous stream",
            description="The first event makes the stream. Its events are redacted by the built-in rules before they"
            " are stored, can be read by nobody, and wait 7 days to be claimed. Limits, each a setting of the server:"
            " 30 requests a minute from one address, those for info and those refused included; 100 events in 24"
            " hours and 500 in its lifetime for a stream; 10 new streams in 24 hours from one address. An array"
            " beyond a limit is refused whole. An `idempotency_key` that the stream has seen is answered with the id"
            " of the first event; it stores nothing and counts as no event.",
            handler=routes.writes(handlers.send, _ANYBODY, limit=BODY_BYTES, counts=handlers.count),
            takes=wire.AuditEvent | list[wire.AuditEvent],
            gives={201: Answer(wire.Accepted, "Stored, in the order sent.")},
            errors=_of_anybody(400, 408, 409, 410, 413, 415, 422, 429, 503),
            rate_limited=True,
            parameters=(_STREAM,),
            examples={
                "one event": _EVENT,
                "an array": Example([_EVENT, _EVENT | {"idempotency_key": "again"}]),
                "no token": Example(_EVENT, status=422, values={"token": "my-stream"}),
                "nothing required": Example({"action": "user.signed_up"}, status=422),
            },
        ),
        Endpoint(
            method="GET",
            path="/api/v1/streams/{token}/info",
            name="show_stream",
            tag=TAG,
            summary="How many events a stream has, and until when it can be claimed",
            description="Nothing of its events is told.",
            handler=routes.reads(handlers.info, _ANYBODY, counts=handlers.count),
            gives={200: Answer(wire.StreamInfo, "How it stands.")},
            errors=_of_anybody(404, 410, 422, 429, 503),
            rate_limited=True,
            parameters=(_STREAM,),
            examples={
                "the stream of the examples": None,
                "a stream that is not there": Example(status=404, values={"token": _UNKNOWN}),
                "no token": Example(status=422, values={"token": "my-stream"}),
            },
        ),
        Endpoint(
            method="POST",
            path="/api/v1/streams/claim",
            name="claim_stream",
            tag=TAG,
            summary="Move the events of a stream into a project, all or none",
            description="They keep their ids and times, and are chained in the order sent; the project's redaction"
            " rules run on them, and they raise no alerts. The stream takes nothing more afterwards.",
            handler=routes.writes(handlers.claim, MASTER),
            auth=Auth.MASTER_KEY,
            takes=wire.Claim,
            gives={200: Answer(wire.Claimed, "All of them are the project's now.")},
            errors=refusals(409, 410, *OF_BODIES),
            rate_limited=True,
            parameters=(PROJECT_ID,),
            examples={
                "a stream that is not there": Example({"claim_token": _UNKNOWN}, status=404),
                "no token": Example({"claim_token": "my-stream"}, status=422),
            },
        ),
    ]


def _of_anybody(*statuses: int) -> dict[int, Any]:
    """The declarations of refusals where no credential is asked for."""
    return {status: REFUSALS[status] for status in statuses}
