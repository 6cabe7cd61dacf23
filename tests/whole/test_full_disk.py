"""A real disk of 64 MB that is filled to its last byte, by the server and by others, while all dialects send."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from time import monotonic

import pytest

from logserver.core import status
from logserver.core.clock import SystemClock
from logserver.core.disk import SHORT
from logserver.store.connections import FILE, connect_readonly
from tests import agreement
from tests.endurance.book import Book, Parcel
from tests.endurance.driving import WAIT, Driver, Outcome
from tests.endurance.place import Place, loaded
from tests.endurance.traffic import Traffic
from tests.whole.load import Load
from tests.whole.process import PATIENCE, Server, serving
from tests.whole.raw import Answer, ask
from tests.whole.shell import create_token, found
from tests.whole.small_disk import fill, free, small_disk

MEGABYTE = 1_000_000


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path) as place:
        yield place


class Sending:
    """All four dialects, sent to a place for as long as one likes, and counted back in the end."""

    def __init__(self, place: Place) -> None:
        self.book = Book()
        self.traffic = Traffic(place, self.book, seed=7)
        self._driver = Driver(place.server.port, self.traffic.next, self.book)
        self._server = place.server

    def send(self, seconds: float = 0.5) -> Outcome:
        """Send as fast as is answered; whatever is refused is refused properly."""
        outcome = asyncio.run(self._driver.as_fast_as_answered(connections=16, seconds=seconds))
        assert (outcome.wrong, outcome.strange, outcome.hurried) == ({}, [], 0)
        return outcome

    def until(self, true: Callable[[Outcome], bool]) -> Outcome:
        """Send until something is so."""
        deadline = monotonic() + PATIENCE
        while not true(outcome := self.send()):
            assert monotonic() < deadline, outcome.statuses
        return outcome

    def one_of_each(self) -> dict[str, Answer]:
        """The answers to one request of each dialect that brings telemetry, by its kind."""
        answers: dict[str, Answer] = {}
        while len(answers) < len(self.traffic.kinds) - 1:
            parcel: Parcel = self.traffic.next()
            if parcel.kind not in answers and parcel.kind != "logfleet: heartbeat":
                answers[parcel.kind] = ask(self._server, parcel.data)
                self.book.answered(parcel, taken=answers[parcel.kind].status in {200, 201, 202})
        return answers


def test_filled_to_the_last_byte_it_loses_nothing_and_goes_on_by_itself(disk: Path) -> None:
    somebody_elses = disk / "ballast"
    with loaded(disk / "data", agents=4, old=500) as place:
        fill(somebody_elses, leave=4 * MEGABYTE)
        sending = Sending(place)
        sending.until(lambda outcome: outcome.statuses[503] > 0)
        fill(disk / "last byte")
        assert free(disk) == 0
        sending.until(lambda _: place.server.log().count(SHORT) == 1)
        assert {answer.status for answer in sending.one_of_each().values()} == {503}
        reads_go_on(place)

        (disk / "last byte").unlink()
        somebody_elses.unlink()
        taken = sending.until(lambda outcome: not outcome.statuses[503])
        assert taken.accepted > 0
        assert place.server.running()
        assert place.server.stop() == 0
    nothing_is_lost(disk / "data", sending.book)


def test_below_the_floor_it_says_why_in_every_dialect_and_takes_more_once_there_is_room(disk: Path) -> None:
    with loaded(disk / "data", "--min-free-megabytes", "16", agents=4, old=500) as place:
        sending = Sending(place)
        assert not sending.send().refused
        fill(disk / "ballast", leave=8 * MEGABYTE)
        sending.until(lambda _: SHORT in place.server.log())
        for kind, answer in sending.one_of_each().items():
            assert (answer.status, answer.headers["retry-after"]) == (503, "30"), kind
            assert SHORT in answer.body.decode(), kind
        reads_go_on(place)
        (disk / "ballast").unlink()
        sending.until(lambda outcome: not outcome.statuses[503])
        assert {answer.status for answer in sending.one_of_each().values()} <= {200, 201, 202}
        assert place.server.stop() == 0
        assert place.server.log().count("events are refused") == 1
    nothing_is_lost(disk / "data", sending.book)


def test_with_a_size_the_oldest_go_and_the_disk_is_never_full(disk: Path) -> None:
    load = Load(5, [create_token(disk / "data")])
    with serving(disk / "data", "--max-size", "20MB", "--min-free-megabytes", "4", "--access-log", "off") as server:
        for _ in range(2):
            load.fill(server, batches=18)
            trimmed(server)
        assert SHORT not in server.log()
        assert server.stop() == 0
    assert agreement.check(disk / "data") > 300
    held = {event.context["mark"] for event in found(disk / "data")}
    marks = [event.mark for parcel in load.parcels for event in parcel.events]
    assert all(event.answers for parcel in load.parcels for event in parcel.events)
    assert held == set(marks[-len(held) :])


def trimmed(server: Server) -> None:
    """Wait until the server has deleted what is too much, and given the room back."""
    deadline = monotonic() + PATIENCE
    while not small(server.folder):
        assert monotonic() < deadline, (status.read(server.folder), status.sizes(server.folder, (FILE,)))
        ask(server, b"GET /readyz HTTP/1.1\r\nHost: test\r\n\r\n")


def small(folder: Path) -> bool:
    report = status.read(folder)
    return (
        report is not None
        and report.room is not None
        and report.room.used <= 19 * MEGABYTE
        and status.sizes(folder, (FILE,))[FILE] <= 22 * MEGABYTE
    )


def reads_go_on(place: Place) -> None:
    head = f"HTTP/1.1\r\nHost: test\r\nCookie: logserver_session={place.session}\r\nAccept: text/html\r\n\r\n"
    for path in ("/p/app/logs", "/p/app/inbox", "/p/audit/audit", "/server"):
        assert ask(place.server, f"GET {path} {head}".encode()).status == 200, path
    assert ask(place.server, f"GET /healthz {head}".encode()).status == 200
    assert ask(place.server, f"GET /readyz {head}".encode()).status in WAIT


def nothing_is_lost(folder: Path, book: Book) -> None:
    with closing(connect_readonly(folder)) as store:
        assert store.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert store.execute("PRAGMA foreign_key_check").fetchall() == []
    count = book.count_back(folder, SystemClock().now_ms())
    assert count.wrong() == ""
    assert count.found > 100
