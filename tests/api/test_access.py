"""What the access log calls the paths of requests: nothing a sender put into one is among it."""

import logging

import pytest

from tests.serving import Serve, Server

SECRET = "4111111111111111"


@pytest.fixture
def logging_server(serve: Serve) -> Server:
    return serve(access_log="text")


@pytest.mark.parametrize(
    ("method", "path", "shown"),
    [
        ("POST", "/api/v1/events", "/api/v1/events"),
        ("POST", "/api/v1/events.json/", "/api/v1/events"),
        ("GET", f"/api/v1/events?search={SECRET}", "/api/v1/events"),
        ("PATCH", f"/api/v1/alerts/{SECRET}", "/api/v1/alerts/{id}"),
        ("GET", f"/api/v1/alerts/{SECRET}", "/api/v1/alerts/{id}"),
        ("DELETE", f"/api/v1/redaction/rules/{SECRET}", "/api/v1/redaction/rules/{id}"),
        ("GET", f"/api/v1/redaction/{SECRET}", "/api/v1/redaction/..."),
        ("POST", f"/api/v1/ingest_events/{SECRET}", "/api/v1/ingest_events/..."),
        ("GET", f"/api/v1/{SECRET}/{SECRET}", "/api/v1/..."),
        ("GET", f"/{SECRET}", "/..."),
        ("GET", "/", "/"),
        ("GET", "/api/v1", "/api/v1"),
        ("GET", f"/docs/{SECRET}", "/..."),
        ("GET", "/docs", "/docs"),
        ("GET", "/healthz", "/healthz"),
        ("OPTIONS", f"/api/v1/{SECRET}", "/api/v1/..."),
    ],
)
def test_a_path_is_called_as_it_is_declared(
    logging_server: Server, caplog: pytest.LogCaptureFixture, method: str, path: str, shown: str
) -> None:
    caplog.set_level(logging.INFO, "logserver.access")
    origin = {"Origin": "https://app.example", "Access-Control-Request-Method": "POST"}
    headers = origin if method == "OPTIONS" else {}
    logging_server.client.request(method, path, headers=headers, follow_redirects=False)
    (line,) = [entry.getMessage() for entry in caplog.records if entry.name == "logserver.access"]
    assert line.split(" ")[1:3] == [method, shown]


TOKEN = "a1b2c3d4-e5f6-4a7b-8c9d-0e1f2a3b4c5d"


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        (f"GET /api/v1/streams/{TOKEN}/info", "/api/v1/streams/{token}/info"),
        (f"GET /api/v1/streams/{TOKEN.upper()}/info/", "/api/v1/streams/{token}/info"),
        (f"POST /api/v1/streams/{TOKEN}/events", "/api/v1/streams/{token}/events"),
        ("POST /api/v1/streams/e/events", "/api/v1/streams/{token}/events"),
        (f"PUT /api/v1/streams/{TOKEN}/events", "/api/v1/streams/{token}/events"),
        (f"GET /api/v1/streams/{TOKEN}/nothing", "/api/v1/streams/..."),
        (f"POST /v1/streams/{TOKEN}/events", "/v1/..."),
        (f"GET /streams//{TOKEN}.json?token={TOKEN}", "/..."),
    ],
)
def test_a_claim_token_is_not_in_the_log(
    logging_server: Server, caplog: pytest.LogCaptureFixture, asked: str, shown: str
) -> None:
    caplog.set_level(logging.INFO, "logserver.access")
    method, path = asked.split(" ")
    logging_server.client.request(method, path)
    (line,) = [entry.getMessage() for entry in caplog.records if entry.name == "logserver.access"]
    assert line.split(" ")[1:3] == [method, shown]
    assert TOKEN not in line.lower()
