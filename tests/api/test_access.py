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
    logging_server.client.request(method, path, headers=origin if method == "OPTIONS" else {})
    (line,) = [entry.getMessage() for entry in caplog.records if entry.name == "logserver.access"]
    assert line.split(" ")[1:3] == [method, shown]
