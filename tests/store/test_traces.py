import sqlite3

import pytest

from logserver.store.errors import StoreBusy
from logserver.store.traces import kind_of, trace

SECRET = "4111111111111111"


def raised(function: object, *arguments: object) -> Exception:
    with pytest.raises(Exception) as caught:  # noqa: PT011 - any of them
        function(*arguments)  # type: ignore[operator] # every caller gives a function
    return caught.value


@pytest.mark.parametrize(
    "error",
    [
        raised(float, SECRET + "x"),
        raised({}.__getitem__, SECRET),
        raised((SECRET + "é").encode, "ascii"),
        ExceptionGroup(SECRET, [ValueError(SECRET)]),
    ],
)
def test_what_an_error_quotes_is_not_told(error: Exception) -> None:
    assert kind_of(error) == type(error).__name__
    assert SECRET not in trace(error)
    assert type(error).__name__ in trace(error)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (sqlite3.OperationalError("no such table: events"), "OperationalError: no such table: events"),
        (FileNotFoundError(2, "No such file"), "FileNotFoundError: [Errno 2] No such file"),
        (StoreBusy("full", retry_after=5), "StoreBusy: full"),
    ],
)
def test_what_the_store_and_the_machine_say_is_told(error: Exception, told: str) -> None:
    assert trace(error) == kind_of(error) == told


def test_causes_come_first_each_with_its_place() -> None:
    def fail() -> None:
        try:
            int(SECRET + "x")
        except ValueError as error:
            raise KeyError(SECRET) from error

    told = trace(raised(fail))
    assert SECRET not in told
    assert told.index("ValueError") < told.index("and so:") < told.index("KeyError")
    assert told.count(__file__) == 3
    assert "in fail" in told


def test_a_cause_that_was_hidden_stays_hidden() -> None:
    def fail() -> None:
        try:
            int(SECRET + "x")
        except ValueError:
            raise KeyError from None

    assert "ValueError" not in trace(raised(fail)).rpartition("\n")[2]
    assert "and so" not in trace(raised(fail))
