"""A short run of the same course: what it counts must come out, and how fast anything is, no test asks."""

from pathlib import Path

import pytest

from logserver.core.clock import SystemClock
from tests.endurance import report
from tests.endurance.__main__ import main
from tests.endurance.book import RETAINED_MS, Book, Parcel
from tests.endurance.course import Course, recovery, run
from tests.endurance.driving import Outcome
from tests.whole.process import serving
from tests.whole.raw import EVENTS, ask, log_event, request
from tests.whole.shell import create_token

SHORT = {
    "capacity_seconds": 1.0,
    "capacity_rounds": 1,
    "steady_seconds": 3.0,
    # Of a machine with other work the share that is left now may not be left then.
    "steady_share": 0.3,
    "flood_seconds": 2.0,
    "after_seconds": 1.0,
    "flood_connections": 400,
    "agents": 8,
    "old": 1_000,
}


def test_a_short_run_loses_nothing_and_refuses_properly(tmp_path: Path) -> None:
    made = run(Course(tmp_path / "data", **SHORT))  # type: ignore[arg-type] # numbers of both kinds

    print(report.text(made))
    assert made.wrong() == []
    assert made.count.acknowledged == made.count.found > 100
    # Every kind of request was answered with success.
    assert len(made.steady.by_kind | made.flood.by_kind) == 11
    assert made.readings.statuses.keys() == {200}
    assert made.readings.tailed > 0


def test_what_is_missing_or_twice_or_not_to_be_there_is_found(tmp_path: Path) -> None:
    book, now = Book(), SystemClock().now_ms()
    parcels = [Parcel("", b"", book.numbers(1), 1) for _ in range(4)]
    parcels.append(Parcel("", b"", book.numbers(2), 2, occurred_ms=now - RETAINED_MS - 1))
    token = create_token(tmp_path)
    with serving(tmp_path) as server:
        for mark in (0, 0, 2, 3):
            assert ask(server, request(EVENTS, token, log_event("counted", context={"mark": mark}))).status == 201
    for parcel, taken in zip(parcels, (True, True, False, None, True), strict=True):
        book.sent(parcel)
        if taken is not None:
            book.answered(parcel, taken=taken)

    count = book.count_back(tmp_path, now)

    assert (count.acknowledged, count.found, count.expired) == (4, 1, 2)
    assert count.wrong() == "1 missing, 1 twice, 1 refused and stored"


def test_points_are_weighed(tmp_path: Path) -> None:
    book = Book()
    taken, lost = (Parcel("", b"", 0, 0, points=points) for points in (7, 5))
    for parcel in (taken, lost):
        book.sent(parcel)
    book.answered(taken, taken=True)
    create_token(tmp_path)
    assert book.count_back(tmp_path, 0).wrong() == "7 points missing"


@pytest.mark.parametrize(("late", "seconds"), [(0, 0.0), (4, 5.0)])
def test_recovery_is_the_first_second_of_calm(late: int, seconds: float) -> None:
    after = Outcome(seconds=10.0)
    for tenth in range(100):
        wait = 3.0 if tenth // 10 <= late and late else 0.01
        after.ended.append(tenth / 10 + wait)
        after.waits.append(wait)
    assert recovery(after, 30.0) == seconds


def test_a_run_of_no_time_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--minutes", "0"])
    assert "--minutes" in capsys.readouterr().err
