import pytest

from logserver.agent.backoff import LONGEST_TOLD, Backoff


def test_pauses_double_up_to_a_bound_and_begin_anew() -> None:
    backoff = Backoff(1, 5, chance=lambda: 0)
    assert [backoff.failed() for _ in range(5)] == [1, 2, 4, 5, 5]
    backoff.succeeded()
    assert backoff.failed() == 1


@pytest.mark.parametrize(("chance", "pause"), [(0.0, 8.0), (0.5, 6.0), (1.0, 4.0)])
def test_chance_takes_up_to_a_half_off(chance: float, pause: float) -> None:
    assert Backoff(8, 8, chance=lambda: chance).failed() == pause


@pytest.mark.parametrize(("told", "pause"), [(7.0, 7.5), (1e9, LONGEST_TOLD + 0.5)])
def test_what_the_server_asks_for_is_waited_in_full_within_reason(told: float, pause: float) -> None:
    assert Backoff(1, 30, chance=lambda: 1).failed(told) == pause
