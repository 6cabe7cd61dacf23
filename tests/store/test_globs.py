import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logserver.store.globs import fitting


@pytest.mark.parametrize(
    ("pattern", "fits", "does_not"),
    [
        ("*", ["", "a", "a.b.c"], []),
        ("**", ["", "a.b"], []),
        ("auth.failed*", ["auth.failed", "auth.failed.mfa", "auth.failed_login"], ["auth.fail", "x.auth.failed"]),
        ("*.deleted", [".deleted", "user.deleted", "a.b.deleted"], ["deleted", "user.deleted.now"]),
        ("user.created", ["user.created"], ["user.created.x", "user_created", "xuser.created"]),
        ("user.*.role", ["user.a.role", "user.a.b.role", "user..role"], ["user.role", "user.a.roles"]),
        ("a*a", ["aa", "aba"], ["a", "ab"]),
        ("*ab*ab*", ["abab", "xabxabx"], ["ab", "aab"]),
        ("a*bc*cd", ["abcd.bc.cd", "abccd"], ["abcd", "abc"]),
    ],
)
def test_a_star_stands_for_anything_and_the_rest_for_itself(pattern: str, fits: list[str], does_not: list[str]) -> None:
    matches = fitting(pattern)
    assert [text for text in fits if not matches(text)] == []
    assert [text for text in does_not if matches(text)] == []


def test_no_pattern_is_slow() -> None:
    assert not fitting("*a" * 60 + "*b")("a" * 10_000)


@given(st.text("ab.*", max_size=8), st.text("ab.", max_size=10))
def test_it_fits_where_the_regular_expression_does(pattern: str, text: str) -> None:
    expression = ".*".join(re.escape(piece) for piece in pattern.split("*"))
    assert fitting(pattern)(text) is (re.fullmatch(expression, text) is not None)
