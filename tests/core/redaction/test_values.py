"""Redaction of whole JSON values: paths, keys, numbers, fields."""

from typing import Any

import pytest

from logserver.core.redaction.engine import Policy, defaults
from tests.core.redaction.making import SECRET, builtin, everything, field, pattern, policy

CARD = "4111111111111111"
ALL = everything()


def test_paths_name_keys_and_indexes() -> None:
    value = {"cards": [{"holder": CARD, "n": 1}, {"holder": "x"}], "deep": [[["10.0.0.1"]]]}
    redacted = ALL.redact(value, "metadata")
    assert redacted.value == {
        "cards": [{"holder": "[REDACTED]", "n": 1}, {"holder": "x"}],
        "deep": [[["[REDACTED]"]]],
    }
    assert redacted.matches == [
        ("metadata.cards.0.holder", "builtin_credit_card"),
        ("metadata.deep.0.0.0", "builtin_ipv4"),
    ]
    assert ALL.redact(CARD, "actor.name").matches == [("actor.name", "builtin_credit_card")]
    assert ALL.redact(CARD).matches == [("", "builtin_credit_card")]
    assert ALL.redact({"": {"": CARD}}).matches == [(".", "builtin_credit_card")]


def test_what_was_given_stays_as_it_was() -> None:
    inner = ["x"]
    value = {"a": [CARD, inner], "b": inner}
    redacted = ALL.redact(value)
    assert value == {"a": [CARD, ["x"]], "b": ["x"]}
    assert redacted.value["b"] is inner
    assert redacted.value["a"][1] is inner


@pytest.mark.parametrize("value", [None, True, 0, 1.5, "", [], {}, [[], {}], {"a": None}, float("nan"), float("inf")])
def test_nothing_found_is_the_same_object(value: Any) -> None:
    redacted = ALL.redact(value)
    assert redacted.value is value
    assert (redacted.count, redacted.matches) == (0, [])


def test_keys_are_scanned_and_paths_show_what_became_of_them() -> None:
    redacted = ALL.redact({"bob@example.com": {"x": CARD}, "b": 1}, "metadata")
    assert redacted.value == {"[REDACTED]": {"x": "[REDACTED]"}, "b": 1}
    assert list(redacted.value) == ["[REDACTED]", "b"]
    assert redacted.matches == [
        ("metadata.[REDACTED]", "builtin_email"),
        ("metadata.[REDACTED].x", "builtin_credit_card"),
    ]
    assert redacted.count == 2


def test_no_two_keys_become_one() -> None:
    value = {CARD: 1, "[REDACTED]": 2, "10.0.0.1": 3, "[REDACTED 2]": 4, "x 10.0.0.2": 5, "x 10.0.0.3": 6}
    made = everything("replace", pattern(r"\d+|[A-Z]+"))
    redacted = made.redact(value)
    assert redacted.value == {
        "[REDACTED 3]": 1,
        "[REDACTED]": 2,
        "[REDACTED 4]": 3,
        "[REDACTED 2]": 4,
        "x [REDACTED]": 5,
        "[REDACTED 5]": 6,
    }
    assert list(redacted.value.values()) == [1, 2, 3, 4, 5, 6]
    assert redacted.count == 4
    assert made.redact(redacted.value).value is redacted.value


def test_a_secret_cannot_pass_for_a_numbered_key() -> None:
    assert CARD not in str(ALL.redact({f"[REDACTED {CARD}]": 1}))


@pytest.mark.parametrize(
    ("number", "redacted"),
    [
        (4111111111111111, "[REDACTED]"),
        (-4111111111111111, "[REDACTED]"),
        (4111111111111111.0, "[REDACTED]"),
        (4222222222222, "[REDACTED]"),
        (6.2e18, "[REDACTED]"),
        (6.3e18, 6.3e18),
        (4111111111111112, 4111111111111112),
        (4111111111111111.5, 4111111111111111.5),
        (1790000010250, 1790000010250),
        (123456789, 123456789),
        (True, True),
        (1e300, 1e300),
    ],
)
def test_long_numbers_count_as_text(number: Any, redacted: Any) -> None:
    assert ALL.redact({"n": number}).value == {"n": redacted}
    assert ALL.redact([number]).value == [redacted]
    assert ALL.redact(number).value == redacted


