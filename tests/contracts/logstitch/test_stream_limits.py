"""The limits of anonymous streams: each exact, with its own message and the time to come back."""

from collections.abc import Callable

import pytest
from httpx2 import Response
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from logserver.app import Application
from tests.contracts.logstitch.streaming import (
    CARD,
    DAY,
    claim,
    event,
    info,
    master_key,
    numbered_token,
    send,
    sent,
    several,
    token,
    totals,
)
from tests.fakes import FakeClock
from tests.serving import Serve, Server
from tests.serving import settings as quiet

TOKEN = "a1b2c3d4-e5f6-4a7b-8c9d-0e1f2a3b4c5d"
MANY = 10_000_000


@pytest.fixture
def server(serve: Serve) -> Server:
    """One whose senders may come as often as they like."""
    return serve(stream_requests_per_minute=MANY, streams_per_day=MANY)


def refusal(answer: Response) -> tuple[str, int, int, int]:
    """The message of a 429, and what its headers say: seconds to wait, the limit, what is left of it."""
    assert answer.status_code == 429, answer.text
    error = answer.json()["error"]
    assert error.keys() == {"code", "message"}
    assert error["code"] == "rate_limited"
    names = ("retry-after", "x-ratelimit-limit", "x-ratelimit-remaining")
    told = [int(answer.headers[name]) for name in names]
    return error["message"], told[0], told[1], told[2]


REQUESTS = "Too many requests: 30 a minute are allowed from one address"


def test_thirty_requests_a_minute_whatever_becomes_of_them(serve: Serve) -> None:
    server = serve()
    asked: list[Callable[[], Response]] = [
        lambda: send(server, TOKEN, event()),
        lambda: info(server, TOKEN),
        lambda: info(server, token()),
        lambda: send(server, "no-token", event()),
        lambda: info(server, "no-token"),
        lambda: send(server, TOKEN, b"{"),
        lambda: send(server, TOKEN, b"x" * 600_000),
        lambda: send(server, TOKEN, event(action="X")),
        lambda: send(server, TOKEN, b"x", {"Content-Encoding": "br"}),
        lambda: send(server, "{token}", event()),
    ]
    answers = [ask() for _ in range(3) for ask in asked]
    assert [answer.status_code for answer in answers] == [201, 200, 404, 422, 422, 400, 413, 422, 415, 422] * 3
    assert [int(answer.headers["x-ratelimit-remaining"]) for answer in answers] == list(range(29, -1, -1))
    server.clock.turn(20)
    assert {refusal(ask()) for ask in asked} == {(REQUESTS, 40, 30, 0)}
    server.clock.turn(39.75)
    assert refusal(info(server, TOKEN)) == (REQUESTS, 1, 30, 0)
    assert info(server, TOKEN).json()["request_id"].startswith("req_")
    server.clock.turn(0.25)
    assert info(server, TOKEN).json()["event_count"] == 3


def test_a_refused_request_is_counted_before_its_body_is_read(serve: Serve) -> None:
    server = serve(stream_requests_per_minute=1)
    assert send(server, TOKEN, b"x" * 600_000).status_code == 413
    assert send(server, TOKEN, b"x" * 600_000).status_code == 429


def test_known_senders_are_not_counted_with_strangers(serve: Serve) -> None:
    server = serve(stream_requests_per_minute=1)
    sender = server.sender()
    sent(server, TOKEN, event())
    assert send(server, TOKEN, event()).status_code == 429
    assert server.post("/api/v1/events", event(), sender.token).status_code == 201
    assert claim(server, TOKEN, master_key(server, sender.project)).status_code == 200


def behind(address: str) -> dict[str, str]:
    return {"X-Forwarded-For": address}


