import pytest

from logserver.core.tracing import tree
from logserver.core.tracing.tree import Span
from tests.core.tracing.spanning import span


def shown(spans: list[Span]) -> list[tuple[str, int, int]]:
    return [(each.span_id, each.depth, each.descendants) for each in tree.ordered(spans)]


def test_spans_stand_below_their_parents_by_their_beginning() -> None:
    spans = [
        span("d", 30, 5, "b"),
        span("c", 50, 10, "a"),
        span("b", 20, 20, "a"),
        span("a", 0, 100),
        span("e", 25, 2, "b"),
    ]
    assert shown(spans) == [("a", 0, 4), ("b", 1, 2), ("e", 2, 0), ("d", 2, 0), ("c", 1, 0)]


def test_a_span_whose_parent_was_not_sent_is_a_root() -> None:
    assert shown([span("b", 5, 1, "lost"), span("a", 0, 9)]) == [("a", 0, 0), ("b", 0, 0)]


@pytest.mark.parametrize(
    ("spans", "found"),
    [
        ([span("a", 0, 1, "a")], [("a", 0, 0)]),
        ([span("a", 1, 1, "b"), span("b", 0, 1, "a")], [("b", 0, 1), ("a", 1, 0)]),
        (
            [span("a", 0, 1, "c"), span("b", 1, 1, "a"), span("c", 2, 1, "b"), span("d", 3, 1, "c")],
            [("a", 0, 3), ("b", 1, 2), ("c", 2, 1), ("d", 3, 0)],
        ),
    ],
)
def test_parents_that_go_round_in_a_circle_are_opened(spans: list[Span], found: list[tuple[str, int, int]]) -> None:
    assert shown(spans) == found


def test_a_chain_of_thousands_is_no_trouble() -> None:
    spans = [span(f"s{n}", n, 5_000 - n, f"s{n - 1}" if n else "") for n in range(3_000)]
    found = tree.ordered(spans)
    assert (found[-1].depth, found[0].descendants) == (2_999, 2_999)
