"""Two texts side by side."""

import pytest

from logserver.web.differences import MOST_LINES, Pair, beside


@pytest.mark.parametrize(
    ("left", "right", "pairs"),
    [
        ("", "", []),
        ("a\nb", "a\nb", [Pair("a", "a"), Pair("b", "b")]),
        ("a\nb\nc", "a\nx\nc", [Pair("a", "a"), Pair("b", "x"), Pair("c", "c")]),
        ("a", "a\nb", [Pair("a", "a"), Pair(None, "b")]),
        ("a\nb", "b", [Pair("a", None), Pair("b", "b")]),
        ("a\nb", "x", [Pair("a", "x"), Pair("b", None)]),
    ],
)
def test_what_is_the_same_stands_beside_itself(left: str, right: str, pairs: list[Pair]) -> None:
    assert beside(left, right) == pairs
    assert [pair.same for pair in pairs] == [pair.left == pair.right for pair in pairs]


def test_of_long_texts_the_beginning_is_compared() -> None:
    assert len(beside("a\n" * 5_000, "a\n" * 5_000)) == MOST_LINES
