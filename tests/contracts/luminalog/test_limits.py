"""How often a key may send, and how much a project may be sent in a month."""

from typing import Any

import pytest
from httpx2 import Response

from logserver.core import log_rates, quotas, tokens
from logserver.core.log_rates import LogRate
from tests.contracts.luminalog.sending import entry, raw, send
from tests.fakes import START_MS
from tests.serving import Sender, Serve, Server

NOW = -(-START_MS // 1000)
OCTOBER = 1_790_812_800


def standing(answer: Response) -> tuple[int, ...]:
    return tuple(int(answer.headers[f"x-ratelimit-{name}"]) for name in ("limit", "remaining", "reset"))


def own_rate(server: Server, sender: Sender, **rate: Any) -> None:
    [token] = server.administer(tokens.every, sender.project)
    server.administer(log_rates.change, token.id, LogRate(**rate))


def test_the_usual_bucket(server: Server, sender: Sender) -> None:
    assert standing(send(server, raw(entry()), sender.token)) == (600, 599, NOW)


def test_requests_come_back_one_by_one(serve: Serve) -> None:
    server = serve(logs_rate_limit_per_minute=6, logs_rate_limit_burst=2)
    sender = server.sender()
    answers = [send(server, raw(entry()), sender.token) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert [standing(answer) for answer in answers] == [(2, 1, NOW + 10), (2, 0, NOW + 20), (2, 0, NOW + 20)]
    assert answers[-1].headers["retry-after"] == "10"
    assert answers[-1].json() == {
        "error": "rate_limit_exceeded",
        "message": "Rate limit exceeded: 6 requests a minute, 2 at once",
    }
    server.clock.turn(10)
    assert [send(server, raw(entry()), sender.token).status_code for _ in range(2)] == [200, 429]
    assert len(server.events(sender.project)) == 3


def test_each_key_has_its_own_bucket(serve: Serve) -> None:
    server = serve(logs_rate_limit_per_minute=1, logs_rate_limit_burst=1)
    sender = server.sender()
    second = server.token(sender.project)
    for key in (sender.token, second):
        assert [send(server, raw(entry()), key).status_code for _ in range(2)] == [200, 429]
        assert send(server, raw(entry(), api_key=key)).status_code == 429


@pytest.mark.parametrize(
    ("rate", "limit", "let"),
    [
        ({"burst": 4}, 4, 4),
        ({"per_minute": 1}, 2, 2),
        ({"per_minute": 60_000, "burst": 1}, 1, 1),
        ({"per_minute": 1, "burst": 5}, 5, 5),
    ],
)
def test_a_key_may_have_limits_of_its_own(serve: Serve, rate: dict[str, int], limit: int, let: int) -> None:
    server = serve(logs_rate_limit_per_minute=1, logs_rate_limit_burst=2)
    sender = server.sender()
    own_rate(server, sender, **rate)
    answers = [send(server, raw(entry()), sender.token) for _ in range(let + 1)]
    assert [answer.status_code for answer in answers] == [200] * let + [429]
    assert {standing(answer)[0] for answer in answers} == {limit}


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (raw(), {}, 400),
        (b"{", {}, 400),
        (raw(entry()), {"Content-Encoding": "br"}, 400),
        (b"x", {"Content-Length": str(10**9)}, 400),
        (raw(entry()), {}, 200),
    ],
)
def test_every_answer_to_a_known_sender_says_where_it_stands(
    server: Server, sender: Sender, body: bytes, headers: dict[str, str], status: int
) -> None:
    answer = send(server, body, sender.token, headers)
    assert (answer.status_code, standing(answer)) == (status, (600, 599, NOW))


def test_an_answer_of_a_store_that_is_full_does_so_too(server: Server, sender: Sender) -> None:
    server.app.database.refusing = "the disk is full"
    answer = send(server, raw(entry()), sender.token)
    assert (answer.status_code, standing(answer)) == (503, (600, 599, NOW))
    assert answer.json() == {"error": "unavailable", "message": "the disk is full"}
    assert int(answer.headers["retry-after"]) >= 1
    # What the server could not take is no refusal of the body.
    server.app.database.refusing = None
    assert send(server, raw(entry()), sender.token).status_code == 200


def test_refused_bodies_are_counted(serve: Serve) -> None:
    server = serve(logs_rate_limit_per_minute=1, logs_rate_limit_burst=3)
    sender = server.sender()
    assert [send(server, raw(), sender.token).status_code for _ in range(4)] == [400, 400, 400, 429]


def test_a_quota_takes_exactly_what_it_says(server: Server, sender: Sender) -> None:
    body = raw(entry(), entry(message="another"))
    size = send(server, body, sender.token).json()["bytes_used"]
    server.administer(quotas.limit, sender.project.slug, 3 * size + 1)
    assert send(server, body, sender.token).status_code == 200
    assert send(server, body, sender.token).status_code == 200
    answer = send(server, body, sender.token)
    assert answer.status_code == 429
    assert answer.json() == {
        "error": "quota_exceeded",
        "message": f"Quota exceeded: {3 * size + 1} bytes a month, of which 1 are left, and {size} were sent",
    }
    assert standing(answer) == (3 * size + 1, 1, OCTOBER)
    assert int(answer.headers["retry-after"]) == OCTOBER - START_MS // 1000
    assert len(server.events(sender.project)) == 6
    assert server.rows("SELECT bytes FROM monthly_usage") == [(3 * size,)]
    # The next month, or another quota, and the very same body is taken.
    server.administer(quotas.limit, sender.project.slug, None)
    assert send(server, body, sender.token).status_code == 200
    server.administer(quotas.limit, sender.project.slug, size)
    assert send(server, body, sender.token).status_code == 429
    server.clock.turn(OCTOBER - START_MS // 1000)
    assert send(server, body, sender.token).status_code == 200
    assert send(server, body, sender.token).status_code == 429


def test_what_does_not_fit_leaves_no_trace(server: Server, sender: Sender) -> None:
    server.administer(quotas.limit, sender.project.slug, 10)
    batch = raw(entry(error={"type": "E", "message": "boom"}), entry(level="debug", environment="new"))
    assert send(server, batch, sender.token).status_code == 429
    assert [server.count(table) for table in ("events", "error_groups", "alerts", "counts", "monthly_usage")] == [0] * 5


def test_a_project_has_its_own_quota(server: Server) -> None:
    one, other = server.sender(), server.sender()
    server.administer(quotas.limit, one.project.slug, 1)
    assert send(server, raw(entry()), one.token).status_code == 429
    assert send(server, raw(entry()), other.token).status_code == 200
    # Other contracts' events are not counted.
    body = {"event": {"event_type": "log", "message": "hello"}}
    assert server.post("/api/v1/ingest_events", body, one.token).status_code == 201
