"""Who is on the server's own machine, and who only looks like it."""

import pytest

from logserver.api.gate import Gate, Rates
from logserver.api.loopback import is_local
from logserver.api.request import Request
from logserver.core.clock import SystemClock
from logserver.core.credentials import Credentials
from tests.serving import Server


def local(server: Server, peer: str | None, trusted: str = "", *, version: str = "1.1", **headers: str) -> bool:
    clock = SystemClock()
    gate = Gate(Credentials(server.app.database, clock), clock, Rates(), trusted.split(",") if trusted else [])
    sent = {"host": "localhost:8080"} | {name.replace("_", "-"): value for name, value in headers.items()}
    raw = [(name.encode(), value.encode()) for name, value in sent.items()]
    return is_local(gate, Request("/", raw, (peer, 40_000) if peer is not None else None, version=version))


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])
@pytest.mark.parametrize("host", ["localhost", "localhost:8080", "127.0.0.1:1", "[::1]:8080", "0.0.0.0:8080"])
def test_a_program_on_the_machine(server: Server, peer: str, host: str) -> None:
    assert local(server, peer, host=host)
    assert local(server, peer, host=host, origin=f"http://{host}")


@pytest.mark.parametrize("peer", ["192.0.2.1", "10.0.0.1", "::ffff:192.0.2.1", "fe80::1", "unix", "", None])
def test_another_machine(server: Server, peer: str | None) -> None:
    assert not local(server, peer)
    assert not local(server, peer, x_forwarded_for="127.0.0.1")


@pytest.mark.parametrize(
    "headers",
    [
        {"x_forwarded_for": "192.0.2.1"},
        {"x_forwarded_for": "127.0.0.1"},
        {"x_real_ip": "192.0.2.1"},
        {"forwarded": "for=192.0.2.1"},
        {"x_forwarded_for": ""},
        {"x_forwarded_host": "logs.example.com"},
        {"x_forwarded_proto": "https"},
        {"via": "1.1 proxy"},
        {"version": "1.0"},
    ],
)
def test_a_proxy_that_is_not_trusted_may_speak_for_anybody(server: Server, headers: dict[str, str]) -> None:
    assert not local(server, "127.0.0.1", **headers)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, True),
        ({"x_forwarded_for": "127.0.0.1"}, True),
        ({"x_forwarded_for": "127.0.0.1", "x_real_ip": "127.0.0.1"}, True),
        ({"x_forwarded_for": "192.0.2.1"}, False),
        ({"x_forwarded_for": "127.0.0.1, 192.0.2.1"}, False),
        ({"x_forwarded_for": "127.0.0.1, 10.0.0.7"}, False),
        ({"x_forwarded_for": "unknown"}, False),
        ({"x_forwarded_for": "127.0.0.1", "x_real_ip": "192.0.2.1"}, False),
        ({"forwarded": "for=127.0.0.1"}, False),
        ({"x_forwarded_for": "127.0.0.1", "x_forwarded_proto": "https", "version": "1.0"}, True),
    ],
)
def test_a_trusted_proxy_says_who_sends(server: Server, headers: dict[str, str], expected: bool) -> None:  # noqa: FBT001 - a column of the table
    assert local(server, "127.0.0.1", "127.0.0.1,10.0.0.0/8", **headers) is expected


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "rebound.example:8080"},
        {"host": ""},
        {"host": "[::1"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
    ],
)
def test_a_page_from_elsewhere_does_not_speak_for_who_looks_at_it(server: Server, headers: dict[str, str]) -> None:
    assert not local(server, "127.0.0.1", **headers)
