"""Anonymous streams as tests use them: sending, asking, claiming, and what is stored of them."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

from httpx2 import Response

from logserver.contracts.logstitch.streams import Streams
from logserver.core.projects import Project
from logserver.core.redaction import rules
from tests.serving import Server

DAY = 86_400.0
PLACEHOLDER = "[REDACTED]"
CARD = "4111111111111111"
"""What the built-in rules find."""


def token() -> str:
    return str(uuid4())


def numbered_token(number: int) -> str:
    return str(UUID(int=number << 64 | 4 << 76 | 1 << 63, version=4))


def event(**fields: Any) -> dict[str, Any]:
    return {
        "action": "user.signed_up",
        "category": "auth",
        "actor": {"id": "user_123", "type": "user"},
        "tenant_id": "acme_corp",
    } | fields


def several(n: int, **fields: Any) -> list[dict[str, Any]]:
    return [event(metadata={"number": number}, **fields) for number in range(n)]


def send(server: Server, stream: str, body: Any, headers: Mapping[str, str | bytes] | None = None) -> Response:
    return server.post(f"/api/v1/streams/{stream}/events", body, None, headers)


def sent(server: Server, stream: str, body: Any) -> list[str]:
    """The ids of events that were taken."""
    answer = send(server, stream, body)
    assert answer.status_code == 201, answer.text
    ids = answer.json()["ids"]
    assert isinstance(ids, list)
    return ids


def info(server: Server, stream: str, headers: Mapping[str, str] | None = None) -> Response:
    return server.client.get(f"/api/v1/streams/{stream}/info", headers=headers)


def claim(server: Server, stream: Any, key: str | None, **more: Any) -> Response:
    return server.post("/api/v1/streams/claim", {"claim_token": stream, **more}, key)


def master_key(server: Server, project: Project) -> str:
    return server.token(project, "master")


def trail(server: Server, key: str, **query: Any) -> list[dict[str, Any]]:
    """Every event of a project, newest first."""
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        asked = {"limit": 100, **query} | ({"cursor": cursor} if cursor else {})
        answer = server.client.get("/api/v1/events", params=asked, headers={"Authorization": f"Bearer {key}"})
        assert answer.status_code == 200, answer.text
        page = answer.json()
        found += page["events"]
        cursor = page["cursor"]
        if cursor is None:
            return found


def totals(server: Server) -> tuple[int, int]:
    """How many streams count, and what they take, as it is kept; it must be what there is."""
    ((streams, size),) = server.rows("SELECT streams, bytes FROM stream_totals")
    assert server.rows("SELECT count(*), coalesce(sum(bytes), 0) FROM streams WHERE status != 'claimed'") == [
        (streams, size)
    ]
    return streams, size


def expire(server: Server) -> int:
    """Run the job until it has nothing more to do; how many passes that took."""
    passes = 1
    while server.write(Streams.expire, server.clock.now_ms()):
        passes += 1
    return passes


def redacts(server: Server, project: Project, word: str) -> str:
    """Make a rule of a project that redacts a word; its id."""
    rule = server.administer(
        rules.create,
        project.number,
        type="pattern",
        name=word,
        pattern=word,
        fields=None,
        behavior="replace",
        enabled=True,
        now_ms=server.clock.now_ms(),
    )
    return rule.id
