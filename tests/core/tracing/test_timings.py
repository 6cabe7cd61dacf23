from hypothesis import given
from hypothesis import strategies as st

from logserver.core.tracing.timings import apdex_of, timing
from logserver.store.sketch import Sketch


def summed(values: list[float], errors: int = 0) -> Sketch:
    sketch = Sketch()
    for at, value in enumerate(values):
        sketch.add(value, error=at < errors)
    return sketch


@given(st.lists(st.floats(0, 5_000) | st.sampled_from([299.9, 300.0, 300.1, 1_199.0, 1_200.0, 1_200.1]), min_size=1))
def test_the_apdex_is_right_within_the_margin_it_states(values: list[float]) -> None:
    true = sum(1 if value <= 300 else 0.5 if value <= 1_200 else 0 for value in values) / len(values)
    apdex, margin = apdex_of(summed(values))
    assert abs(apdex - true) <= margin + 1e-9
    near = sum(abs(value - edge) <= edge * 0.02 for value in values for edge in (300, 1_200))
    assert margin <= near / (4 * len(values)) + 1e-9


def test_a_timing_says_what_its_durations_were() -> None:
    found = timing("GET /", summed([100.0] * 90 + [1_000.0] * 10, errors=3), 50)
    assert (found.count, found.per_minute, found.total, found.mean) == (100, 2, 19_000, 190)
    assert (found.slowest, found.error_rate, found.apdex, found.apdex_margin) == (1_000, 0.03, 0.95, 0)
    assert abs(found.p50 - 100) <= 1
    assert abs(found.p95 - 1_000) <= 10
