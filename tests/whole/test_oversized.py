"""Clients that send a whole body before they read anything still hear that it was too large."""

import http.client
from collections.abc import Iterator

import pytest

from tests.whole.process import Server, serving
from tests.whole.shell import create_token

BYTES = 24 * 1_024 * 1_024
"""More than the largest body of any route, and than the buffers of a connection hold."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("oversized")) as running:
        yield running


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/v1/ingest_events", 413),
        ("/api/v1/ingest_events/batch", 413),
        ("/api/v1/events", 413),
        ("/v1/logs", 400),
    ],
)
@pytest.mark.parametrize("announced", [True, False], ids=["announced", "in chunks"])
def test_the_answer_arrives_before_the_connection_ends(
    server: Server, path: str, status: int, *, announced: bool
) -> None:
    token = create_token(server.folder)
    connection = http.client.HTTPConnection(server.base_url.removeprefix("http://"), timeout=30)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    body = b"x" * BYTES
    parts = (body[at : at + 65_536] for at in range(0, BYTES, 65_536))
    connection.request("POST", path, body if announced else parts, headers, encode_chunked=not announced)
    answer = connection.getresponse()
    assert answer.status == status
    assert answer.headers["Connection"] == "close"
    assert answer.read()
    connection.close()
