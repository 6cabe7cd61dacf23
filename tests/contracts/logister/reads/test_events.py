"""Events: found, paged, polled, and one by one."""

import pytest

from tests.contracts.logister.reads.asked import Desk
from tests.contracts.logister.sending import uuid
from tests.contracts.logstitch.asked import EVENTS, ask, event


def test_an_event_is_answered_whole_and_found_by_its_id(desk: Desk) -> None:
    own = uuid(7)
    made = [
        desk.send(message="a", event_type="error", level="fatal", environment="live", context={"user_id": 4}),
        desk.send(message="b", uuid=own.upper()),
    ]
    audit = ask(desk.server, "POST", EVENTS, desk.token, event()).json()["ids"][0]
    items = desk.get("events")["items"]
    assert {each["id"] for each in items} == {*made, audit}
    assert own in made
    for each in items:
        assert desk.get(f"events/{each['id']}") == each
    (error,) = desk.get("events", type="error")["items"]
    assert (error["message"], error["level"], error["environment"]) == ("a", "fatal", "live")
    assert error["context"]["user_id"] == 4
    assert desk.get(f"error_groups/{error['group']}")["last_event"] == error
    assert desk.get(f"events/{own.upper()}")["message"] == "b"


@pytest.mark.parametrize("spelled", ["x", "0" * 36, "evt_x", uuid(9), "evt_" + "0" * 26, "../events"])
def test_an_id_that_is_none_is_not_found(desk: Desk, spelled: str) -> None:
    desk.send()
    assert desk.refused(f"events/{spelled.replace('/', '%2F')}") == (404, "not_found")


def test_an_event_of_another_project_is_not_there(desk: Desk) -> None:
    other = Desk(desk.server, desk.server.sender("other"))
    for made in (other.send(), other.send(uuid=uuid(1))):
        assert desk.refused(f"events/{made}") == (404, "not_found")


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, ["slow", "quick", "note"]),
        ({"type": "transaction"}, ["slow", "quick"]),
        ({"type": "transaction", "min_duration_ms": "100"}, ["slow"]),
        ({"level": "WARNING"}, ["note"]),
        ({"environment": "live"}, ["note"]),
        ({"release": "1.2"}, ["quick"]),
        ({"trace_id": "t9"}, ["slow"]),
        ({"request_id": "r-1"}, ["note"]),
        ({"q": "user_id:42"}, ["note"]),
        ({"q": "quick OR slow", "type": "log"}, []),
        ({"q": ""}, ["slow", "quick", "note"]),
        ({"since": "1h"}, ["slow", "quick"]),
        ({"until": "1h"}, ["note"]),
        ({"limit": "2"}, ["slow", "quick"]),
    ],
)
def test_what_is_asked_for_is_found(desk: Desk, asked: dict[str, str], found: list[str]) -> None:
    desk.send(message="note", level="warn", environment="live", request_id="r-1", context={"user_id": 42})
    desk.server.clock.turn(7_200)
    desk.send(event_type="transaction", message="quick", duration_ms=5, release="1.2")
    desk.server.clock.turn(1)
    desk.send(event_type="transaction", message="slow", duration_ms=500, trace_id="t9")
    assert desk.messages(**asked) == found


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"q": "level:"}, "invalid_parameter"),
        ({"q": "x" * 5_000}, "invalid_parameter"),
        ({"type": "rumour"}, "invalid_parameter"),
        ({"level": "a\0b"}, "invalid_parameter"),
        ({"environment": "x" * 300}, "invalid_parameter"),
        ({"min_duration_ms": "fast"}, "invalid_parameter"),
        ({"since": "yesterday"}, "invalid_parameter"),
        ({"since": "1h", "until": "2h"}, "invalid_parameter"),
        ({"limit": "0"}, "invalid_parameter"),
        ({"limit": "101"}, "invalid_parameter"),
        ({"cursor": "a", "after_cursor": "b"}, "invalid_parameter"),
        ({"cursor": "a"}, "invalid_cursor"),
        ({"after_cursor": "A" * 24}, "invalid_cursor"),
    ],
)
def test_a_question_that_is_none_is_refused(desk: Desk, asked: dict[str, str], code: str) -> None:
    assert desk.refused("events", **asked) == (400, code)


def test_pages_neither_skip_nor_repeat_whatever_arrives(desk: Desk) -> None:
    sent = [desk.send(message=f"m{n}") for n in range(7)]
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        answer = desk.get("events", limit=2, since="24h", **cursor)
        seen += [each["id"] for each in answer["items"]]
        desk.send(message="meanwhile")
        desk.server.clock.turn(1)
        if answer["next_cursor"] is None:
            break
        cursor = {"cursor": answer["next_cursor"]}
    assert seen == sent[::-1]
    assert desk.refused("events", limit=2, since="12h", **cursor) == (400, "invalid_cursor")


def test_polling_finds_what_arrives_however_late_it_is(desk: Desk) -> None:
    desk.send(message="before")
    cursor = desk.get("events", q="hello OR late")["poll_cursor"]
    desk.send(message="late", occurred_at="2026-09-20T00:00:00Z")
    desk.send(message="something else")
    desk.send(message="hello")
    first = desk.get("events", q="hello OR late", after_cursor=cursor, limit=1)
    assert [each["message"] for each in first["items"]] == ["late"]
    assert (first["partial"], first["next_cursor"], first["gap"]) == (True, None, False)
    second = desk.get("events", q="hello OR late", after_cursor=first["poll_cursor"])
    assert [each["message"] for each in second["items"]] == ["hello"]
    third = desk.get("events", q="hello OR late", after_cursor=second["poll_cursor"])
    assert (third["items"], third["partial"]) == ([], False)
    assert desk.refused("events", after_cursor=cursor) == (400, "invalid_cursor")
