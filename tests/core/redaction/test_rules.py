"""The rules of a project, and who may change what of them."""

import string
from typing import Any

import pytest

from logserver.core import projects
from logserver.core.faults import Conflict, Invalid, NotFound
from logserver.core.projects import Project
from logserver.core.redaction import patterns, rules
from logserver.core.redaction.rules import Rule
from logserver.store.tx import Tx
from tests.fakes import START_MS

VALID: dict[str, Any] = {
    "type": "pattern",
    "name": "Employee number",
    "pattern": r"emp-\d{6}",
    "fields": (),
    "behavior": "replace",
    "enabled": True,
}
NOWHERE = "00000000-0000-4000-8000-000000000000"


def create(tx: Tx, project: Project, **values: Any) -> Rule:
    return rules.create(tx, project.number, **(VALID | {"now_ms": START_MS} | values))


def field_rule(tx: Tx, project: Project, **values: Any) -> Rule:
    return create(tx, project, **({"type": "field_redact", "pattern": None, "fields": ("metadata.pin",)} | values))


def generation(tx: Tx) -> int:
    return int(tx.execute("SELECT n FROM generation").fetchone()[0])


def problems(raised: pytest.ExceptionInfo[Invalid]) -> list[str]:
    return [field for field, _ in raised.value.problems]


def test_a_project_begins_with_the_built_in_rules(tx: Tx, project: Project) -> None:
    found = rules.every(tx, project.number)
    assert [(rule.id, rule.enabled) for rule in found] == [
        ("builtin_credit_card", True),
        ("builtin_ssn", True),
        ("builtin_email", False),
        ("builtin_phone", False),
        ("builtin_ipv4", False),
        ("builtin_jwt", True),
        ("builtin_bearer_token", True),
        ("builtin_aws_key", True),
    ]
    for rule in found:
        assert (rule.type, rule.pattern, rule.fields, rule.behavior, rule.created_at) == (
            "builtin",
            None,
            (),
            "replace",
            None,
        )
        assert rules.read(tx, project.number, rule.id) == rule
    assert found == rules.defaults()


def test_rules_of_its_own_follow_in_the_order_they_were_made(tx: Tx, project: Project) -> None:
    first = create(tx, project)
    second = field_rule(tx, project, behavior="mask", enabled=False, now_ms=START_MS - 1)
    assert rules.every(tx, project.number)[8:] == [first, second]
    assert first == Rule(
        first.id, "pattern", "Employee number", r"emp-\d{6}", (), "replace", enabled=True, created_at=START_MS
    )
    assert (second.fields, second.behavior, second.enabled) == (("metadata.pin",), "mask", False)
    assert rules.read(tx, project.number, second.id) == second


def test_rules_of_two_projects_are_apart(tx: Tx, project: Project) -> None:
    other = projects.create(tx, slug="other", now_ms=START_MS)
    rule = create(tx, project)
    rules.change(tx, project.number, "builtin_email", enabled=True)
    assert rules.every(tx, other.number) == rules.defaults()
    with pytest.raises(NotFound):
        rules.read(tx, other.number, rule.id)
    with pytest.raises(NotFound):
        rules.change(tx, other.number, rule.id, name="mine")
    with pytest.raises(NotFound):
        rules.delete(tx, other.number, rule.id)
    assert rules.read(tx, project.number, rule.id) == rule


def test_a_rule_can_be_changed(tx: Tx, project: Project) -> None:
    rule = create(tx, project)
    assert rules.change(tx, project.number, rule.id) == rule
    changed = rules.change(tx, project.number, rule.id, name="x" * 100, pattern="emp", behavior="hash", enabled=False)
    assert changed == Rule(rule.id, "pattern", "x" * 100, "emp", (), "hash", enabled=False, created_at=START_MS)
    assert rules.read(tx, project.number, rule.id) == changed
    fields = field_rule(tx, project)
    assert rules.change(tx, project.number, fields.id, fields=["a.*", "b"]).fields == ("a.*", "b")


