"""The doors of the contract, and what is sent through them."""

from collections.abc import AsyncIterator, Iterable
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from logserver.core.projects import Project
from tests.serving import Server

EVENTS = "/api/v1/ingest_events"
BATCH = "/api/v1/ingest_events/batch"
CHECK_INS = "/api/v1/check_ins"
DEPLOYMENTS = "/api/v1/deployments"
MOBILE_TOKENS = "/api/v1/mobile_ingest_tokens"

NDJSON = {"Content-Type": "application/x-ndjson"}
KIB = 1024
MIB = 1024 * 1024


def event(**fields: Any) -> dict[str, Any]:
    return {"event": {"event_type": "log", "message": "hello", **fields}}


def span(**fields: Any) -> dict[str, Any]:
    usual = {
        "event_type": "span",
        "name": "GET /",
        "trace_id": "t1",
        "span_id": "s1",
        "duration_ms": 12.5,
        "started_at": "2026-09-21T14:00:00Z",
    }
    return {"event": {name: value for name, value in (usual | fields).items() if value is not ...}}


def check_in(**fields: Any) -> dict[str, Any]:
    return {"check_in": {"slug": "nightly", **fields}}


def deployment(**fields: Any) -> dict[str, Any]:
    usual = {"release": "1.2.3", "repository": "acme/shop", "commit_sha": "0123abc"}
    return {"deployment": {name: value for name, value in (usual | fields).items() if value is not ...}}


def mobile_token(**fields: Any) -> dict[str, Any]:
    usual = {"platform": "android", "service": "shop-app", "environment": "production"}
    return {"mobile_ingest_token": {name: value for name, value in (usual | fields).items() if value is not ...}}


def uuid(number: int) -> str:
    return str(UUID(int=number, version=4))


def lines(*envelopes: Any) -> bytes:
    """A batch: one JSON value a line; bytes as they are."""
    return b"\n".join(each if isinstance(each, bytes) else msgspec.json.encode(each) for each in envelopes)


def identified(count: int, **fields: Any) -> list[dict[str, Any]]:
    return [event(uuid=uuid(number), **fields) for number in range(1, count + 1)]


class Door(NamedTuple):
    """An endpoint, and a request to it that works."""

    path: str
    root: str
    body: bytes
    status: int
    kind: str = "application/json"

    @property
    def headers(self) -> dict[str, str | bytes]:
        return {"Content-Type": self.kind}


DOORS = {
    "ingest_events": Door(EVENTS, "event", lines(event()), 201),
    "batch": Door(BATCH, "event", lines(*identified(1)), 202, NDJSON["Content-Type"]),
    "check_ins": Door(CHECK_INS, "check_in", lines(check_in()), 201),
    "deployments": Door(DEPLOYMENTS, "deployment", lines(deployment()), 201),
    "mobile_ingest_tokens": Door(MOBILE_TOKENS, "mobile_ingest_token", lines(mobile_token()), 201),
}


def written(server: Server, project: Project) -> int:
    """How much a project's senders have written, of any kind."""
    return sum(
        server.rows(f"SELECT count(*) FROM {table} WHERE {condition}", project.number)[0][0]
        for table, condition in (
            ("events", "id >> 51 = ?"),
            ("deployments", "project = ?"),
            ("monitors", "project = ?"),
            ("tokens", "kind = 'mobile' AND project = ?"),
        )
    )


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: Any


async def exchange(
    server: Server,
    path: str,
    messages: AsyncIterator[dict[str, Any]],
    headers: dict[str, str],
    address: str = "127.0.0.1",
) -> Answer | None:
    """One request as a server hands it over, message by message; None where it was never answered.

    Its client goes away as soon as it has the answer.
    """
    sent: list[Any] = []

    async def receive() -> Any:
        if len(sent) > 1:
            return {"type": "http.disconnect"}
        return await anext(messages)

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        "client": (address, 50_000),
        "server": ("127.0.0.1", 80),
    }
    await server.app(scope, receive, send)
    if not sent:
        return None
    found = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return Answer(sent[0]["status"], found, msgspec.json.decode(b"".join(part["body"] for part in sent[1:])))


async def chunks(parts: Iterable[bytes]) -> AsyncIterator[dict[str, Any]]:
    """The messages of a chunked body."""
    for part in parts:
        yield {"type": "http.request", "body": part, "more_body": True}
    yield {"type": "http.request", "body": b"", "more_body": False}
