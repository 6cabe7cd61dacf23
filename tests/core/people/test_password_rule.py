"""Which passwords are taken, and what is said of those that are not."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logserver.core.faults import Invalid
from logserver.core.people.password_rule import LONGEST, SHORTEST, normal, required

ADA = ("ada@analytical.example", "Ada Lovelace", "Analytical Engines")


def problem(password: str) -> str | None:
    try:
        required("new_password", password, ADA)
    except Invalid as fault:
        ((field, message),) = fault.problems
        assert field == "new_password"
        return message
    return None


@pytest.mark.parametrize(
    "password",
    [
        "nine lives, nine looms",
        "correct-horse-battery-staple",
        "xK9!mQ2@vL",
        "           a quiet   room ",
        "пароль из букв",
        "早起きは三文の徳である",
        "ada has a good one here",
        "é" * 1 + "-longer than ten",
        "a1B2" * 3 + "and so on",
    ],
)
def test_a_good_one_is_taken_as_it_is(password: str) -> None:
    assert problem(password) is None
    assert required("password", password, ADA) == normal(password)


@pytest.mark.parametrize(
    ("password", "message"),
    [
        ("", "at least"),
        ("ninechars", "at least"),
        ("long" * 257, "at most"),
        ("é" * 513, "at most"),
        ("\ufdfa" * 60, "at most"),
        ("password123", "commonest"),
        ("PassWord123", "commonest"),
        ("Password123!", "commonest"),
        ("1qaz2wsx3edc", "commonest"),
        ("1234567890", "commonest"),
        ("!!dragon2024!!", "commonest"),
        ("".join(chr(ord(char) + 0xFEE0) for char in "password123"), "commonest"),
        ("aaaaaaaaaaaa", "repeat"),
        ("abcabcabcabca", "repeat"),
        ("tomtomtomtom", "repeat"),
        ("          ", "repeat"),
        ("123412341234", "repeat"),
        ("cdefghijklmn", "row"),
        ("zyxwvutsrqpo", "row"),
        ("asdfghjklzxcv", "row"),
        ("98765432109876", "row"),
        ("adalovelace1", "name"),
        ("Lovelace-Ada!", "name"),
        ("ada@analytical.example", "name"),
        ("analytical12", "name"),
    ],
)
def test_a_poor_one_is_refused_by_name(password: str, message: str) -> None:
    assert message in (problem(password) or "")


def test_the_bounds_are_where_they_are_said_to_be() -> None:
    made = "kT7#"
    longest = "".join(chr(97 + (n * n) % 26) for n in range(LONGEST))
    assert problem(made + "q" * (SHORTEST - 5)) is not None
    assert problem(made + "vXw2pz"[: SHORTEST - 4]) is None
    assert problem(longest) is None
    assert problem(longest + "a") is not None


@given(st.text(max_size=1_100))
def test_whatever_is_typed_has_an_answer_that_does_not_repeat_it(password: str) -> None:
    message = problem(password.encode("utf-8", "replace").decode())
    if message is not None and len(password) > 5:
        assert password not in message


@given(st.text(min_size=10, max_size=60, alphabet=st.characters(codec="utf-8")))
def test_the_same_letters_are_the_same_password_however_they_are_composed(password: str) -> None:
    composed, decomposed = (unicodedata.normalize(form, password) for form in ("NFC", "NFD"))
    assert normal(composed) == normal(decomposed)
    assert problem(composed) == problem(decomposed)