@pytest.mark.parametrize(("behavior", "enabled"), [("mask", None), (None, False), ("hash", True)])
def test_of_a_built_in_rule_behaviour_and_switch_can_be_changed(
    tx: Tx,
    project: Project,
    behavior: str | None,
    enabled: bool | None,  # noqa: FBT001 - a column of the table
) -> None:
    changed = rules.change(tx, project.number, "builtin_ssn", behavior=behavior, enabled=enabled)
    assert (changed.behavior, changed.enabled) == (behavior or "replace", True if enabled is None else enabled)
    assert rules.every(tx, project.number)[1] == changed
    again = rules.change(tx, project.number, "builtin_ssn", behavior="replace", enabled=True)
    assert again == rules.defaults()[1]


def test_nothing_else_of_a_built_in_rule_can_be(tx: Tx, project: Project) -> None:
    with pytest.raises(Invalid) as raised:
        rules.change(
            tx, project.number, "builtin_ssn", name="x", pattern="x", fields=("x",), behavior="burn", enabled=False
        )
    assert problems(raised) == ["name", "pattern", "fields", "behavior"]
    assert rules.every(tx, project.number) == rules.defaults()


def test_a_rule_can_be_deleted(tx: Tx, project: Project) -> None:
    rule = create(tx, project)
    rules.delete(tx, project.number, rule.id)
    assert len(rules.every(tx, project.number)) == 8
    with pytest.raises(NotFound):
        rules.delete(tx, project.number, rule.id)
    with pytest.raises(Conflict):
        rules.delete(tx, project.number, "builtin_ssn")


@pytest.mark.parametrize("rule_id", [NOWHERE, "builtin_nothing", "", "ssn"])
def test_there_is_no_other_rule(tx: Tx, project: Project, rule_id: str) -> None:
    for ask in (rules.read, rules.change, rules.delete):
        with pytest.raises(NotFound):
            ask(tx, project.number, rule_id)


def test_every_change_is_told(tx: Tx, project: Project) -> None:
    seen = [generation(tx)]
    rule = create(tx, project)
    seen.append(generation(tx))
    rules.change(tx, project.number, rule.id, enabled=False)
    seen.append(generation(tx))
    rules.change(tx, project.number, "builtin_email", enabled=True)
    seen.append(generation(tx))
    rules.delete(tx, project.number, rule.id)
    seen.append(generation(tx))
    assert len(set(seen)) == 5


def test_a_project_has_a_hundred_of_its_own(tx: Tx, project: Project) -> None:
    made = [create(tx, project) for _ in range(100)]
    with pytest.raises(Conflict):
        create(tx, project)
    rules.delete(tx, project.number, made[50].id)
    create(tx, project)


