import pytest

from logserver.core.retention import Retention
from logserver.core.retention import tidy as tidy_up
from tests import agreement
from tests.contracts.logister.sending import (
    BATCH,
    EVENTS,
    MOBILE_TOKENS,
    NDJSON,
    event,
    lines,
    mobile_token,
    span,
    uuid,
)
from tests.fakes import START_MS
from tests.serving import Sender, Server

DAY = 86_400


def fill(server: Server, sender: Sender, count: int, first: int = 1) -> None:
    """So many events of all kinds, each with a uuid, over some minutes."""
    kinds = [
        lambda n: event(uuid=uuid(n), event_type="error", message=f"boom {n % 5}", context={"n": n, "k": ["a", "b"]}),
        lambda n: event(uuid=uuid(n), event_type="metric", message=f"m{n % 3}", context={"value": n}),
        lambda n: span(uuid=uuid(n), span_id=f"s{n}", started_at=server.clock.now_ms()),
        lambda n: event(
            uuid=uuid(n), message="caf\u00e9 \U0001f600 \x00 \ue0ff", environment=f"env{n % 4}", level="warning"
        ),
    ]
    for start in range(first, first + count, 100):
        body = [kinds[n % 4](n) for n in range(start, min(start + 100, first + count))]
        assert server.post(BATCH, lines(*body), sender.token, NDJSON).json()["accepted"] == len(body)
        server.clock.turn(17)


def expire(server: Server) -> bool:
    return server.write(Retention(server.app.trail.retire).expire, server.clock.now_ms())


def test_a_pass_deletes_at_most_two_hundred_rows_with_everything_kept_of_them(server: Server) -> None:
    sender = server.sender(retention_days=1)
    fill(server, sender, 450)
    server.clock.turn(2 * DAY)
    fill(server, sender, 30, first=1_001)
    left = []
    while expire(server):
        left.append(server.count("events"))
    assert left[:3] == [280, 80, 30]
    assert agreement.check(server.folder) == 30
    assert {each.received > START_MS + DAY * 1_000 for each in server.events(sender.project)} == {True}


def test_words_counts_and_identities_agree_after_each_pass(server: Server) -> None:
    sender = server.sender(retention_days=1)
    for number in range(1, 301):
        made = event(uuid=uuid(number), message=f"m {number}", context={"a": number, "b": {"c": [True, "x" * 200]}})
        assert server.post(EVENTS, made, sender.token).status_code == 201
    server.clock.turn(2 * DAY)
    assert agreement.check(server.folder) == 300
    assert expire(server)
    assert agreement.check(server.folder) == 100
    assert expire(server)
    assert agreement.check(server.folder) == 0
    assert not expire(server)
    assert not server.count("all_identities")
    assert not server.count("counts")


def test_series_and_their_names_go_with_their_last_minute(server: Server) -> None:
    sender = server.sender(retention_days=1)
    for name in ("old", "kept"):
        server.post(EVENTS, event(event_type="metric", message=name, context={"value": 1}), sender.token)
    server.clock.turn(2 * DAY)
    server.post(EVENTS, event(event_type="metric", message="kept", context={"value": 2}), sender.token)
    while expire(server):
        pass
    assert server.rows("SELECT name FROM series") == [("kept",)]
    assert server.rows("SELECT value FROM vocabulary WHERE kind = 'name'") == [("kept",)]
    server.post(EVENTS, event(event_type="metric", message="old", context={"value": 3}), sender.token)
    assert agreement.check(server.folder) == 2


def test_each_project_keeps_for_its_own_time(server: Server) -> None:
    short, long = server.sender(retention_days=1), server.sender(retention_days=30)
    fill(server, short, 20)
    fill(server, long, 20)
    server.clock.turn(2 * DAY)
    while expire(server):
        pass
    assert (len(server.events(short.project)), len(server.events(long.project))) == (0, 20)
    assert agreement.check(server.folder) == 20


@pytest.mark.parametrize(("seconds", "left"), [(DAY - 30.25, 1), (DAY + 29.625, 1), (DAY + 29.75, 0)])
def test_whole_minutes_are_cut(server: Server, seconds: float, left: int) -> None:
    sender = server.sender(retention_days=1)
    server.post(EVENTS, event(), sender.token)
    server.clock.turn(seconds)
    expire(server)
    assert len(server.events(sender.project)) == left


def test_an_identity_is_free_again_once_its_event_is_gone(server: Server) -> None:
    sender = server.sender(retention_days=1)
    both = lines(event(uuid=uuid(1)), span(uuid=uuid(2)))
    server.post(BATCH, both, sender.token, NDJSON)
    server.clock.turn(2 * DAY)
    while expire(server):
        pass
    assert server.post(BATCH, both, sender.token, NDJSON).json()["accepted"] == 2
    assert agreement.check(server.folder) == 2


def test_error_groups_stay_with_their_counts(server: Server) -> None:
    sender = server.sender(retention_days=1)
    for _ in range(3):
        server.post(EVENTS, event(event_type="error"), sender.token)
    server.clock.turn(2 * DAY)
    while expire(server):
        pass
    assert not server.count("events")
    assert server.rows("SELECT title, n FROM error_groups") == [("hello", 3)]


def test_what_is_kept_for_a_while_goes(server: Server, sender: Sender) -> None:
    server.post(EVENTS, event(), sender.token)
    server.post(EVENTS, event(), sender.token)
    server.post(MOBILE_TOKENS, mobile_token(expires_in_seconds=60), sender.token)

    def tidy(seconds: float) -> tuple[int, int]:
        server.clock.turn(seconds)
        server.write(tidy_up, server.clock.now_ms())
        return server.count("arrivals"), server.count("tokens")

    assert tidy(3_600) == (2, 2)
    # The newest is kept, whatever its age: its number is where the next one goes on.
    assert tidy(0.001) == (1, 2)
    assert tidy(60 + DAY - 3_600) == (1, 1)
    assert server.post(EVENTS, event(), sender.token).status_code == 201


def test_alerts_are_dropped_after_a_year(server: Server, sender: Sender) -> None:
    server.post(EVENTS, event(event_type="error"), sender.token)
    server.clock.turn(365 * DAY)
    server.write(tidy_up, server.clock.now_ms())
    assert server.count("alerts") == 1
    server.clock.turn(0.001)
    assert server.write(tidy_up, server.clock.now_ms()) is False
    assert server.count("alerts") == 0
