"""Audit events have a retention of their own, and what it leaves can be verified."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logserver.core import projects
from logserver.core.retention import LOOKED_AT_ROWS, Retention
from tests import agreement
from tests.contracts.logister.sending import EVENTS as LOG_EVENTS
from tests.contracts.logister.sending import event as log_event
from tests.contracts.logstitch.asked import EVENTS, ask, event
from tests.contracts.logstitch.trails import DAY, ago, claim, expire, fill, keep, running, send, whole
from tests.fakes import FakeClock
from tests.serving import Sender, Server


def keep_for(server: Server, sender: Sender, days: int | None) -> None:
    server.administer(projects.set_values, sender.project.slug, audit_retention_days=days, keep_audit=days is None)


def logs(server: Server, sender: Sender, count: int) -> None:
    for _ in range(count):
        assert server.post(LOG_EVENTS, log_event(), sender.token).status_code == 201


def types(server: Server, sender: Sender) -> list[str]:
    return [each.type for each in server.events(sender.project)]


def stubs(server: Server) -> list[tuple[int, int]]:
    return [(first, last) for first, last in server.rows("SELECT first, last FROM audit_stubs ORDER BY first")]


def test_audit_events_are_kept_for_ever_while_others_go(server: Server) -> None:
    sender = server.sender(retention_days=1)
    for _ in range(3):
        logs(server, sender, 2)
        fill(server, sender, 2)
    server.clock.turn(400 * DAY)
    expire(server)
    assert types(server, sender) == ["audit"] * 6
    assert agreement.check(server.folder) == 6
    assert whole(server.folder, sender.project).events == 6
    assert stubs(server) == []


def test_what_is_older_than_it_is_kept_leaves_a_stub(server: Server) -> None:
    sender = server.sender(retention_days=30)
    keep_for(server, sender, 2)
    fill(server, sender, 3)
    logs(server, sender, 2)
    server.clock.turn(3 * DAY)
    kept = fill(server, sender, 2)
    expire(server)
    assert types(server, sender) == ["log", "log", "audit", "audit"]
    assert stubs(server) == [(1, 3)]
    found = whole(server.folder, sender.project)
    assert (found.events, found.stubs, found.head.seq) == (2, 1, 5)
    shown = ask(server, "GET", EVENTS, sender.token).json()["events"]
    assert [each["id"] for each in shown] == kept[::-1]
    assert agreement.check(server.folder) == 4


def test_a_key_is_free_again_once_its_event_is_gone(server: Server, sender: Sender) -> None:
    keep_for(server, sender, 1)
    [first] = send(server, sender, event(idempotency_key="k"))
    server.clock.turn(2 * DAY)
    expire(server)
    [again] = send(server, sender, event(idempotency_key="k"))
    assert again != first
    assert agreement.check(server.folder) == 1
    assert whole(server.folder, sender.project).events == 1


def test_an_event_from_before_the_horizon_counts_from_its_receipt(server: Server, sender: Sender) -> None:
    keep_for(server, sender, 5)
    send(server, sender, event(occurred_at=ago(server, 20 * DAY)))
    expire(server)
    assert types(server, sender) == ["audit"]
    server.clock.turn(6 * DAY)
    expire(server)
    assert types(server, sender) == []
    assert whole(server.folder, sender.project).head.seq == 1


def test_stubs_that_touch_become_one(server: Server, sender: Sender) -> None:
    keep_for(server, sender, 10)
    for days in (9, 1, 8, 2, 7):  # arrived in this order
        send(server, sender, event(occurred_at=ago(server, days * DAY)))
    seen: list[list[tuple[int, int]]] = []
    for _ in range(10):
        server.clock.turn(DAY)
        expire(server)
        whole(server.folder, sender.project)
        if not seen or stubs(server) != seen[-1]:
            seen.append(stubs(server))
    assert seen == [[], [(1, 1)], [(1, 1), (3, 3)], [(1, 1), (3, 3), (5, 5)], [(1, 1), (3, 5)], [(1, 5)]]
    assert whole(server.folder, sender.project).head.seq == 5


def test_a_shorter_and_a_longer_retention_take_effect(server: Server, sender: Sender) -> None:
    fill(server, sender, 3)
    server.clock.turn(10 * DAY)
    expire(server)
    keep_for(server, sender, 20)
    expire(server)
    assert server.count("audit_links") == 3
    keep_for(server, sender, 5)
    expire(server)
    assert server.count("audit_links") == 0
    keep_for(server, sender, None)
    fill(server, sender, 1)
    server.clock.turn(900 * DAY)
    expire(server)
    assert whole(server.folder, sender.project).events == 1


def test_passes_are_small_and_each_leaves_a_whole_chain(server: Server, sender: Sender) -> None:
    keep_for(server, sender, 1)
    for _ in range(5):
        send(server, sender, *[event(occurred_at=ago(server, seconds)) for seconds in range(100)])
    server.clock.turn(2 * DAY)
    fill(server, sender, 3)
    keeping = Retention(server.app.trail.retire)
    left = []
    while server.write(keeping.expire, server.clock.now_ms()):
        left.append(whole(server.folder, sender.project).events)
        agreement.check(server.folder)
    assert left[:3] == [453, 403, 353]
    assert left[-1] == 3
    assert stubs(server) == [(1, 500)]


class Counted:
    """A transaction that counts the rows of events that were looked at."""

    def __init__(self, tx: Any) -> None:
        self._tx = tx
        self.batch = tx.batch
        self.looked_at = 0

    def execute(self, sql: str, parameters: Any = ()) -> Any:
        found = self._tx.execute(sql, parameters)
        if not sql.startswith("SELECT id, type FROM events"):
            return found
        rows = found.fetchall()
        self.looked_at += len(rows)
        return _Fetched(rows)

    def executemany(self, sql: str, rows: Any) -> Any:
        return self._tx.executemany(sql, rows)


class _Fetched:
    def __init__(self, rows: list[Any]) -> None:
        self._rows = rows

    def fetchall(self) -> list[Any]:
        return self._rows


def test_what_is_kept_is_not_looked_at_again(server: Server) -> None:
    sender = server.sender(retention_days=1)
    keep_for(server, sender, 100)
    for _ in range(3):
        send(server, sender, *[event()] * 100)
        logs(server, sender, 5)
    server.clock.turn(3 * DAY)
    keeping = Retention(server.app.trail.retire)

    def counted(tx: Any) -> int:
        looking = Counted(tx)
        while keeping.expire(looking, server.clock.now_ms()):  # type: ignore[arg-type] # as much of one as it uses
            pass
        return looking.looked_at

    assert 315 <= server.write(counted) <= LOOKED_AT_ROWS
    assert server.write(counted) == 0
    logs(server, sender, 5)
    server.clock.turn(2 * DAY)
    assert server.write(counted) <= 10
    assert server.count("events") == 300


def test_a_backdated_event_behind_the_sweep_goes_in_its_time(server: Server) -> None:
    sender = server.sender(retention_days=1)
    keep_for(server, sender, 10)
    fill(server, sender, 2)
    server.clock.turn(2 * DAY)
    expire(server)
    send(server, sender, event(occurred_at=ago(server, 9 * DAY)))
    logs(server, sender, 1)
    expire(server)
    assert len(types(server, sender)) == 4
    server.clock.turn(1.1 * DAY)
    expire(server)
    assert types(server, sender) == ["audit", "audit"]
    assert whole(server.folder, sender.project).stubs == 1


def test_a_claimed_event_is_deleted_like_any_other(server: Server, sender: Sender) -> None:
    keep_for(server, sender, 1)
    claim(server, sender.project, 3)
    fill(server, sender, 1)
    server.clock.turn(2 * DAY)
    expire(server)
    assert whole(server.folder, sender.project).head.seq == 4
    assert agreement.check(server.folder) == 0


def test_projects_do_not_disturb_each_other(server: Server) -> None:
    short, long = server.sender(), server.sender()
    keep_for(server, short, 1)
    for sender in (short, long, short, long):
        fill(server, sender, 2)
    server.clock.turn(2 * DAY)
    expire(server)
    assert (whole(server.folder, short.project).stubs, whole(server.folder, long.project).events) == (1, 4)


def test_the_clock_may_be_set_back(server: Server, sender: Sender) -> None:
    keep_for(server, sender, 1)
    fill(server, sender, 2)
    server.clock.turn(2 * DAY)
    expire(server)
    server.clock.set_back(3 * DAY)
    fill(server, sender, 2)
    expire(server)
    server.clock.turn(5 * DAY)
    expire(server)
    assert whole(server.folder, sender.project).head.seq == 4
    assert server.count("events") == 0


histories = st.lists(
    st.one_of(
        st.tuples(st.just("send"), st.integers(0, 6)),
        st.tuples(st.just("wait"), st.integers(1, 3)),
        st.tuples(st.just("keep for"), st.sampled_from([1, 2, 5, None])),
    ),
    max_size=15,
)


@settings(max_examples=25, deadline=None)
@given(histories)
def test_after_any_passes_in_any_order_the_chain_verifies(
    tmp_path_factory: pytest.TempPathFactory, history: list[tuple[str, Any]]
) -> None:
    with running(tmp_path_factory.mktemp("passes") / "data", FakeClock()) as server:
        sender = server.sender(retention_days=1)
        logged = 0
        for what, value in history:
            if what == "send":
                send(server, sender, event(occurred_at=ago(server, value * DAY)), event())
                logs(server, sender, 1)
                logged += 2
            elif what == "wait":
                server.clock.turn(value * DAY)
            else:
                keep_for(server, sender, value)
            expire(server)
            found = whole(server.folder, sender.project, *(kept.head() for kept in keep(server).values()))
            assert found.head.seq == logged
        agreement.check(server.folder)
        with_rows = server.rows("SELECT count(*) FROM audit_links AS l JOIN events AS e ON e.id = l.event")
        assert with_rows == [(server.count("audit_links"),)]
