import pytest

from logserver.core.errors import occurring
from logserver.core.errors.groups import Group
from logserver.core.errors.occurring import Occurrence, Related
from logserver.core.retention import Retention
from logserver.store.database import snapshot
from logserver.store.events import Event
from tests.core.errors.occurring import group, send
from tests.serving import Sender, Server


def look(server: Server, found: Group, legacy_id: int | None = None) -> Occurrence | None:
    with snapshot(server.folder) as tx:
        return occurring.occurrence(tx, found, legacy_id)


def related(server: Server, error: Event) -> list[Related]:
    with snapshot(server.folder) as tx:
        return occurring.related(tx, error)


def test_occurrences_lead_to_one_another(server: Server, sender: Sender) -> None:
    for n in range(3):
        send(server, sender, f"boom\n{n}")
        send(server, sender, f"another\n{n}")
        server.clock.turn(1)
    held = group(server, sender, "boom")
    newest = look(server, held)
    assert newest is not None
    assert (newest.event.message, newest.newer) == ("boom\n2", None)
    middle = look(server, held, newest.older)
    assert middle is not None
    assert middle.event.message == "boom\n1"
    assert middle.newer == newest.event.id & (2**51 - 1)
    first = look(server, held, middle.older)
    assert first is not None
    assert (first.event.message, first.older) == ("boom\n0", None)


def test_what_is_no_occurrence_of_the_group_is_none(server: Server, sender: Sender) -> None:
    send(server, sender, "boom")
    send(server, sender, "another")
    send(server, sender, "a log", kind="log")
    held = group(server, sender, "boom")
    local = [event.id & (2**51 - 1) for event in server.events(sender.project)]
    assert [look(server, held, each) is not None for each in local] == [True, False, False]
    assert [look(server, held, each) for each in (-1, 0, 5, 2**51, 2**63)] == [None] * 5


def test_a_group_whose_occurrences_are_gone_has_none(server: Server) -> None:
    sender = server.sender(retention_days=1)
    send(server, sender, "boom")
    server.clock.turn(3 * 86_400)
    while server.write(Retention(server.app.trail.retire).expire, server.clock.now_ms()):
        pass
    assert look(server, group(server, sender, "boom")) is None


@pytest.mark.parametrize(
    ("error", "log", "shared"),
    [
        ({"trace_id": "t1"}, {"trace_id": "t1"}, ["trace_id"]),
        ({"trace_id": "T1", "user_id": 7}, {"trace_id": "t1", "user_id": "7"}, ["trace_id", "user_id"]),
        ({"request_id": "r", "session_id": "s"}, {"session_id": "s", "request_id": "q"}, ["session_id"]),
        ({"trace_id": "t1"}, {"trace_id": "t2"}, None),
        ({"trace_id": "t1"}, {"request_id": "t1"}, None),
        ({"trace_id": " "}, {"trace_id": " "}, None),
        ({"trace_id": "x" * 200}, {"trace_id": "x" * 200}, None),
        ({}, {}, None),
    ],
)
def test_logs_of_the_same_trace_request_session_or_user_are_near(
    server: Server, sender: Sender, error: dict[str, object], log: dict[str, object], shared: list[str] | None
) -> None:
    send(server, sender, "boom", context=dict(error))
    send(server, sender, "a log", kind="log", context=dict(log))
    found = related(server, server.events(sender.project)[0])
    assert [(each.event.message, each.shared) for each in found] == ([("a log", shared)] if shared else [])


def test_only_logs_within_five_minutes_are_near(server: Server, sender: Sender) -> None:
    for offset in (-301, -300, -1, 0, 1, 300, 301):
        moment = server.clock.now_ms() + offset * 1000
        send(server, sender, f"{offset}", kind="log", context={"trace_id": "t"}, occurred_at=moment)
    send(server, sender, "boom", context={"trace_id": "t"})
    send(server, sender, "m", kind="metric", context={"trace_id": "t", "value": 1})
    other = server.sender()
    send(server, other, "elsewhere", kind="log", context={"trace_id": "t"})
    error = next(event for event in server.events(sender.project) if event.type == "error")
    assert [each.event.message for each in related(server, error)] == ["-300", "-1", "0", "1", "300"]


def test_of_many_the_nearest_fifty_are_shown(server: Server, sender: Sender) -> None:
    for offset in range(-70, 0):
        moment = server.clock.now_ms() + offset * 1000
        send(server, sender, f"{offset}", kind="log", context={"trace_id": "t"}, occurred_at=moment)
    send(server, sender, "boom", context={"trace_id": "t"})
    found = related(server, server.events(sender.project)[-1])
    assert [each.event.message for each in found] == [f"{offset}" for offset in range(-50, 0)]
