import pytest
from hypothesis import given
from hypothesis import strategies as st

from logserver.core.buckets import Buckets
from logserver.core.faults import TooMany
from tests.fakes import START_MS, FakeClock

NOW = -(-START_MS // 1000)


def taken(buckets: Buckets, key: object, times: int, *, per_minute: int = 60, burst: int = 3) -> int:
    """How many of so many tries were let through."""
    let = 0
    for _ in range(times):
        try:
            buckets.take(key, per_minute=per_minute, burst=burst)
        except TooMany:
            continue
        let += 1
    return let


def test_a_burst_is_let_through_and_then_one_by_one(clock: FakeClock) -> None:
    buckets = Buckets(clock)
    standings = [buckets.take("a", per_minute=60, burst=3) for _ in range(3)]
    assert standings == [(3, 2, NOW + 1), (3, 1, NOW + 2), (3, 0, NOW + 3)]
    assert taken(buckets, "a", 9) == 0
    assert taken(buckets, "b", 9) == 3
    clock.turn(1)
    assert taken(buckets, "a", 9) == 1
    clock.turn(0.5)
    assert taken(buckets, "a", 9) == 0
    clock.turn(0.5)
    assert taken(buckets, "a", 9) == 1
    clock.turn(3_600)
    assert taken(buckets, "a", 9) == 3


@pytest.mark.parametrize(("wait", "retry_after"), [(0, 10), (0.5, 10), (1, 9), (9.5, 1)])
def test_a_refusal_says_when_there_is_room_again(clock: FakeClock, wait: float, retry_after: int) -> None:
    buckets = Buckets(clock)
    assert taken(buckets, "a", 9, per_minute=6, burst=2) == 2
    clock.turn(wait)
    with pytest.raises(TooMany, match="6 requests a minute, 2 at once") as refused:
        buckets.take("a", per_minute=6, burst=2)
    fault = refused.value
    assert (fault.limit, fault.remaining, fault.window_seconds, fault.retry_after) == (2, 0, 60, retry_after)
    assert fault.reset_at == NOW + 20
    clock.turn(retry_after)
    assert taken(buckets, "a", 1, per_minute=6, burst=2) == 1


def test_a_step_of_the_wall_clock_changes_nothing(clock: FakeClock) -> None:
    buckets = Buckets(clock)
    taken(buckets, "a", 3)
    clock.set_back(86_400)
    assert taken(buckets, "a", 1) == 0
    clock.turn(1)
    assert taken(buckets, "a", 9) == 1


def test_other_limits_hold_from_the_next_request_on(clock: FakeClock) -> None:
    buckets = Buckets(clock)
    assert taken(buckets, "a", 9, per_minute=1, burst=5) == 5
    assert taken(buckets, "a", 9, per_minute=1, burst=2) == 0
    assert taken(buckets, "a", 99, per_minute=600, burst=4_000) == 99
    assert buckets.take("a", per_minute=600, burst=4_000).remaining == 900


@given(
    per_minute=st.integers(1, 100_000),
    burst=st.integers(1, 50),
    waits=st.lists(st.floats(0, 30), min_size=1, max_size=60),
)
def test_never_more_than_the_burst_and_what_has_come_back(per_minute: int, burst: int, waits: list[float]) -> None:
    clock = FakeClock()
    buckets = Buckets(clock)
    begun, through = clock.monotonic(), 0
    for wait in waits:
        clock.turn(wait)
        tried = 3
        let = taken(buckets, "a", tried, per_minute=per_minute, burst=burst)
        through += let
        passed = clock.monotonic() - begun
        assert through <= burst + passed * per_minute / 60 + 0.01
        # After a time in which the whole bucket comes back, all of it is there.
        if wait * per_minute / 60 >= burst + 0.01:
            assert let == min(tried, burst) or per_minute / 60 > 1e6


def test_masses_of_keys_take_no_more_room_and_are_limited_as_one(clock: FakeClock) -> None:
    buckets = Buckets(clock, capacity=200)
    assert taken(buckets, "held", 1) == 1
    through = sum(taken(buckets, key, 1) for key in range(100_000))
    assert len(buckets) <= 201
    assert through == 199 + 3
    assert taken(buckets, "held", 9) == 2
    clock.turn(60)
    assert taken(buckets, "fresh", 9) == 3


def test_buckets_that_are_full_are_dropped(clock: FakeClock) -> None:
    buckets = Buckets(clock, capacity=10)
    for key in range(10):
        taken(buckets, key, 1)
    clock.turn(1)
    assert [taken(buckets, key, 9) for key in range(10, 20)] == [3] * 10
    clock.turn(3)
    buckets.prune()
    assert len(buckets) == 0
