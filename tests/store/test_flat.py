from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from logserver.store import flat
from logserver.store.flat import words_of
from logserver.store.words import newest_words

text = st.text(st.characters(exclude_categories=["Cs"]))
near = st.sampled_from(["a", "b", "Level", "type", "%s", "%", "\x1e", "\x1f", "é", "k" * 128, "k" * 129, ""])
value = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([10**29, 10**30, -(10**30), 10**127, 10**128, 10**129, 2**426, 10**5000])
    | st.floats()
    | text
    | st.sampled_from(["%s", "\x1e", "a\x1fb", "x" * 128, "x" * 129, "x" * 60])
)
nested = value | st.lists(value, max_size=2) | st.dictionaries(near, value, max_size=2)
shapes = st.lists(near | text, max_size=6, unique=True)


@settings(deadline=None)
@given(
    st.tuples(
        st.sampled_from(["log", "error", "audit", "span"]),
        st.sampled_from(["info", "WARN", "%d", "x\x1fy"]),
        st.sampled_from([None, "group"]),
        text,
    ),
    shapes.flatmap(lambda keys: st.lists(st.fixed_dictionaries(dict.fromkeys(keys, value)), min_size=1, max_size=3))
    | shapes.flatmap(lambda keys: st.lists(st.fixed_dictionaries(dict.fromkeys(keys, nested)), min_size=1, max_size=3)),
)
@example(("log", "info", None, "m"), [{"a": "x", "b": 1}, {"a": "y" * 129, "b": 2}, {"a": "z", "b": 10**140}])
@example(("log", "info", None, "m"), [{"a": "x", "b": 10**5000}, {"a": "x" * 128, "b": 10**20}])
@example(("log", "info", None, "m"), [{"a": 1.5, "b": "x"}, {"a": 2.0, "b": "x"}, {"a": float("inf"), "b": "x"}])
@example(("log", "info", None, "m"), [{"a": True, "b": None}, {"a": False, "b": None}, {"a": True, "b": "%s"}])
@example(("log", "info", None, "m"), [{"a": "\x1e", "b": 1}, {"a": "\x1f", "b": 1}, {"Level": "x", "type": 1}])
@example(("log", "info", None, "m"), [{"k" * 128: 1, "b": 1}, {"k" * 129: 1, "b": 1}, {"k" * 129: "x", "b": 1}])
@example(("log", "info", None, "m"), [{"a": [1]}, {"a": {}}, {"a": {"b": True}}])
def test_they_are_the_words_of_the_long_way(
    about: tuple[str, str, str | None, str], contexts: list[dict[str, Any]]
) -> None:
    for context in contexts:
        wanted = newest_words(*about, context)
        # Once where its template is made, and once where it is known.
        assert words_of(*about, context) == wanted
        assert words_of(*about, context) == wanted


def test_templates_take_no_more_room_than_they_may() -> None:
    for number in range(3 * flat.REMEMBERED):
        context = {f"key{number}": "v", "other": number}
        assert words_of("log", "info", None, "m", context) == newest_words("log", "info", None, "m", context)
        assert len(flat.templates) <= flat.REMEMBERED


@pytest.mark.parametrize("context", [{"k" * 3_000: "v"}, {str(number): "v" for number in range(300)}])
def test_large_sets_of_keys_are_not_remembered(context: dict[str, Any]) -> None:
    flat.templates.clear()
    assert words_of("log", "info", None, "m", context) == newest_words("log", "info", None, "m", context)
    assert not flat.templates
