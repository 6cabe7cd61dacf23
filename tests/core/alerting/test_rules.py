from typing import Any

import pytest

from logserver.core import projects
from logserver.core.alerting import alert_rules
from logserver.core.alerting.alert_rules import Rule
from logserver.core.faults import Conflict, Invalid, NotFound
from logserver.core.projects import Project
from logserver.store.tx import Tx
from tests.fakes import START_MS

GOOD: dict[str, Any] = {
    "name": "Exports at night",
    "action_pattern": "*.exported",
    "threshold": 1,
    "window_seconds": 60,
    "group_by": "tenant_id",
    "severity": "low",
}


def create(tx: Tx, project: Project, **values: Any) -> Rule:
    return alert_rules.create(tx, project.number, **{**GOOD, "now_ms": START_MS, **values})


def generation(tx: Tx) -> int:
    return int(tx.execute("SELECT n FROM generation").fetchone()[0])


def test_what_is_built_in_comes_first(tx: Tx, project: Project) -> None:
    made = [create(tx, project, name=name) for name in "ba"]
    rules = alert_rules.every(tx, project.number)
    assert [(rule.id, rule.type) for rule in rules] == [
        ("builtin_auth_brute_force", "builtin"),
        ("builtin_privilege_escalation_burst", "builtin"),
        ("builtin_rapid_api_key_creation", "builtin"),
        ("builtin_bulk_data_export", "builtin"),
        ("builtin_account_deletion_spike", "builtin"),
        ("builtin_suspicious_ip_change", "builtin"),
        ("builtin_monitor_missed", "monitor"),
        ("builtin_monitor_failed", "monitor"),
        ("builtin_error_group_new", "error_group"),
        ("builtin_error_group_regressed", "error_group"),
        ("builtin_agent_offline", "agent"),
        ("builtin_agent_error", "agent"),
        *((rule.id, "custom") for rule in made),
    ]
    assert [rule.id for rule in rules if not rule.enabled] == ["builtin_suspicious_ip_change"]
    assert [rule.cooldown_seconds for rule in rules] == [3_600] * 6 + [0, 0, 3_600, 3_600, 0, 0] + [3_600] * 2
    assert rules[-2:] == made


def test_a_new_rule_is_as_it_was_asked_for(tx: Tx, project: Project) -> None:
    before = generation(tx)
    rule = create(tx, project)
    assert rule == Rule(id=rule.id, type="custom", enabled=True, cooldown_seconds=3_600, created_at=START_MS, **GOOD)
    assert alert_rules.read(tx, project.number, rule.id) == rule
    assert generation(tx) == before + 1


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("name", ["", "  ", "x" * 101]),
        ("action_pattern", ["", "A.b", "a b", "a-b", "a.b\n", "é", "a" * 129]),
        ("threshold", [0, -1, 10_001]),
        ("window_seconds", [0, 59, 3_601]),
        ("cooldown_seconds", [-1, 604_801]),
        ("group_by", ["", "actor", "monitor"]),
        ("severity", ["", "High", "fatal"]),
    ],
)
def test_a_value_out_of_its_range_is_refused_by_name(tx: Tx, project: Project, field: str, values: list[Any]) -> None:
    rule = create(tx, project)
    for value in values:
        with pytest.raises(Invalid) as creating:
            create(tx, project, **{field: value})
        with pytest.raises(Invalid) as changing:
            alert_rules.change(tx, project.number, rule.id, **{field: value})
        assert [name for name, _ in creating.value.problems] == [name for name, _ in changing.value.problems] == [field]
    assert alert_rules.read(tx, project.number, rule.id) == rule


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("name", ["x", "é" * 100]),
        ("action_pattern", ["*", "a", "*._9*", "a" * 128]),
        ("threshold", [1, 10_000]),
        ("window_seconds", [60, 3_600]),
        ("cooldown_seconds", [0, 604_800]),
        ("group_by", ["actor_id", "tenant_id"]),
        ("severity", ["low", "medium", "high", "critical"]),
        ("enabled", [True, False]),
    ],
)
def test_the_ends_of_a_range_are_in_it(tx: Tx, project: Project, field: str, values: list[Any]) -> None:
    rule = create(tx, project)
    for value in values:
        assert getattr(create(tx, project, **{field: value}), field) == value
        assert getattr(alert_rules.change(tx, project.number, rule.id, **{field: value}), field) == value


def test_every_broken_rule_is_named(tx: Tx, project: Project) -> None:
    with pytest.raises(Invalid) as refused:
        create(tx, project, name="", threshold=0, severity="", cooldown_seconds=-1)
    assert [field for field, _ in refused.value.problems] == ["name", "threshold", "severity", "cooldown_seconds"]


def test_a_change_leaves_the_rest(tx: Tx, project: Project) -> None:
    rule = create(tx, project)
    before = generation(tx)
    changed = alert_rules.change(tx, project.number, rule.id, threshold=9, enabled=False)
    assert (changed.threshold, changed.enabled, changed.name, changed.created_at) == (9, False, rule.name, START_MS)
    assert generation(tx) == before + 1


@pytest.mark.parametrize("rule_id", list(alert_rules.BUILTINS))
def test_of_a_builtin_rule_only_two_fields_change(tx: Tx, project: Project, rule_id: str) -> None:
    other = projects.create(tx, slug="other", now_ms=START_MS)
    known = alert_rules.read(tx, project.number, rule_id)
    before = generation(tx)
    alert_rules.change(tx, project.number, rule_id, enabled=not known.enabled)
    changed = alert_rules.change(tx, project.number, rule_id, cooldown_seconds=7)
    assert (changed.enabled, changed.cooldown_seconds) == (not known.enabled, 7)
    assert changed in alert_rules.every(tx, project.number)
    assert alert_rules.read(tx, other.number, rule_id) == known
    assert generation(tx) == before + 2
    with pytest.raises(Invalid) as refused:
        alert_rules.change(tx, project.number, rule_id, name="x", threshold=0, enabled=True, cooldown_seconds=-1)
    assert [field for field, _ in refused.value.problems] == ["name", "threshold", "cooldown_seconds"]
    with pytest.raises(Conflict):
        alert_rules.delete(tx, project.number, rule_id)


def test_a_rule_is_deleted(tx: Tx, project: Project) -> None:
    rule = create(tx, project)
    before = generation(tx)
    alert_rules.delete(tx, project.number, rule.id)
    assert rule not in alert_rules.every(tx, project.number)
    assert generation(tx) == before + 1


def test_a_rule_of_another_project_is_not_there(tx: Tx, project: Project) -> None:
    other = projects.create(tx, slug="other", now_ms=START_MS)
    rule = create(tx, project)
    for rule_id in (rule.id, "builtin_nothing", ""):
        with pytest.raises(NotFound):
            alert_rules.read(tx, other.number, rule_id)
        with pytest.raises(NotFound):
            alert_rules.change(tx, other.number, rule_id, threshold=2)
        with pytest.raises(NotFound):
            alert_rules.delete(tx, other.number, rule_id)
    assert rule not in alert_rules.every(tx, other.number)


def test_rules_of_a_project_are_bounded(tx: Tx, project: Project) -> None:
    for _ in range(alert_rules.MOST_CUSTOM):
        create(tx, project)
    with pytest.raises(Conflict, match="500"):
        create(tx, project)
    create(tx, projects.create(tx, slug="other", now_ms=START_MS))
