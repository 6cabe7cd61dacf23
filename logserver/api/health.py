"""Whether the process lives and whether it can commit, for supervisors and load balancers."""

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from logserver.api.endpoint import Endpoint, Tag
from logserver.api.resources import Resources
from logserver.store.errors import StoreBusy
from logserver.store.writer import WriteTx

TAG = Tag("Health", "Whether the server lives and can store what it is sent.")


class Health(msgspec.Struct):
    """``ok``, or what is wrong."""

    status: str
    reason: str | None = None


def _json(status: int, health: Health) -> Response:
    return Response(msgspec.json.encode(health), status, media_type="application/json")


def endpoints(resources: Resources) -> list[Endpoint]:
    """The declarations of /healthz and /readyz."""

    async def healthz(_request: Request) -> Response:
        return _json(200, Health("ok"))

    async def readyz(_request: Request) -> Response:
        try:
            resources.database.admit(1, 0)
            if trouble := resources.database.trouble():
                return _json(503, Health("unavailable", trouble))
            await resources.database.write(_commit, resources.clock.now_ms())
        except StoreBusy as busy:
            return _json(503, Health("unavailable", str(busy)))
        return _json(200, Health("ok"))

    return [
        Endpoint(
            method="GET",
            path="/healthz",
            name="healthz",
            tag=TAG,
            summary="The process answers",
            handler=healthz,
            gives={200: Health},
            examples={"alive": None},
        ),
        Endpoint(
            method="GET",
            path="/readyz",
            name="readyz",
            tag=TAG,
            summary="The store can commit",
            description="Commits a row; 503 with the reason where that cannot be done now.",
            handler=readyz,
            gives={200: Health},
            errors={503: Health},
            examples={"ready": None},
        ),
    ]


def _commit(tx: WriteTx, now_ms: int) -> None:
    tx.execute("UPDATE heartbeat SET at = ?", (now_ms,))
