"""How often groups occurred and whom they affected, as ingest counts it."""

import pytest

from logserver.core.errors import inbox
from logserver.core.errors.groups import Group
from logserver.core.errors.inbox import Filter
from logserver.core.retention import Retention
from logserver.store import occurrences
from logserver.store.database import snapshot
from logserver.store.occurrences import HOUR_MS, MOST_USERS
from tests import agreement
from tests.contracts.logister.sending import BATCH, EVENTS, NDJSON, event, lines, uuid
from tests.fakes import START_MS
from tests.serving import Sender, Server

DAY = 86_400


def error(message: str = "boom", **values: object) -> dict[str, object]:
    return event(event_type="error", message=message, **values)


def send(server: Server, sender: Sender, *errors: dict[str, object]) -> None:
    for each in errors:
        assert server.post(EVENTS, each, sender.token).status_code == 201


def group_of(server: Server, sender: Sender) -> Group:
    with snapshot(server.folder) as tx:
        (group,) = inbox.page(
            tx, sender.project.number, Filter(status="all"), limit=10, now_ms=server.clock.now_ms()
        ).groups
    return group


def hours_of(server: Server, sender: Sender, group: Group, hours: int) -> list[int]:
    with snapshot(server.folder) as tx:
        until = server.clock.now_ms() // HOUR_MS * HOUR_MS + HOUR_MS
        return inbox.hours(tx, sender.project.number, [group.id], until - hours * HOUR_MS, until)[group.id]


def test_every_hour_is_counted_by_itself(server: Server, sender: Sender) -> None:
    send(server, sender, error(), error())
    server.clock.turn(7_200)
    send(server, sender, error())
    assert hours_of(server, sender, group_of(server, sender), 4) == [0, 2, 0, 1]
    assert agreement.check(server.folder) == 3


def test_an_error_counts_in_the_hour_in_which_it_happened(server: Server, sender: Sender) -> None:
    send(server, sender, error(), error(occurred_at=server.clock.now_ms() - 3 * HOUR_MS))
    assert hours_of(server, sender, group_of(server, sender), 4) == [1, 0, 0, 1]


@pytest.mark.parametrize(
    ("users", "n"),
    [
        (["u1", "u1"], 1),
        (["u1", "u2"], 2),
        ([1, "1"], 1),
        ([None, ""], 0),
        ([True, 1.5, ["u"], {"id": "u"}], 0),
        (["x" * 300, "x" * 256 + "y"], 1),
        (["\U0001f600", "\u00e9"], 2),
    ],
    ids=["the same", "two", "number and text", "nobody", "no ids", "alike as far as is looked", "any text"],
)
def test_users_are_told_apart(server: Server, sender: Sender, users: list[object], n: int) -> None:
    send(server, sender, *(error(context={"user_id": user}) for user in users))
    assert group_of(server, sender).users == n


def test_a_user_counts_once_in_each_group_and_in_one_batch(server: Server, sender: Sender) -> None:
    made = [error(f"boom {n % 2}", uuid=uuid(n), context={"user_id": n % 3}) for n in range(1, 13)]
    assert server.post(BATCH, lines(*made), sender.token, NDJSON).status_code == 202
    assert server.post(BATCH, lines(*made[:3]), sender.token, NDJSON).status_code == 202
    assert sorted(server.rows("SELECT n, users FROM error_groups")) == [(6, 3), (6, 3)]
    assert agreement.check(server.folder) == 12


def test_a_request_that_fails_counts_nothing(server: Server, sender: Sender) -> None:
    send(server, sender, event(uuid=uuid(1), message="a log"))
    mixed = [
        error(uuid=uuid(2), context={"user_id": "u"}),
        event(uuid=uuid(1), event_type="span", name="s", trace_id="t", span_id="s", duration_ms=1),
    ]
    assert server.post(BATCH, lines(*mixed), sender.token, NDJSON).status_code == 422
    assert (server.count("group_hours"), server.count("group_users"), server.count("error_groups")) == (0, 0, 0)
    send(server, sender, error(context={"user_id": "u"}))
    assert group_of(server, sender).users == 1


def test_no_more_than_a_number_of_users_is_remembered(server: Server, sender: Sender) -> None:
    send(server, sender, error(context={"user_id": "first"}))
    server.write(lambda tx: tx.execute("UPDATE error_groups SET users = ?", (MOST_USERS - 1,)))
    send(server, sender, *(error(context={"user_id": user}) for user in ("a", "b", "c")))
    assert group_of(server, sender).users == MOST_USERS
    assert server.count("group_users") == 2


def test_what_is_counted_goes_with_its_events(server: Server) -> None:
    sender = server.sender(retention_days=1)
    send(server, sender, error(context={"user_id": "u"}))
    server.clock.turn(DAY // 2)
    send(server, sender, error(context={"user_id": "u"}))
    server.clock.turn(DAY * 3 // 4)
    expire(server)
    assert (server.count("group_hours"), server.count("group_users")) == (1, 1)
    assert agreement.check(server.folder) == 1
    server.clock.turn(DAY)
    expire(server)
    assert (server.count("group_hours"), server.count("group_users")) == (0, 0)
    group = group_of(server, sender)
    assert (group.n, group.users) == (2, 1)
    send(server, sender, error(context={"user_id": "u"}))
    assert group_of(server, sender).users == 2, "who was forgotten is counted again"


def expire(server: Server) -> None:
    while server.write(Retention(server.app.trail.retire).expire, server.clock.now_ms()):
        pass


def test_hours_of_another_project_are_not_told(server: Server, sender: Sender) -> None:
    send(server, sender, error())
    group, other = group_of(server, sender), server.sender()
    hour = START_MS // HOUR_MS
    with snapshot(server.folder) as tx:
        assert occurrences.hours(tx, other.project.number, [group.id], hour, hour + 1) == {}
        assert occurrences.hours(tx, sender.project.number, [group.id], hour, hour + 1) == {(group.id, hour): 1}
        assert occurrences.hours(tx, sender.project.number, [group.id], hour + 1, hour + 9) == {}
