"""GET /metrics: for Prometheus, on the server's own machine or with the token of the settings."""

import hmac
from collections.abc import Callable

import msgspec
from starlette.requests import Request as HTTPRequest
from starlette.responses import Response

from logserver.api.endpoint import Answer, Endpoint, Parameter, Tag
from logserver.api.faults import headers_of, status_of
from logserver.api.gate import Gate
from logserver.api.inside.families import MEDIA
from logserver.api.inside.figures import Figures
from logserver.api.loopback import is_local, was_passed_on
from logserver.api.request import Request
from logserver.core.faults import Fault

TAG = Tag("Inside", "What the server says of itself, for scrapers.")


class Refused(msgspec.Struct):
    """Why nothing is told."""

    error: str


def endpoints(gate: Gate, figures: Callable[[], Figures], token: str) -> list[Endpoint]:
    """The declaration; with an empty ``token`` only those on the machine itself are told anything."""

    async def metrics(http: HTTPRequest) -> Response:
        request = Request.of(http.scope)
        try:
            _admit(gate, request, token)
        except Fault as fault:
            headers = {name.decode(): value.decode() for name, value in headers_of(fault)}
            return Response(
                msgspec.json.encode(Refused(str(fault))), status_of(fault), headers, media_type="application/json"
            )
        return Response(await figures().text(), headers={"Content-Type": MEDIA, "Cache-Control": "no-store"})

    return [
        Endpoint(
            method="GET",
            path="/metrics",
            name="metrics",
            tag=TAG,
            summary="What the server counts and measures of itself, in Prometheus' text format",
            description="Answered to programs on the server's own machine, and to `Authorization: Bearer` with the"
            " token of the setting `metrics_token`. What came through a proxy needs the token.",
            handler=metrics,
            parameters=(Parameter("Authorization", str, "`Bearer` and the token of the settings.", where="header"),),
            gives={200: Answer(str, "The text.", media=MEDIA)},
            errors={401: Refused, 429: Refused},
        )
    ]


def _admit(gate: Gate, request: Request, token: str) -> None:
    """Raise Unauthorized, or TooMany, where a request may not be told."""
    gate.require_patience(request)
    secret = request.secret()
    if secret is not None:
        if token and hmac.compare_digest(secret, token.encode()):
            return
        gate.fail(request, "this is not the token of the setting metrics_token")
    # A proxy on this machine makes the whole world look like this machine, and one that is trusted speaks for others.
    if not is_local(gate, request) or was_passed_on(request):
        gate.fail(
            request, "metrics are told to programs on this machine, or with the token of the setting metrics_token"
        )