def test_a_number_goes_as_a_whole() -> None:
    assert policy(builtin("credit_card", "mask")).redact([4111111111111111]).value == ["****-****-****-1111"]
    assert policy(pattern("99")).redact([1_000_000_990_000, 99, 1e12]).value == ["[REDACTED]", 99, 1e12]
    assert policy(pattern("99", "mask")).redact([1_000_000_990_000]).value == ["*********0000"]
    assert policy(pattern("0{17}")).redact([1e17, {"a": 1e18}]).value == ["[REDACTED]", {"a": "[REDACTED]"}]
    hashed = policy(builtin("credit_card", "hash"))
    assert hashed.redact(4111111111111111).value == hashed.redact_text(CARD)
    large = float(4_111_111_111_111_111_040)
    assert str(int(large)) == "4111111111111111168"
    assert policy(pattern("1168$")).redact([large]).value == ["[REDACTED]"]


@pytest.mark.parametrize(
    ("path", "value", "redacted"),
    [
        ("metadata.password", {"metadata": {"password": "x", "p": "x"}}, {"metadata": {"password": "R", "p": "x"}}),
        ("m.*.pin", {"m": {"a": {"pin": 1}, "b": [{"pin": 2}]}}, {"m": {"a": {"pin": "R"}, "b": [{"pin": 2}]}}),
        ("c.*.was", {"c": [{"was": "x"}, {"was": None}]}, {"c": [{"was": "R"}, {"was": None}]}),
        ("a.0", {"a": ["x", "y"]}, {"a": ["R", "y"]}),
        ("a.0", {"a": {"0": "x"}}, {"a": {"0": "R"}}),
        ("a", {"a": {"b": [1, 2]}}, {"a": "R"}),
        ("a", {"a": []}, {"a": "R"}),
        ("a", {"a": True}, {"a": "R"}),
        ("a", {"a": 1.5}, {"a": "R"}),
        ("a", {"a": None}, {"a": None}),
        ("a", {"a": "[REDACTED]"}, {"a": "[REDACTED]"}),
        ("a", {"b": {"a": 1}}, {"b": {"a": 1}}),
        ("a.b", {"a": "b"}, {"a": "b"}),
        ("a.b.c", {"a.b": {"c": 1}}, {"a.b": {"c": "R"}}),
        ("a.b.c", {"a": {"b.c": 1}}, {"a": {"b.c": "R"}}),
        ("*", {"a": 1, "b": {"c": 2}}, {"a": "R", "b": "R"}),
        ("*.*", {"a": 1, "b": {"c": 2}, "d": [3]}, {"a": 1, "b": {"c": "R"}, "d": ["R"]}),
    ],
)  # fmt: skip
def test_fields_go_whole(path: str, value: Any, redacted: Any) -> None:
    made = policy(field(path))
    first = made.redact(value)
    assert str(first.value) == str(redacted).replace("'R'", "'[REDACTED]'")
    assert made.redact(first.value).count == 0


def test_a_path_begins_at_the_root_of_the_event() -> None:
    made = policy(field("metadata.a.*"))
    assert made.redact({"a": [1, 2]}, "metadata").matches == [("metadata.a.0", "field"), ("metadata.a.1", "field")]
    assert made.redact([1], "metadata.a").value == ["[REDACTED]"]
    assert made.redact(1, "metadata.a.b").value == "[REDACTED]"
    assert made.redact({"a": [1]}, "other").count == 0
    assert made.redact({"metadata": {"a": [1]}}, "metadata").count == 0


@pytest.mark.parametrize(
    ("behavior", "sent", "stored"),
    [("mask", "password1", "*****ord1"), ("mask", 123456789, "[REDACTED]"), ("hash", {"a": 1}, "[REDACTED]")],
)
def test_a_field_by_other_behaviours(behavior: Any, sent: Any, stored: str) -> None:
    made = policy(field("f", behavior=behavior), pattern(r"\d|REDACTED"))
    assert made.redact({"f": sent}).value == {"f": stored}
    assert made.redact({"f": stored}).count == 0


