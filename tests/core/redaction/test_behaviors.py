"""What stands where something was found."""

import re
from collections.abc import Callable

import pytest

from logserver.core.redaction.behaviors import BEHAVIORS, Behavior, keyed_hash, mask
from logserver.core.redaction.engine import Policy
from tests.core.redaction.making import SECRET, builtin, everything, field, pattern, policy

HASH = re.compile(r"sha256:[0-9a-f]{16}")


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("", ""),
        ("a", "*"),
        ("12345678", "********"),
        ("123456789", "*****6789"),
        ("bob@example.com", "***********.com"),
        ("ééééééééé", "*****éééé"),
        ("日本日本日本日本日", "*****日本日"[:5] + "本日本日"),
    ],
)
def test_a_mask_leaves_the_last_four_of_more_than_eight(text: str, masked: str) -> None:
    assert mask(text) == masked
    assert mask(masked) == masked


@pytest.mark.parametrize(
    ("name", "text", "masked"),
    [
        ("credit_card", "4111 1111 1111 1234", "4111 1111 1111 1234"),
        ("credit_card", "a 4111 1111 1111 1111 b", "a ****-****-****-1111 b"),
        ("credit_card", "378282246310005", "****-****-****-0005"),
        ("ssn", "123-45-6789", "***-**-6789"),
        ("ssn", "ssn 123456789", "ssn ***-**-6789"),
        ("email", "bob@example.com", "***********.com"),
        ("ipv4", "10.0.0.1", "********"),
        ("phone", "+41446681800", "********1800"),
        ("bearer_token", "Bearer abc", "Bearer ***"),
    ],
)
def test_masks_of_built_in_rules(name: str, text: str, masked: str) -> None:
    made = policy(builtin(name, "mask"))
    assert made.redact_text(text) == masked
    assert made.redact([masked]).count == 0


def test_a_hash_is_the_same_for_the_same_value_of_a_store() -> None:
    made = policy(builtin("credit_card", "hash"), pattern("bob", "hash"))
    one, two = made.redact(["4111111111111111", "x 4111111111111111 y"]).value
    assert HASH.fullmatch(one)
    assert two == f"x {one} y"
    assert made.redact_text("bob") not in {one, "bob"}
    assert policy(pattern("bob", "hash")).redact_text("bob") == made.redact_text("bob")
    assert Policy([pattern("bob", "hash")], b"another").redact_text("bob") != made.redact_text("bob")


def test_a_hash_is_none_that_a_rule_would_find() -> None:
    def refused_twice() -> Callable[[str], bool]:
        seen: list[str] = []

        def refused(result: str) -> bool:
            seen.append(result)
            return len(seen) <= 2

        return refused

    first = keyed_hash(SECRET, "x", lambda _: False)
    third = keyed_hash(SECRET, "x", refused_twice())
    assert HASH.fullmatch(third)
    assert third != first
    assert keyed_hash(SECRET, "x", refused_twice()) == third
    assert keyed_hash(SECRET, "x", lambda _: True) == "[REDACTED]"


@pytest.mark.parametrize("behavior", BEHAVIORS)
@pytest.mark.parametrize(
    "text", ["Bearer abcdefgh12345678", "4111111111111111", "x bob@example.com 123-45-6789 +41446681800"]
)
def test_a_behaviour_leaves_its_own_result(behavior: Behavior, text: str) -> None:
    made = everything(behavior, pattern(r"\S+@\S+", behavior), field("f", behavior=behavior))
    first = made.redact({"f": text, "g": text, text: [text]})
    assert first.count == 4
    assert made.redact(first.value).count == 0


@pytest.mark.parametrize(
    "text",
    [
        "[REDACTED]",
        "x [REDACTED] y",
        "sha256:0123456789abcdef",
        "****-****-****-1234",
        "***-**-1234",
        "*****1234",
        "***",
    ],
)
def test_patterns_do_not_look_into_results(text: str) -> None:
    made = policy(
        pattern("REDACTED|sha256|[0-9]{4}|[*]+|[A-Z]{3}"), pattern("none", "hash", "2"), pattern("none", "mask", "3")
    )
    assert made.redact([text, {text: 1}]).count == 0


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("sha256:4111111111111111", "sha256:[REDACTED]"),
        ("sha256:123-45-6789", "sha256:[REDACTED]"),
        ("[REDACTED]4111111111111111", "[REDACTED][REDACTED]"),
        ("****-****-****-4111111111111111", "****-****-****-[REDACTED]"),
        ("Bearer [REDACTED]abcdef1234567890", "Bearer [REDACTED][REDACTED]"),
        ("*****AKIAIOSFODNN7EXAMPLE", "*****[REDACTED]"),
    ],
)
def test_a_secret_cannot_pass_for_a_result(text: str, redacted: str) -> None:
    made = policy(
        builtin("credit_card"), builtin("ssn"), builtin("bearer_token"), builtin("aws_key"), pattern("x", "hash")
    )
    assert made.redact_text(text) == redacted
    fields = policy(builtin("credit_card"), builtin("ssn"), field("f", behavior="hash"))
    value = fields.redact({"f": "sha256:4111111111111111"}).value["f"]
    assert HASH.fullmatch(value)
    assert value != "sha256:4111111111111111"
