"""When an event happened: every form of a time, and where it is filed."""

from typing import Any

import pytest

from logserver.store.ids import id_ms
from tests.contracts.logister.sending import EVENTS, event
from tests.fakes import START_MS
from tests.serving import Sender, Server

AT = 1_789_999_200_000_000  # 2026-09-21T14:00:00Z

READABLE: dict[Any, int] = {
    "2026-09-21T14:00:00Z": AT,
    "2026-09-21T14:00:00": AT,
    "2026-09-21 14:00:00": AT,
    "2026-09-21T14:00Z": AT,
    "20260921T140000Z": AT,
    "2026-09-21T16:00:00+02:00": AT,
    "2026-09-21T16:00:00+0200": AT,
    "2026-09-21T08:30:00-05:30": AT,
    "2026-09-21T14:00:00.5Z": AT + 500_000,
    "2026-09-21T14:00:00.123Z": AT + 123_000,
    "2026-09-21T14:00:00,123Z": AT + 123_000,
    "2026-09-21T14:00:00.123456Z": AT + 123_456,
    "2026-09-21T14:00:00.1234567+00:00": AT + 123_456,
    "2026-09-21T14:00:00.123456789Z": AT + 123_456,
    " 2026-09-21T14:00:00Z ": AT,
    "2026-09-21": AT - 14 * 3_600_000_000,
    1_789_999_200: AT,
    1_789_999_200.25: AT + 250_000,
    1_789_999_200_000: AT,
    1_789_999_200_000.5: AT + 500,
    "1789999200": AT,
    "1789999200000": AT,
    "1789999200.5": AT + 500_000,
}

UNREADABLE = {
    "missing": ...,
    "null": None,
    "empty": "",
    "words": "yesterday",
    "no such day": "2026-02-30T12:00:00Z",
    "no such hour": "2026-02-14T25:00:00Z",
    "before every calendar": "0000-01-01T00:00:00Z",
    "too large": 10**15,
    "after the year 9999": 253_402_300_800_000,
    "far too large": 10**400,
    "too small": -(10**18),
    "no number": "1e9",
}

CLAMPED: dict[str, tuple[Any, int]] = {
    "ten minutes ahead and a millisecond": (START_MS + 600_001, (START_MS + 600_001) * 1000),
    "a year ahead": ("2027-09-21T14:00:00Z", AT + 365 * 86_400_000_000),
    "the end of time": ("9999-12-31T23:59:59Z", 253_402_300_799_000_000),
    "before the horizon": ("2026-08-22T14:12:59.999Z", 1_787_407_979_999_000),
    "the epoch": ("1970-01-01T00:00:00Z", 0),
    "zero": (0, 0),
    "just below milliseconds": (99_999_999_999, 99_999_999_999_000_000),
    "just milliseconds": (100_000_000_000, 100_000_000_000_000),
    "before the epoch": (-1, -1_000_000),
    "the first moment there is": ("0001-01-01T00:00:00+14:00", -62_135_647_200_000_000),
    "year one": ("0001-01-01T00:00:00Z", -62_135_596_800_000_000),
}


def stored(server: Server, sender: Sender, occurred_at: Any) -> Any:
    fields = {} if occurred_at is ... else {"occurred_at": occurred_at}
    answer = server.post(EVENTS, event(**fields), sender.token)
    assert answer.status_code == 201, answer.text
    return server.event(sender.project)


@pytest.mark.parametrize(("sent", "microseconds"), READABLE.items(), ids=map(str, READABLE))
def test_a_time_is_read_and_filed(server: Server, sender: Sender, sent: Any, microseconds: int) -> None:
    found = stored(server, sender, sent)
    assert found.time == microseconds
    assert id_ms(found.id) == microseconds // 1000
    assert not found.timed_by_receipt
    assert found.received == START_MS


@pytest.mark.parametrize("sent", UNREADABLE.values(), ids=UNREADABLE)
def test_without_a_readable_time_the_receipt_counts(server: Server, sender: Sender, sent: Any) -> None:
    found = stored(server, sender, sent)
    assert (found.time, id_ms(found.id)) == (START_MS * 1000, START_MS)
    assert found.timed_by_receipt


@pytest.mark.parametrize(("sent", "microseconds"), CLAMPED.values(), ids=CLAMPED)
def test_outside_the_window_the_receipt_files_and_the_sent_time_stays(
    server: Server, sender: Sender, sent: Any, microseconds: int
) -> None:
    found = stored(server, sender, sent)
    assert id_ms(found.id) == START_MS
    assert found.time == microseconds
    assert not found.timed_by_receipt


@pytest.mark.parametrize(
    "sent",
    [START_MS + 600_000, 1_787_407_980_000],
    ids=["exactly ten minutes ahead", "exactly at the horizon, a whole minute"],
)
def test_the_edges_of_the_window_belong_to_it(server: Server, sender: Sender, sent: int) -> None:
    assert id_ms(stored(server, sender, sent).id) == sent


def test_the_horizon_is_the_projects_own(server: Server) -> None:
    short, long = server.sender(retention_days=1), server.sender(retention_days=365)
    sent = START_MS - 2 * 86_400_000
    assert id_ms(stored(server, short, sent).id) == START_MS
    assert id_ms(stored(server, long, sent).id) == sent


def test_a_time_of_the_wrong_type_is_no_reason_to_crash(server: Server, sender: Sender) -> None:
    answer = server.post(EVENTS, event(occurred_at={"$date": "2026-09-21"}), sender.token)
    assert answer.status_code in {201, 422}
    assert len(server.events(sender.project)) == (answer.status_code == 201)


def test_more_than_a_milliseconds_worth_spills_into_the_next(server: Server, sender: Sender) -> None:
    for _ in range(1_030):
        assert server.post(EVENTS, event(occurred_at=START_MS), sender.token).status_code == 201
    found = server.events(sender.project)
    assert len({each.id for each in found}) == 1_030
    assert {each.time for each in found} == {START_MS * 1000}
    assert {id_ms(each.id) for each in found} == {START_MS, START_MS + 1}
