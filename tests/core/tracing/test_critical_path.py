from hypothesis import given
from hypothesis import strategies as st

from logserver.core.tracing import critical_path, tree
from logserver.core.tracing.tree import Span
from tests.core.tracing.spanning import span


def waited(spans: list[Span]) -> dict[str, int]:
    found = tree.ordered(spans)
    critical_path.mark(found)
    return {each.span_id: each.own_critical for each in found if each.critical}


def test_what_ended_last_was_waited_for() -> None:
    spans = [span("a", 0, 100), span("b", 10, 30, "a"), span("c", 20, 60, "a"), span("d", 90, 5, "a")]
    assert waited(spans) == {"a": 10 + 10 + 5, "b": 10, "c": 60, "d": 5}


def test_a_child_that_outlives_its_parent_counts_within_it_only() -> None:
    assert waited([span("a", 0, 100), span("b", 50, 500, "a")]) == {"a": 50, "b": 50}


def test_a_child_that_runs_beside_a_longer_one_is_not_waited_for() -> None:
    assert waited([span("a", 0, 100), span("b", 0, 100, "a"), span("c", 5, 90, "a")]) == {"a": 0, "b": 100}


def test_several_roots_are_waited_for_one_after_the_other() -> None:
    assert waited([span("a", 0, 10), span("b", 20, 10)]) == {"a": 10, "b": 10}


@given(
    st.lists(
        st.tuples(st.integers(0, 200), st.integers(0, 200), st.integers(-1, 20)),
        min_size=1,
        max_size=30,
    )
)
def test_no_moment_is_waited_for_twice(drawn: list[tuple[int, int, int]]) -> None:
    spans = [
        span(f"s{n}", offset, duration, f"s{parent}" if parent >= 0 else "")
        for n, (offset, duration, parent) in enumerate(drawn)
    ]
    found = waited(spans)
    end = max(each.offset + each.duration for each in spans)
    assert all(time >= 0 for time in found.values())
    assert sum(found.values()) <= end
    assert all(found[each.span_id] <= each.duration for each in spans if each.span_id in found)