@pytest.fixture
def proxied(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> Server:
    server = serve(stream_requests_per_minute=1, trusted_proxies="10.0.0.0/8")
    monkeypatch.setattr(server.client._transport, "client", ("10.0.0.1", 4711))  # noqa: SLF001 - the peer's address is the transport's
    return server


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("203.0.113.7", "203.0.113.7", True),
        ("203.0.113.7", "203.0.113.8", False),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:203.0.113.7", "203.0.113.7", True),
        ("198.51.100.1, 203.0.113.7", "198.51.100.2, 203.0.113.7", True),
        ("203.0.113.7, 10.1.2.3", "203.0.113.7", True),
        ("nonsense", "more nonsense", True),
    ],
)
def test_a_source_is_an_address_or_an_ipv6_network(proxied: Server, first: str, second: str, same: bool) -> None:  # noqa: FBT001 - a column of the table
    assert info(proxied, TOKEN, behind(first)).status_code == 404
    assert info(proxied, TOKEN, behind(second)).status_code == (429 if same else 404)


def test_what_others_say_of_themselves_is_not_believed(serve: Serve) -> None:
    server = serve(stream_requests_per_minute=1)
    assert info(server, TOKEN, behind("203.0.113.7")).status_code == 404
    assert info(server, TOKEN, behind("203.0.113.8")).status_code == 429


def test_new_streams_are_counted_by_source(proxied: Server) -> None:
    made = 0
    for host in range(12):
        headers = behind(f"2001:db8:1:2::{host}")
        proxied.clock.turn(60)
        made += send(proxied, token(), event(), headers).status_code == 201
    assert made == 10
    assert send(proxied, token(), event(), behind("2001:db8:1:3::1")).status_code == 201
    sources = {source for (source,) in proxied.rows("SELECT source FROM streams")}
    assert len(sources) == 2
    assert not [source for source in sources if b"2001" in source]


DAILY = "Too many events: a stream takes 100 in 24 hours"


def test_a_hundred_events_in_a_day(server: Server) -> None:
    sent(server, TOKEN, several(60))
    server.clock.turn(3_600)
    sent(server, TOKEN, several(39))
    assert refusal(send(server, TOKEN, several(2))) == (DAILY, 82_800, 100, 1)
    sent(server, TOKEN, event())
    assert refusal(send(server, TOKEN, event())) == (DAILY, 82_800, 100, 0)
    assert refusal(send(server, TOKEN, several(61))) == (DAILY, 86_400, 100, 0)
    server.clock.turn(82_799.999)
    assert refusal(send(server, TOKEN, event())) == (DAILY, 1, 100, 0)
    assert info(server, TOKEN).json()["event_count"] == server.count("stream_events") == 100
    server.clock.turn(0.001)
    assert refusal(send(server, TOKEN, several(61))) == (DAILY, 3_600, 100, 60)
    sent(server, TOKEN, several(60))
    assert info(server, TOKEN).json()["event_count"] == 160


def test_each_stream_has_a_day_of_its_own(server: Server) -> None:
    sent(server, TOKEN, several(100))
    sent(server, token(), several(100))


def test_an_array_that_never_fits_is_told_to_wait_a_day(serve: Serve) -> None:
    server = serve(stream_events_per_day=5)
    assert refusal(send(server, TOKEN, several(6))) == ("Too many events: a stream takes 5 in 24 hours", 86_400, 5, 5)
    assert totals(server) == (0, 0)


LIFETIME = "Too many events: a stream takes 500 in its lifetime"


def test_five_hundred_events_in_a_lifetime(server: Server) -> None:
    for _ in range(5):
        sent(server, TOKEN, several(99))
        server.clock.turn(DAY)
    assert refusal(send(server, TOKEN, several(6))) == (LIFETIME, 2 * 86_400, 500, 5)
    sent(server, TOKEN, several(5))
    server.clock.turn(DAY + 0.5)
    assert refusal(send(server, TOKEN, event())) == (LIFETIME, 86_400, 500, 0)
    assert info(server, TOKEN).json()["event_count"] == server.count("stream_events") == 500


