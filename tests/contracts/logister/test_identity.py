"""A sender's own uuid makes a retry harmless."""

from typing import Any

import pytest

from tests import agreement
from tests.contracts.logister.sending import CHECK_INS, EVENTS, check_in, event, span, uuid
from tests.serving import Sender, Server

FORMS = [
    (EVENTS, event, "uuid"),
    (EVENTS, event, "event_id"),
    (EVENTS, event, "eventId"),
    (EVENTS, event, "UUID"),
    (EVENTS, span, "uuid"),
    (CHECK_INS, check_in, "uuid"),
    (CHECK_INS, check_in, "event_id"),
]


@pytest.mark.parametrize(("path", "make", "name"), FORMS)
def test_the_second_time_is_200_and_stores_nothing(
    server: Server, sender: Sender, path: str, make: Any, name: str
) -> None:
    first = server.post(path, make(**{name: uuid(1)}), sender.token)
    assert (first.status_code, first.json()["id"]) == (201, uuid(1))
    assert "duplicate" not in first.json()
    server.clock.turn(5)
    again = server.post(path, make(**{name: uuid(1)}), sender.token)
    assert again.status_code == 200
    assert again.json() == first.json() | {"duplicate": True}
    assert again.headers["x-ratelimit-remaining"] == "1198"
    assert len(server.events(sender.project)) == 1
    assert agreement.check(server.folder) == 1


def test_the_first_content_stays(server: Server, sender: Sender) -> None:
    server.post(EVENTS, event(uuid=uuid(1), message="first"), sender.token)
    assert server.post(EVENTS, event(uuid=uuid(1), message="second"), sender.token).status_code == 200
    assert server.event(sender.project).message == "first"


def test_any_case_is_the_same_and_lower_case_is_answered(server: Server, sender: Sender) -> None:
    mixed = "ABCDEF12-abcd-4ABC-8abc-abcdefABCDEF"
    assert server.post(EVENTS, event(uuid=mixed), sender.token).json()["id"] == mixed.lower()
    again = server.post(EVENTS, event(uuid=mixed.lower()), sender.token)
    assert (again.status_code, again.json()["id"]) == (200, mixed.lower())


@pytest.mark.parametrize("version", "013456789af")
def test_a_uuid_of_any_version_is_taken(server: Server, sender: Sender, version: str) -> None:
    sent = f"01234567-89ab-{version}def-0123-456789abcdef"
    assert server.post(EVENTS, event(uuid=sent), sender.token).json()["id"] == sent


def test_a_uuid_is_a_projects_own(server: Server, sender: Sender) -> None:
    other = server.sender()
    for each in (sender, other):
        assert server.post(EVENTS, event(uuid=uuid(1)), each.token).status_code == 201
        assert len(server.events(each.project)) == 1


MALFORMED = {
    "word": "nope",
    "short": uuid(1)[:-1],
    "long": uuid(1) + "0",
    "no hyphens": uuid(1).replace("-", ""),
    "braces": f"{{{uuid(1)}}}",
    "urn": f"urn:uuid:{uuid(1)}",
    "not hexadecimal": "g" + uuid(1)[1:],
    "other digits": "\u0661" + uuid(1)[1:],
    "line break": uuid(1) + "\n",
    "number": 7,
    "CFML": "01234567-89AB-CDEF-0123456789ABCDEF",
}


@pytest.mark.parametrize("sent", MALFORMED.values(), ids=MALFORMED)
@pytest.mark.parametrize("form", FORMS)
def test_a_malformed_one_is_422(server: Server, sender: Sender, form: Any, sent: Any) -> None:
    path, make, name = form
    answer = server.post(path, make(**{name: sent}), sender.token)
    assert (answer.status_code, answer.json()) == (422, {"errors": ["Uuid is invalid"]})
    assert not server.events(sender.project)


@pytest.mark.parametrize("blank", [None, "", " "])
@pytest.mark.parametrize("form", FORMS)
def test_a_blank_one_is_none(server: Server, sender: Sender, form: Any, blank: Any) -> None:
    path, make, name = form
    answer = server.post(path, make(**{name: blank}), sender.token)
    assert answer.status_code == 201
    assert server.event(sender.project).uuid is None


def test_both_names_must_agree(server: Server, sender: Sender) -> None:
    same = event(uuid=uuid(1), event_id=uuid(1).upper())
    assert server.post(EVENTS, same, sender.token).status_code == 201
    assert server.post(EVENTS, event(uuid=uuid(2), event_id=uuid(3)), sender.token).status_code == 422


@pytest.mark.parametrize(("first", "second"), [(event, span), (span, event)])
def test_an_event_and_a_span_do_not_share_a_uuid(server: Server, sender: Sender, first: Any, second: Any) -> None:
    assert server.post(EVENTS, first(uuid=uuid(1)), sender.token).status_code == 201
    answer = server.post(EVENTS, second(uuid=uuid(1)), sender.token)
    assert answer.status_code == 422
    assert answer.json() == {"errors": ["Uuid has already been used for another telemetry signal"]}
    assert agreement.check(server.folder) == 1


def test_a_check_in_and_an_event_are_the_same_signal(server: Server, sender: Sender) -> None:
    assert server.post(EVENTS, event(uuid=uuid(1)), sender.token).status_code == 201
    assert server.post(CHECK_INS, check_in(uuid=uuid(1)), sender.token).status_code == 200
    assert not server.monitors(sender.project)


def test_a_duplicate_moves_neither_group_nor_monitor(server: Server, sender: Sender) -> None:
    for _ in range(2):
        server.post(EVENTS, event(event_type="error", uuid=uuid(1)), sender.token)
        server.post(CHECK_INS, check_in(uuid=uuid(2)), sender.token)
        server.clock.turn(10)
    assert server.rows("SELECT n FROM error_groups") == [(1,)]
    assert [monitor.checked_at for monitor in server.monitors(sender.project)] == [server.clock.now_ms() - 20_000]
