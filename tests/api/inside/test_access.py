"""Who is told what the server says of itself: programs on its machine, and whoever has the token."""

import pytest

from tests.api.inside.scraping import PATH, TOKEN, asked
from tests.serving import Serve

HERE = {"peer": "127.0.0.1", "host": "localhost:8080"}
THERE = {"peer": "192.0.2.7", "host": "logs.example.com"}

PROXIES = [
    {"X-Forwarded-For": "192.0.2.1"},
    {"X-Forwarded-For": "127.0.0.1"},
    {"X-Real-IP": "127.0.0.1"},
    {"X-Forwarded-Proto": "https"},
    {"Forwarded": "for=127.0.0.1"},
    {"Via": "1.1 proxy"},
    {"Host": "logs.example.com"},
    {"Origin": "https://evil.example"},
]
"""What is in a request that a proxy, or a page of another origin, has made on this machine."""


@pytest.mark.parametrize("token", ["", TOKEN])
def test_a_program_on_the_machine_needs_no_token(serve: Serve, token: str) -> None:
    server = serve(**HERE, metrics_token=token)
    answer = asked(server)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("trusted", ["", "127.0.0.1"])
def test_what_came_through_a_proxy_needs_the_token(serve: Serve, trusted: str) -> None:
    server = serve(**HERE, trusted_proxies=trusted, metrics_token=TOKEN)
    for headers in PROXIES:
        refused = asked(server, headers=headers)
        assert refused.status_code == 401, headers
        assert refused.headers["www-authenticate"] == "Bearer"
        assert "logserver_" not in refused.text
        assert asked(server, TOKEN, headers).status_code == 200, headers


def test_from_elsewhere_the_token_is_needed(serve: Serve) -> None:
    server = serve(**THERE, metrics_token=TOKEN)
    assert asked(server).status_code == 401
    assert asked(server, TOKEN).status_code == 200
    assert server.client.get(PATH, headers={"X-Api-Key": TOKEN}).status_code == 200
    for wrong in (TOKEN[:-1], TOKEN + "x", TOKEN.upper(), "", "é"):
        answer = server.client.get(PATH, headers={b"Authorization": b"Bearer " + wrong.encode()})
        assert answer.status_code == 401
        assert TOKEN not in answer.text


def test_without_a_token_of_the_settings_nobody_elsewhere_is_told(serve: Serve) -> None:
    server = serve(**THERE)
    sender = server.sender()
    master = server.token(sender.project, "master")
    assert [asked(server, token).status_code for token in (None, "", sender.token, master)] == [401] * 4


def test_a_wrong_token_is_refused_on_the_machine_too(serve: Serve) -> None:
    server = serve(**HERE, metrics_token=TOKEN)
    assert asked(server, "an old one, still in a file").status_code == 401


def test_who_guesses_is_stopped(serve: Serve) -> None:
    server = serve(**THERE, metrics_token=TOKEN, public_api_auth_failure_rate_limit_requests=3)
    assert [asked(server, f"guess {n}").status_code for n in range(5)] == [401, 401, 401, 429, 429]
    late = asked(server, TOKEN)
    assert (late.status_code, late.headers["retry-after"]) == (429, "60")
    server.clock.turn(60)
    assert asked(server, TOKEN).status_code == 200


def test_it_cannot_be_posted_to(serve: Serve) -> None:
    server = serve(**HERE)
    assert server.client.post(PATH).status_code == 405
