"""How deep a JSON value goes and how much it holds."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logserver.core.nesting import excess

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=30,
)


def depth(value: Any) -> int:
    if not isinstance(value, dict | list):
        return 0
    return 1 + max((depth(each) for each in (value.values() if isinstance(value, dict) else value)), default=0)


def size(value: Any) -> int:
    if not isinstance(value, dict | list):
        return 0
    return len(value) + sum(size(each) for each in (value.values() if isinstance(value, dict) else value))


@given(JSON)
def test_it_is_as_deep_and_as_large_as_counted_by_hand(value: Any) -> None:
    deep, large = depth(value), size(value)
    assert excess(value, levels=max(deep, 1), most=large) is None
    if deep > 1:
        assert excess(value, levels=deep - 1, most=large) == f"Must be nested at most {deep - 1} levels deep"
    if large:
        assert excess(value, levels=max(deep, 1), most=large - 1) == f"Must have at most {large - 1} keys and elements"


@pytest.mark.parametrize("value", [None, 1, "x"])
def test_what_holds_nothing_exceeds_nothing(value: Any) -> None:
    assert excess(value, levels=1, most=0) is None


def test_it_goes_no_deeper_than_it_must() -> None:
    value: Any = 1
    for _ in range(100_000):
        value = [value]
    assert excess(value, levels=16, most=512) == "Must be nested at most 16 levels deep"
    while isinstance(value, list):  # taken apart one by one, as the interpreter would do it by recursion
        (value,) = value
