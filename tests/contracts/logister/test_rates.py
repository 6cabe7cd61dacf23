"""How often a token may come: fixed windows, per token and endpoint."""

import pytest

from logserver.core import projects
from tests.contracts.logister.sending import BATCH, DOORS, EVENTS, NDJSON, Door, event, identified, lines, written
from tests.fakes import START_MS
from tests.serving import Sender, Serve, Server

RESET = str(-(-(START_MS + 60_000) // 1000))


@pytest.fixture
def server(serve: Serve) -> Server:
    return serve(public_api_rate_limit_requests=3)


def remaining(server: Server, door: Door, token: str) -> tuple[int, str]:
    answer = server.post(door.path, door.body, token, door.headers)
    return answer.status_code, answer.headers["x-ratelimit-remaining"]


def test_the_window_is_exact(server: Server, sender: Sender, door: Door) -> None:
    for left in "210":
        answer = server.post(door.path, door.body, sender.token, door.headers)
        assert answer.status_code == door.status
        assert answer.headers["x-ratelimit-limit"] == "3"
        assert answer.headers["x-ratelimit-remaining"] == left
        assert answer.headers["x-ratelimit-reset"] == RESET
        server.clock.turn(10)
    before = written(server, sender.project)
    for wait, retry_after in ((0, 30), (0.25, 30), (0.75, 29), (28.75, 1)):
        server.clock.turn(wait)
        answer = server.post(door.path, door.body, sender.token, door.headers)
        assert answer.status_code == 429
        assert answer.json() == {
            "error": "Rate limit exceeded",
            "limit": 3,
            "window_seconds": 60,
            "retry_after": retry_after,
        }
        assert answer.headers["retry-after"] == str(retry_after)
        assert answer.headers["x-ratelimit-limit"] == "3"
        assert answer.headers["x-ratelimit-remaining"] == "0"
        assert answer.headers["x-ratelimit-reset"] == RESET
    assert written(server, sender.project) == before
    server.clock.turn(0.25)
    assert remaining(server, door, sender.token) == (door.status, "2")


def test_each_token_has_a_window_of_its_own(server: Server, sender: Sender, door: Door) -> None:
    second = server.token(sender.project)
    for _ in range(3):
        remaining(server, door, sender.token)
    assert remaining(server, door, sender.token) == (429, "0")
    assert remaining(server, door, second) == (door.status, "2")


def test_each_endpoint_has_a_window_of_its_own(server: Server, sender: Sender, door: Door) -> None:
    for _ in range(4):
        server.post(door.path, door.body, sender.token, door.headers)
    for other in DOORS.values():
        if other != door:
            assert remaining(server, other, sender.token) == (other.status, "2")


def test_a_step_of_the_wall_clock_does_not_move_the_window(server: Server, sender: Sender, door: Door) -> None:
    for _ in range(3):
        remaining(server, door, sender.token)
    server.clock.set_back(3_600)
    assert remaining(server, door, sender.token) == (429, "0")
    server.clock.turn(60)
    assert remaining(server, door, sender.token) == (door.status, "2")


def test_a_project_may_have_limits_of_its_own(server: Server, sender: Sender, door: Door) -> None:
    server.administer(projects.set_values, sender.project.slug, rate_limit=(1, 10))
    assert remaining(server, door, sender.token) == (door.status, "0")
    refused = server.post(door.path, door.body, sender.token, door.headers)
    assert refused.json() == {"error": "Rate limit exceeded", "limit": 1, "window_seconds": 10, "retry_after": 10}
    server.clock.turn(10)
    assert remaining(server, door, sender.token) == (door.status, "0")
    server.administer(projects.set_values, sender.project.slug, default_rate_limit=True)
    server.clock.turn(10)
    assert remaining(server, door, sender.token) == (door.status, "2")


def test_a_batch_counts_its_envelopes_and_a_refused_one_none(server: Server, sender: Sender) -> None:
    def send(events: int) -> tuple[int, str | None]:
        answer = server.post(BATCH, lines(*identified(events)), sender.token, NDJSON)
        return answer.status_code, answer.headers.get("x-ratelimit-remaining")

    assert send(2) == (202, "1")
    assert send(2)[0] == 429
    assert send(4)[0] == 429
    assert send(1) == (202, "0")
    assert len(server.events(sender.project)) == 2


@pytest.mark.parametrize("body", [{}, event(message="")], ids=["400", "422"])
def test_a_refused_event_counts_and_tells_where_the_sender_stands(server: Server, sender: Sender, body: object) -> None:
    answers = [server.post(EVENTS, body, sender.token) for _ in range(4)]
    assert [answer.headers["x-ratelimit-remaining"] for answer in answers] == ["2", "1", "0", "0"]
    assert answers[3].status_code == 429
