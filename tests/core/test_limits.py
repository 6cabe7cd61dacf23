import pytest

from logserver.core.faults import TooMany
from logserver.core.limits import Windows
from tests.fakes import START_MS, FakeClock

RESET = -(-START_MS // 1000) + 60


def taken(windows: Windows, key: object, times: int, *, limit: int = 3, cost: int = 1) -> int:
    """How many of so many tries were let through."""
    let = 0
    for _ in range(times):
        try:
            windows.take(key, limit=limit, seconds=60, cost=cost)
        except TooMany:
            continue
        let += 1
    return let


def test_exactly_the_limit_is_let_through(clock: FakeClock) -> None:
    windows = Windows(clock)
    standings = [windows.take("a", limit=3, seconds=60) for _ in range(3)]
    assert standings == [(3, 2, RESET), (3, 1, RESET), (3, 0, RESET)]
    assert taken(windows, "a", 100) == 0
    assert taken(windows, "b", 100) == 3


@pytest.mark.parametrize(("wait", "retry_after"), [(0, 60), (0.5, 60), (1, 59), (59, 1), (59.875, 1)])
def test_a_refusal_says_when_to_come_back(clock: FakeClock, wait: float, retry_after: int) -> None:
    windows = Windows(clock)
    taken(windows, "a", 3)
    clock.turn(wait)
    with pytest.raises(TooMany) as refused:
        windows.take("a", limit=3, seconds=60)
    fault = refused.value
    assert (fault.limit, fault.window_seconds, fault.retry_after, fault.reset_at) == (3, 60, retry_after, RESET)


def test_a_window_begins_with_its_first_request_and_ends_after_its_seconds(clock: FakeClock) -> None:
    windows = Windows(clock)
    taken(windows, "a", 1)
    clock.turn(59.5)
    assert taken(windows, "a", 9) == 2
    clock.turn(0.5)
    assert windows.take("a", limit=3, seconds=60) == (3, 2, RESET + 60)


def test_a_cost_is_taken_whole_or_not_at_all(clock: FakeClock) -> None:
    windows = Windows(clock)
    assert taken(windows, "a", 1, limit=10, cost=7) == 1
    assert taken(windows, "a", 5, limit=10, cost=4) == 0
    assert taken(windows, "a", 1, limit=10, cost=3) == 1
    assert taken(windows, "a", 1, limit=10) == 0


def test_more_than_the_limit_never_passes_and_takes_nothing(clock: FakeClock) -> None:
    windows = Windows(clock)
    assert taken(windows, "a", 3, cost=4) == 0
    assert taken(windows, "a", 9) == 3


def test_a_step_of_the_wall_clock_changes_nothing(clock: FakeClock) -> None:
    windows = Windows(clock)
    taken(windows, "a", 3)
    clock.set_back(86_400)
    assert taken(windows, "a", 1) == 0
    clock.turn(60)
    assert taken(windows, "a", 9) == 3


def test_masses_of_keys_take_no_more_room_and_are_limited_as_one(clock: FakeClock) -> None:
    windows = Windows(clock, capacity=200)
    assert taken(windows, "held", 1) == 1
    through = sum(taken(windows, key, 1) for key in range(100_000))
    assert len(windows) <= 201
    assert through == 199 + 3
    assert taken(windows, "held", 9) == 2
    clock.turn(60)
    assert taken(windows, "fresh", 9) == 3


def test_room_is_made_of_windows_that_are_over(clock: FakeClock) -> None:
    windows = Windows(clock, capacity=10)
    for key in range(10):
        taken(windows, key, 1)
    clock.turn(60)
    assert [taken(windows, key, 9) for key in range(10, 20)] == [3] * 10
    assert len(windows) == 10
    clock.turn(60)
    windows.prune()
    assert len(windows) == 0


def test_a_refusal_says_which_limit_it_was(clock: FakeClock) -> None:
    windows = Windows(clock)
    windows.take("sender", limit=1, seconds=60)
    with pytest.raises(TooMany, match=r"^Rate limit exceeded$"):
        windows.take("sender", limit=1, seconds=60)
    with pytest.raises(TooMany, match=r"^one a minute$"):
        windows.take("sender", limit=1, seconds=60, message="one a minute")