@pytest.mark.parametrize(
    ("values", "fields"),
    [
        ({"type": "builtin"}, ["type"]),
        ({"type": ""}, ["type"]),
        ({"name": ""}, ["name"]),
        ({"name": " \t"}, ["name"]),
        ({"name": "x" * 101}, ["name"]),
        ({"name": "a\nb"}, ["name"]),
        ({"behavior": "burn"}, ["behavior"]),
        ({"pattern": None}, ["pattern"]),
        ({"pattern": ""}, ["pattern"]),
        ({"pattern": "a" * 1001}, ["pattern"]),
        ({"pattern": "["}, ["pattern"]),
        ({"pattern": "(a"}, ["pattern"]),
        ({"pattern": "a**"}, ["pattern"]),
        ({"pattern": r"(a)\1"}, ["pattern"]),
        ({"pattern": "a(?=b)"}, ["pattern"]),
        ({"pattern": "a{1001}"}, ["pattern"]),
        ({"pattern": r"(\pL{1,100}){1,10}"}, ["pattern"]),
        ({"pattern": r"\pL{1,20}"}, ["pattern"]),
        ({"pattern": "a*"}, ["pattern"]),
        ({"pattern": "a|"}, ["pattern"]),
        ({"pattern": "^"}, ["pattern"]),
        ({"pattern": "$"}, ["pattern"]),
        ({"pattern": r"\b"}, ["pattern"]),
        ({"pattern": r"(?m)$|a"}, ["pattern"]),
        ({"pattern": "\ud800"}, ["pattern"]),
        ({"fields": ("a",)}, ["fields"]),
        ({"name": "", "behavior": "", "pattern": "", "type": "pattern"}, ["name", "behavior", "pattern"]),
        ({"type": "field_redact"}, ["pattern", "fields"]),
        ({"type": "field_redact", "pattern": None, "fields": None}, ["fields"]),
        ({"type": "field_redact", "pattern": None, "fields": ["a"] * 51}, ["fields"]),
        ({"type": "field_redact", "pattern": None, "fields": ["a", "", "x" * 257]}, ["fields.1", "fields.2"]),
        ({"type": "field_redact", "pattern": None, "fields": ["a..b", ".a", "a"]}, ["fields.0", "fields.1"]),
        ({"type": "field_redact", "pattern": None, "fields": ["a*", "*.a", "a\x00"]}, ["fields.0", "fields.2"]),
        ({"type": "field_redact", "pattern": None, "fields": ["*", "**", "a."]}, ["fields.1", "fields.2"]),
    ],
)  # fmt: skip
def test_every_broken_rule_is_named(tx: Tx, project: Project, values: dict[str, Any], fields: list[str]) -> None:
    with pytest.raises(Invalid) as raised:
        create(tx, project, **values)
    assert problems(raised) == fields
    assert rules.every(tx, project.number) == rules.defaults()


@pytest.mark.parametrize(
    ("values", "fields"),
    [
        ({"name": ""}, ["name"]),
        ({"behavior": "x", "pattern": "("}, ["behavior", "pattern"]),
        ({"pattern": ""}, ["pattern"]),
        ({"fields": ["a"]}, ["fields"]),
    ],
)
def test_a_broken_change_changes_nothing(tx: Tx, project: Project, values: dict[str, Any], fields: list[str]) -> None:
    rule = create(tx, project)
    with pytest.raises(Invalid) as raised:
        rules.change(tx, project.number, rule.id, **values)
    assert problems(raised) == fields
    assert rules.read(tx, project.number, rule.id) == rule
    fields_rule = field_rule(tx, project)
    with pytest.raises(Invalid) as raised:
        rules.change(tx, project.number, fields_rule.id, pattern="a", fields=[])
    assert problems(raised) == ["pattern", "fields"]


def test_the_message_says_why_and_quotes_nothing(tx: Tx, project: Project, capfd: pytest.CaptureFixture[str]) -> None:
    for pattern, why in (("[hunter2", "missing ]"), (r"hunter2{1001}", "invalid repetition size"), ("(?<hunter2", "")):
        with pytest.raises(Invalid) as raised:
            create(tx, project, pattern=pattern)
        assert why in str(raised.value)
        assert "hunter2" not in str(raised.value)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("expression", "anchored"),
    [
        ("a", False),
        ("^a", True),
        ("a$", True),
        (r"\Aa", True),
        (r"a\z", True),
        (r"\^a", False),
        (r"a\$", False),
        (r"\\^a", True),
        (r"\\$", True),
        ("[^a]", False),
        (r"\[^a", True),
        ("a|^b", True),
        ("(^)b", True),
        ("", False),
    ],
)
def test_what_may_ask_for_the_ends_of_a_text(expression: str, anchored: bool) -> None:  # noqa: FBT001 - a column of the table
    assert patterns.anchored(expression) is anchored


def test_limits_can_be_reached(tx: Tx, project: Project) -> None:
    create(tx, project, name="x" * 100, pattern="a" * 1000)
    wide = ["x" * 256, *string.ascii_letters[:49]]
    assert field_rule(tx, project, fields=wide).fields == tuple(wide)
