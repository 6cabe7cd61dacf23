import json

from logserver.agent.parcels import MOST_CHARACTERS
from logserver.agent.watching import FRAME_BYTES, MOST_BYTES, MOST_LINES, Watching
from logserver.core.lines.filters import LineFilter
from logserver.core.lines.lines import LogLine
from tests.agent.scripted import nothing

EVERYTHING = LineFilter()


def line(message: str, **fields: object) -> LogLine:
    return LogLine("/var/log/x", message, message, "", None, fields)


def messages(watching: Watching) -> list[str]:
    return [json.loads(data)["message"] for data, _ in watching.take().lines]


class Told:
    """Counts how often it was told that there is something."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> None:
        self.times += 1


def test_a_line_goes_once_with_all_who_want_it() -> None:
    watching = Watching(nothing, nothing)
    watching.use({"a": EVERYTHING, "b": LineFilter.of('|= "order"'), "c": LineFilter.of('|= "refund"')})
    watching.offer(line("an order", sku=7))
    [(data, sessions)] = watching.take().lines
    assert sessions == ["a", "b"]
    assert json.loads(data) == {
        "message": "an order",
        "source": "/var/log/x",
        "sessions": ["a", "b"],
        "metadata": {"sku": 7},
    }


def test_nobody_is_told_of_lines_that_nobody_wants() -> None:
    told = Told()
    watching = Watching(told, nothing)
    assert not watching.watched
    watching.offer(line("before"))
    watching.use({"a": LineFilter.of('|= "order"')})
    watching.offer(line("a refund"))
    assert (told.times, watching.take().lines) == (0, [])
    watching.offer(line("an order"))
    watching.offer(line("another order"))
    assert told.times == 1
    assert messages(watching) == ["an order", "another order"]


def test_what_waits_is_bounded_and_the_oldest_goes_first() -> None:
    watching = Watching(nothing, nothing)
    watching.use({"a": EVERYTHING, "b": LineFilter.of('|= "0"')})
    for n in range(MOST_LINES + 3):
        watching.offer(line(str(n)))
    taken = watching.take()
    assert json.loads(taken.lines[0][0])["message"] == "3"
    assert taken.dropped == {"a": 3, "b": 1}
    assert watching.take().dropped == {}


def test_what_waits_is_bounded_in_bytes_as_well() -> None:
    watching = Watching(nothing, nothing)
    watching.use({"a": EVERYTHING})
    for _ in range(30):
        watching.offer(line("x" * MOST_CHARACTERS))
    waiting, missed = 0, 0
    while (taken := watching.take()).lines:
        assert sum(len(data) for data, _ in taken.lines) <= FRAME_BYTES
        waiting += sum(len(data) for data, _ in taken.lines)
        missed += sum(taken.dropped.values())
    assert MOST_BYTES - 2 * MOST_CHARACTERS < waiting <= MOST_BYTES
    assert missed > 0


def test_a_very_large_line_is_cut_and_goes_alone() -> None:
    watching = Watching(nothing, nothing)
    watching.use({"a": EVERYTHING})
    watching.offer(line("\x00" * 1_000_000))
    watching.offer(line("small", huge="y" * 1_000_000))
    [(data, _)] = watching.take().lines
    assert len(json.loads(data)["message"]) == MOST_CHARACTERS
    [(data, _)] = watching.take().lines
    assert json.loads(data)["metadata"] == {"truncated": True}


def test_what_waits_for_nobody_is_forgotten() -> None:
    watching = Watching(nothing, nothing)
    watching.use({"a": EVERYTHING, "b": EVERYTHING})
    watching.offer(line("one"))
    watching.leave("a")
    watching.leave("b")
    assert not watching.watched
    assert watching.take() == ([], {})