def test_repeated_keys_cost_no_events(serve: Serve) -> None:
    server = serve(stream_events_per_day=2, stream_events=3)
    first = sent(server, TOKEN, [event(idempotency_key="a"), event(idempotency_key="b")])
    assert sent(server, TOKEN, [event(idempotency_key="b"), event(idempotency_key="a")]) == first[::-1]
    assert send(server, TOKEN, [event(idempotency_key="a"), event()]).status_code == 429
    server.clock.turn(DAY)
    again = sent(server, TOKEN, [event(idempotency_key="a"), *[event(idempotency_key="c")] * 9])
    assert again[0] == first[0]
    assert len(set(again)) == 2
    assert sent(server, TOKEN, event(idempotency_key="a")) == first[:1]
    assert info(server, TOKEN).json()["event_count"] == 3


STREAMS = "Too many new streams: 10 in 24 hours are allowed from one address"


def test_ten_new_streams_in_a_day(serve: Serve) -> None:
    server = serve(stream_requests_per_minute=MANY)
    sender = server.sender()
    for number in range(10):
        sent(server, numbered_token(number), event())
        server.clock.turn(60)
    claim(server, numbered_token(0), master_key(server, sender.project))
    assert refusal(send(server, TOKEN, event())) == (STREAMS, 86_400 - 600, 10, 0)
    assert info(server, TOKEN).status_code == 404
    sent(server, numbered_token(9), event())
    server.clock.turn(DAY - 600 - 0.001)
    assert refusal(send(server, TOKEN, event())) == (STREAMS, 1, 10, 0)
    server.clock.turn(0.001)
    sent(server, TOKEN, event())
    assert refusal(send(server, token(), event())) == (STREAMS, 60, 10, 0)
    assert server.count("streams") == 11


def test_a_refused_stream_is_none_of_the_ten(serve: Serve) -> None:
    server = serve(streams_per_day=1)
    for body in ({}, several(101), event(tenant_id=CARD)):
        assert send(server, token(), body).status_code == 422
    sent(server, TOKEN, event())
    assert send(server, token(), event()).status_code == 429


STEPS = st.lists(
    st.tuples(st.integers(0, 2), st.integers(1, 6), st.lists(st.sampled_from("abc"), max_size=2), st.integers(0, 40)),
    max_size=20,
)


@settings(max_examples=30, deadline=None)
@given(steps=STEPS)
def test_a_model_counts_the_same(
    steps: list[tuple[int, int, list[str], int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Streams against a model of dicts: of each, the receive times and the keys."""
    clock = FakeClock()
    app = Application(
        quiet(
            tmp_path_factory.mktemp("model") / "data",
            stream_requests_per_minute=MANY,
            stream_events_per_day=10,
            stream_events=25,
            streams_per_day=2,
        ),
        clock,
    )
    model: dict[int, tuple[int, list[int], dict[str, str]]] = {}
    with TestClient(app) as client:
        server = Server(app, client, clock)
        for which, n, keys, hours in steps:
            now = clock.now_ms()
            events = several(n) + [event(idempotency_key=key) for key in keys]
            made, times, known = model.get(which, (now, [], {}))
            fresh = n + len({key for key in keys if key not in known})
            recent = [at for at in times if at > now - DAY * 1000]
            others = [first for first, _, _ in model.values() if first > now - DAY * 1000]
            if now >= made + 7 * DAY * 1000:
                expected = 410
            elif (which not in model and len(others) == 2) or len(times) + fresh > 25 or len(recent) + fresh > 10:
                expected = 429
            else:
                expected = 201
            answer = send(server, numbered_token(which), events)
            assert answer.status_code == expected, answer.text
            if expected == 201:
                ids = answer.json()["ids"]
                assert all(known.get(key, public) == public for key, public in zip(keys, ids[n:], strict=True))
                model[which] = made, times + [now] * fresh, known | dict(zip(keys, ids[n:], strict=True))
            clock.turn(hours * 3_600)
        stored = {numbered_token(which): len(times) for which, (_, times, _) in model.items()}
        assert server.count("stream_events") == sum(stored.values())
