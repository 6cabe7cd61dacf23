"""Plain HTTP, refused where the operator says that it is."""

import pytest

from logserver.settings import Settings
from tests.contracts.logister.sending import chunks, exchange
from tests.contracts.luminalog.sending import PATH, entry, raw, send
from tests.serving import Serve, Server


async def through_a_proxy(server: Server, token: str, headers: dict[str, str], address: str) -> int:
    answer = await exchange(server, PATH, chunks([raw(entry())]), {"x-api-key": token, **headers}, address)
    assert answer is not None
    return answer.status


@pytest.mark.parametrize(
    ("values", "required"),
    [
        ({}, False),
        ({"public_url": "https://logs.example.com"}, True),
        ({"public_url": "HTTPS://logs.example.com"}, True),
        ({"public_url": "http://logs.example.com"}, False),
        ({"public_url": "https://logs.example.com", "require_https": "off"}, False),
        ({"require_https": "on"}, True),
    ],
)
def test_when_it_is_required(serve: Serve, values: dict[str, str], required: bool) -> None:  # noqa: FBT001 - a column
    assert Settings(**values).https_required() is required  # type: ignore[arg-type] # only texts
    server = serve(**values)
    sender = server.sender()
    assert send(server, raw(entry()), sender.token).status_code == (403 if required else 200)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({}, False),
        ({"require_https": "on"}, True),
        ({"public_url": "https://logs.example.com"}, True),
        ({"require_https": "on", "trusted_proxies": "192.0.2.0/24"}, False),
    ],
)
def test_an_operator_is_told_that_nothing_can_come_in(
    serve: Serve,
    caplog: pytest.LogCaptureFixture,
    values: dict[str, str],
    told: bool,  # noqa: FBT001 - a column of the table
) -> None:
    serve(**values)
    assert ("all are refused" in caplog.text) is told


def test_plain_http_is_told_so_before_its_key_is_looked_at(serve: Serve) -> None:
    server = serve(require_https="on")
    sender = server.sender()
    for key in (sender.token, "wrong", None):
        answer = send(server, raw(entry(), api_key=sender.token), key)
        assert answer.status_code == 403
        assert answer.json() == {"error": "forbidden", "message": "Plain HTTP is refused here; send over HTTPS"}
    assert server.events(sender.project) == []


@pytest.mark.parametrize(
    ("said", "address", "status"),
    [
        ("https", "10.1.2.3", 200),
        ("HTTPS", "10.1.2.3", 200),
        ("https, https", "10.1.2.3", 200),
        ("http", "10.1.2.3", 403),
        ("https, http", "10.1.2.3", 403),
        ("http, https", "10.1.2.3", 403),
        ("", "10.1.2.3", 403),
        ("https", "203.0.113.7", 403),
    ],
)
def test_only_a_trusted_proxy_is_believed(serve: Serve, said: str, address: str, status: int) -> None:
    server = serve(require_https="on", trusted_proxies="10.0.0.0/8")
    sender = server.sender()
    assert server.run(through_a_proxy, server, sender.token, {"x-forwarded-proto": said}, address) == status
    assert len(server.events(sender.project)) == (status == 200)


def test_other_contracts_take_what_they_took(serve: Serve) -> None:
    server = serve(require_https="on")
    sender = server.sender()
    body = {"event": {"event_type": "log", "message": "hello"}}
    assert server.post("/api/v1/ingest_events", body, sender.token).status_code == 201
