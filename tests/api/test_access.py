"""The lines of the access log: what was asked, and never a secret."""

import json
import logging
from typing import Any

import pytest

from tests.serving import Serve, Server

TOKEN = "a1b2c3d4-e5f6-4a7b-8c9d-0e1f2a3b4c5d"


@pytest.fixture
def server(serve: Serve) -> Server:
    return serve(access_log="json")


def logged(server: Server, caplog: pytest.LogCaptureFixture, method: str, path: str) -> dict[str, Any]:
    caplog.clear()
    with caplog.at_level(logging.INFO, "logserver.access"):
        server.client.request(method, path)
    (line,) = [record.getMessage() for record in caplog.records if record.name == "logserver.access"]
    assert TOKEN not in caplog.text
    assert TOKEN.upper() not in caplog.text
    found = json.loads(line)
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize(
    ("asked", "status", "shown"),
    [
        (f"GET /api/v1/streams/{TOKEN}/info", 404, "/api/v1/streams/{token}/info"),
        (f"GET /api/v1/streams/{TOKEN.upper()}/info/", 404, "/api/v1/streams/{token}/info"),
        (f"POST /api/v1/streams/{TOKEN}/events", 400, "/api/v1/streams/{token}/events"),
        (f"POST /api/v1/streams/{TOKEN}0/events", 422, "/api/v1/streams/{token}/events"),
        ("POST /api/v1/streams/e/events", 422, "/api/v1/streams/{token}/events"),
        (f"PUT /api/v1/streams/{TOKEN}/events", 405, "/api/v1/streams/{token}/events"),
        (f"OPTIONS /api/v1/streams/{TOKEN}/info", 405, "/api/v1/streams/{token}/info"),
        (f"GET /api/v1/streams/{TOKEN}", 404, "/api/v1/streams/{...}"),
        (f"GET /api/v1/streams/{TOKEN}/nothing", 404, "/api/v1/streams/{...}/nothing"),
        (f"POST /v1/streams/{TOKEN}/events", 404, "/v1/streams/{...}/events"),
        (f"GET /streams//{TOKEN}.json?token={TOKEN}", 404, "/streams//{...}"),
        (f"GET /{TOKEN}", 404, "/{...}"),
        ("GET /api/v1/nothing", 404, "/api/v1/nothing"),
        ("POST /api/v1/streams/claim", 401, "/api/v1/streams/claim"),
        ("POST /api/v1/mobile_ingest_tokens", 401, "/api/v1/mobile_ingest_tokens"),
        ("POST /api/v1/mobile_ingest_tokens.json", 401, "/api/v1/mobile_ingest_tokens.json"),
    ],
)
def test_a_claim_token_is_not_in_the_log(
    server: Server, caplog: pytest.LogCaptureFixture, asked: str, status: int, shown: str
) -> None:
    method, path = asked.split(" ")
    line = logged(server, caplog, method, path)
    assert (line["method"], line["path"], line["status"]) == (method, shown, status)