def test_the_strictest_rule_for_a_field_is_followed_and_all_are_named() -> None:
    made = policy(field("f", behavior="mask", rule_id="1"), field("*", rule_id="2"), builtin("credit_card", "mask"))
    redacted = made.redact({"f": CARD})
    assert redacted == ({"f": "[REDACTED]"}, 1, [("f", "1"), ("f", "2")])


def test_a_field_below_a_redacted_key_is_still_found() -> None:
    made = policy(
        builtin("email"), field("m.bob@example,com.pin"), field("m.[REDACTED].pan", rule_id="2"), pattern(",")
    )
    redacted = made.redact({"bob@example,com": {"pin": "1", "pan": "2"}}, "m")
    assert redacted.value == {"bob@example[REDACTED]com": {"pin": "[REDACTED]", "pan": "2"}}
    redacted = made.redact({"a@b.com": {"pin": "1", "pan": "2"}}, "m")
    assert redacted.value == {"[REDACTED]": {"pin": "1", "pan": "[REDACTED]"}}
    assert redacted.matches == [("m.[REDACTED]", "builtin_email"), ("m.[REDACTED].pan", "2")]


def test_structure_keeps_its_names_and_its_containers() -> None:
    made = policy(pattern("[a-z]+"), field("actor", rule_id="2"), field("changes", rule_id="3"))
    structure = frozenset({"actor", "actor.id", "changes", "changes.*", "changes.*.field", "metadata"})
    value = {
        "actor": {"id": "u1", "extra": {"x": "1"}, "tags": []},
        "changes": [{"field": "name", "was": 1}, {}],
        "metadata": {"id": "x"},
    }
    redacted = made.redact(value, structure=structure)
    assert redacted.value == {
        "actor": {"id": "[REDACTED]", "[REDACTED]": "[REDACTED]", "[REDACTED 2]": "[REDACTED]"},
        "changes": [{"field": "[REDACTED]", "[REDACTED]": "[REDACTED]"}, {}],
        "metadata": {"[REDACTED]": "[REDACTED]"},
    }
    assert made.redact(redacted.value, structure=structure).value is redacted.value


def test_depth_is_no_matter() -> None:
    value: Any = CARD
    for _ in range(5_000):
        value = {"a": [value]}
    redacted = everything("replace", field("b.*")).redact(value)
    assert redacted.count == 1
    found = redacted.value
    for _ in range(5_000):
        found = found["a"][0]
    assert found == "[REDACTED]"


def test_a_number_too_long_to_be_written_is_no_matter() -> None:
    assert policy(pattern("0")).redact({"a": 10**5000, "b": 10**12}).value == {"a": 10**5000, "b": "[REDACTED]"}


def test_half_a_surrogate_pair_is_carried_through() -> None:
    redacted = everything("replace", pattern("x+")).redact({"\ud800": f"\udfff {CARD} xx", "y": ["\ud83d\ude00"]})
    assert redacted.value == {"\ud800": "\udfff [REDACTED] [REDACTED]", "y": ["\ud83d\ude00"]}


def test_the_defaults_are_the_rules_that_are_on() -> None:
    made = defaults(SECRET)
    value = [CARD, "123-45-6789", "bob@example.com", "+41446681800", "10.0.0.1", "Bearer abc", "AKIAIOSFODNN7EXAMPLE"]
    redacted = made.redact(value)
    assert redacted.count == 4
    assert [rule for _, rule in redacted.matches] == [
        "builtin_credit_card",
        "builtin_ssn",
        "builtin_bearer_token",
        "builtin_aws_key",
    ]
    assert Policy([], SECRET).redact(value).count == 0


def test_identifiers_can_be_asked_about() -> None:
    assert ALL.matches("tenant-42") == []
    assert ALL.matches(f"{CARD} bob@example.com") == ["builtin_credit_card", "builtin_email"]
    assert everything("hash", pattern("tenant")).matches("tenant-42") == ["custom"]
