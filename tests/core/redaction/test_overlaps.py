"""Several rules on one text."""

import pytest

from logserver.core.redaction.rules import Rule
from tests.core.redaction.making import builtin, everything, pattern, policy


@pytest.mark.parametrize(
    ("rules", "text", "redacted"),
    [
        ([pattern("abc"), pattern("cde", rule_id="2")], "xabcdey", "x[REDACTED]y"),
        ([pattern("abc"), pattern("cde", "mask", "2")], "xabcdey", "x[REDACTED]y"),
        ([pattern("abcdefgh", "mask"), pattern("defghijk", "mask", "2")], "xabcdefghijky", "x*******hijky"),
        ([pattern("abc"), pattern("def", rule_id="2")], "abcdef", "[REDACTED][REDACTED]"),
        ([pattern("b"), pattern("abc", rule_id="2")], "abc", "[REDACTED]"),
        ([builtin("credit_card", "mask"), pattern(r"\d+")], "n 4111 1111 1111 1111", "n [REDACTED]"),
        ([builtin("credit_card", "mask"), pattern(r"\d+", "mask")], "4111 1111 1111 1111", "****-****-****-1111"),
        ([builtin("credit_card"), pattern(r"card \d+")], "a card 4111 1111 1111 1111 b", "a [REDACTED] b"),
        ([builtin("credit_card"), builtin("phone")], "+4111111111111111", "+[REDACTED]"),
        ([builtin("ipv4"), pattern(r"\d+:\d+")], "10.0.0.1:80", "[REDACTED]"),
        ([builtin("email", "mask"), pattern("bob", "mask")], "bob@example.com", "***********.com"),
        ([pattern(r"\]\[")], "[REDACTED][REDACTED]", "[REDACTED][REDACTED]"[:9] + "[REDACTED]" + "REDACTED]"),
        ([pattern(r"(?s).+", "mask")], "hello a b", "***** a b"),
    ],
)
def test_the_union_goes_by_the_strictest(rules: list[Rule], text: str, redacted: str) -> None:
    made = policy(*rules)
    assert made.redact_text(text) == redacted
    assert made.redact_text(redacted) == redacted


def test_every_rule_that_matched_is_named() -> None:
    made = everything("replace", pattern(r"card \d+"))
    redacted = made.redact({"m": "card 4111111111111111", "n": ["bob@example.com, 10.0.0.1"]})
    assert redacted.matches == [
        ("m", "custom"),
        ("m", "builtin_credit_card"),
        ("n.0", "builtin_email"),
        ("n.0", "builtin_ipv4"),
    ]
    assert redacted.count == 2


def test_two_hits_in_a_string_are_one_value() -> None:
    redacted = everything().redact(["4111111111111111 and 4111111111111111", "10.0.0.1"])
    assert redacted.value == ["[REDACTED] and [REDACTED]", "[REDACTED]"]
    assert redacted.count == 2
    assert redacted.matches == [("0", "builtin_credit_card"), ("1", "builtin_ipv4")]


def test_a_text_that_does_not_come_to_rest_goes_as_a_whole() -> None:
    # Each replacement ends in what the pattern wants before the next letter.
    made = policy(pattern(r"\]x|^x"))
    assert made.redact_text("x" * 100) == "[REDACTED]"
    assert made.redact_text("x") == "[REDACTED]"


def test_a_text_full_of_matches_goes_as_a_whole() -> None:
    made = policy(pattern("a"))
    assert made.redact_text("a b " * 50) == "[REDACTED] b " * 50
    assert made.redact_text("a b " * 1_001) == "[REDACTED]"
    assert made.redact_text("a b " * 251 + " " * 100_000) == "[REDACTED]"
    assert everything().redact_text("10.0.0.1 " * 1_000) == "[REDACTED] " * 1_000
    assert everything().redact_text("10.0.0.1 " * 1_001) == "[REDACTED]"


@pytest.mark.parametrize(
    ("text", "redacted"),
    [("日", "[REDACTED]"), ("a日b", "a[REDACTED]b"), ("aé", "a[REDACTED]"), ("ab", "ab")],
)
def test_a_pattern_over_bytes_takes_whole_characters(text: str, redacted: str) -> None:
    assert policy(pattern(r"[^a-zA-Z\[\]]")).redact_text(text) == redacted
    assert policy(pattern(r"(?:\xe6|\xc3|日|é)\C?")).redact_text(text).isprintable()


@pytest.mark.parametrize(
    ("text", "expression", "redacted"),
    [
        ("日本 secret-7 語", r"secret-\d", "日本 [REDACTED] 語"),
        ("日本語", "本", "日[REDACTED]語"),
        ("🙂x🙂", "🙂", "[REDACTED]x[REDACTED]"),
        ("ÀÉ", r"(?i)é", "À[REDACTED]"),
        ("a\u0301bc", "b", "a\u0301[REDACTED]c"),
    ],
)
def test_offsets_are_right_beside_any_letters(text: str, expression: str, redacted: str) -> None:
    assert policy(pattern(expression)).redact_text(text) == redacted
    assert policy(pattern(expression)).redact({text: [text]}).value == {redacted: [redacted]}


@pytest.mark.parametrize(
    ("expression", "text", "found"),
    [
        ("^b", "b", True),
        ("^b", "ab", False),
        ("a$", "a", True),
        ("a$", "ab", False),
        (r"\Aa\z", "a", True),
        (r"\Aa\z", "ba", False),
        (r"(?-m)^b", "b", True),
        (r"\$a", "$a", True),
        (r"[^a]c", "bc", True),
        (r"\[^b", "[^b", False),
        (r"\[\^b", "[^b", True),
        (r"\Q^b\E", "^b", True),
        (r"\ba\b", "a", True),
        (r"\Ba", "-a", False),
        ("a.b", 'a"b', True),
        ("a.b", "a\\b", True),
        (r"\n", "a\nb", True),
        ('","', "x", False),
        (":", "x", False),
    ],
)
def test_a_pattern_sees_each_text_alone(expression: str, text: str, found: bool) -> None:  # noqa: FBT001 - a column of the table
    made = policy(pattern(expression))
    for value in ([text], {text: 0}, ["c", text, "c"], ["c\n", text], {"c": [text, "\\"]}, {"c": {"c": text}}):
        assert bool(made.redact(value).count) is found
