"""Rules of alerts by HTTP: what is built in, what a project makes for itself, and what each of them rings for."""

from typing import Any

import pytest

from logserver.core.alerting import alert_rules
from tests.contracts.logstitch.asked import EVENTS, ask, event, problems
from tests.contracts.logstitch.refusing import ROWS, Route, refused, scene_of, told
from tests.fakes import START_MS
from tests.serving import Sender, Serve, Server

RULES = "/api/v1/alerts/rules"
OWN: dict[str, Any] = {
    "name": "refunds",
    "action_pattern": "refund.*",
    "threshold": 2,
    "window_seconds": 60,
    "group_by": "actor_id",
    "severity": "low",
}
NAMES = ("name", "action_pattern", "threshold", "window_seconds", "group_by", "severity", "enabled", "cooldown_seconds")

BUILTINS: list[tuple[Any, ...]] = [
    ("auth_brute_force", "auth.failed*", 5, 300, "actor_id", "high", True, 3_600),
    ("privilege_escalation_burst", "*.role.updated", 3, 600, "actor_id", "critical", True, 3_600),
    ("rapid_api_key_creation", "*.api_key.created", 3, 300, "actor_id", "medium", True, 3_600),
    ("bulk_data_export", "*.exported", 5, 600, "actor_id", "medium", True, 3_600),
    ("account_deletion_spike", "*.deleted", 5, 600, "tenant_id", "high", True, 3_600),
    ("suspicious_ip_change", "*", 3, 1_800, "actor_id", "medium", False, 3_600),
]
OF_OTHERS = {
    "monitor_missed": "monitor",
    "monitor_failed": "monitor",
    "error_group_new": "error_group",
    "error_group_regressed": "error_group",
    "agent_offline": "agent",
    "agent_error": "agent",
}

ROUTES = {
    "list": Route("GET", RULES, 200),
    "create": Route("POST", RULES, 201, OWN, master=True),
    "change": Route("PATCH", f"{RULES}/{{id}}", 200, {"enabled": False}, master=True),
    "delete": Route("DELETE", f"{RULES}/{{id}}", 200, master=True),
}


def a_rule(server: Server, sender: Sender) -> str:
    return server.administer(alert_rules.create, sender.project.number, **OWN, now_ms=START_MS).id


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("route", ROUTES)
def test_every_route_refuses_what_all_refuse(serve: Serve, route: str, row: str) -> None:
    ROWS[row](scene_of(serve, ROUTES[route], a_rule))


@pytest.fixture
def master(server: Server, sender: Sender) -> str:
    return server.token(sender.project, "master")


def made(server: Server, master: str, **values: Any) -> dict[str, Any]:
    rule: dict[str, Any] = told(ask(server, "POST", RULES, master, OWN | values), 201)
    return rule


def changed(server: Server, master: str, rule_id: str, **values: Any) -> dict[str, Any]:
    rule: dict[str, Any] = told(ask(server, "PATCH", f"{RULES}/{rule_id}", master, values), 200)
    return rule


def listed(server: Server, token: str) -> list[dict[str, Any]]:
    answer = told(ask(server, "GET", RULES, token), 200)
    assert list(answer) == ["rules", "cursor", "has_more", "request_id"]
    assert (answer["cursor"], answer["has_more"]) == (None, False)
    found: list[dict[str, Any]] = answer["rules"]
    return found


def rung(server: Server, sender: Sender, *actions: str, **fields: Any) -> list[str]:
    """The names of the rules that rang since the beginning, newest first, after these actions."""
    for action in actions:
        told(ask(server, "POST", EVENTS, sender.token, event(action=action, **fields)), 201)
    return [alert["rule_name"] for alert in told(ask(server, "GET", "/api/v1/alerts", sender.token), 200)["alerts"]]


def test_the_built_in_rules_come_first_as_the_contract_lists_them(server: Server, sender: Sender, master: str) -> None:
    own = made(server, master)
    shown = listed(server, sender.token)
    assert shown == listed(server, master)
    assert [tuple(rule[name] for name in NAMES) for rule in shown[:6]] == BUILTINS
    assert [(rule["id"], rule["type"], rule["created_at"]) for rule in shown[:6]] == [
        (f"builtin_{name}", "builtin", None) for name, *_ in BUILTINS
    ]
    assert {rule["name"]: rule["type"] for rule in shown[6:12]} == OF_OTHERS
    assert shown[12:] == [{name: value for name, value in own.items() if name != "request_id"}]


def test_a_rule_is_answered_as_it_is_kept(server: Server, master: str) -> None:
    rule = made(server, master)
    assert list(rule) == ["id", "type", *NAMES, "created_at", "request_id"]
    assert {name: rule[name] for name in NAMES} == {**OWN, "enabled": True, "cooldown_seconds": 3_600}
    assert (rule["type"], rule["created_at"]) == ("custom", "2026-09-21T14:13:30.250Z")


@pytest.mark.parametrize(
    "values",
    [
        {"threshold": 1, "window_seconds": 60, "cooldown_seconds": 0},
        {"threshold": 10_000, "window_seconds": 3_600, "group_by": "tenant_id", "severity": "critical"},
        {"name": "n" * 100, "action_pattern": "*" * 128, "enabled": False, "type": "custom"},
    ],
)
def test_values_may_be_as_small_and_as_large(server: Server, master: str, values: dict[str, Any]) -> None:
    rule = made(server, master, **values)
    assert {name: rule[name] for name in values} == values
    assert changed(server, master, rule["id"], **values) | {"request_id": ""} == rule | {"request_id": ""}


WRONG: list[tuple[dict[str, Any], list[str]]] = [
    ({"name": ""}, ["name"]),
    ({"name": "n" * 101}, ["name"]),
    ({"name": 7}, ["name"]),
    ({"action_pattern": ""}, ["action_pattern"]),
    ({"action_pattern": "Auth.Failed"}, ["action_pattern"]),
    ({"action_pattern": "auth.[a-z]"}, ["action_pattern"]),
    ({"action_pattern": "a" * 129}, ["action_pattern"]),
    ({"threshold": 0}, ["threshold"]),
    ({"threshold": 1.5}, ["threshold"]),
    ({"threshold": "5"}, ["threshold"]),
    ({"threshold": True}, ["threshold"]),
    ({"threshold": 10**30}, ["threshold"]),
    ({"window_seconds": 59}, ["window_seconds"]),
    ({"window_seconds": 3_601}, ["window_seconds"]),
    ({"cooldown_seconds": -1}, ["cooldown_seconds"]),
    ({"group_by": "action"}, ["group_by"]),
    ({"group_by": ["actor_id"]}, ["group_by"]),
    ({"severity": "HIGH"}, ["severity"]),
    ({"enabled": 1}, ["enabled"]),
    ({"type": "builtin"}, ["type"]),
    (
        {name: {} for name in NAMES},
        [*NAMES],
    ),
    ({"action_pattern": "A", "threshold": 0, "type": "monitor"}, ["threshold", "type", "action_pattern"]),
]


@pytest.mark.parametrize(("values", "wrong"), WRONG)
def test_what_is_wrong_with_a_rule_is_named(
    server: Server, master: str, values: dict[str, Any], wrong: list[str]
) -> None:
    rule = made(server, master)
    before = listed(server, master)
    answer = ask(server, "POST", RULES, master, OWN | values)
    assert problems(answer) == wrong
    assert sorted(set(problems(ask(server, "PATCH", f"{RULES}/{rule['id']}", master, values))) | {"type"}) == sorted(
        {*wrong, "type"}
    )
    assert listed(server, master) == before


def test_what_a_rule_must_have_is_named(server: Server, master: str) -> None:
    assert problems(ask(server, "POST", RULES, master, {})) == [*OWN]


@pytest.mark.parametrize("name", [*(name for name, *_ in BUILTINS), *OF_OTHERS])
def test_of_a_built_in_rule_only_its_state_and_rest_change(server: Server, master: str, name: str) -> None:
    (shown,) = [rule for rule in listed(server, master) if rule["name"] == name]
    place = f"{RULES}/builtin_{name}"
    different = OWN | {"threshold": 77, "window_seconds": 77}
    fixed = [field for field, value in different.items() if shown[field] != value]
    assert problems(ask(server, "PATCH", place, master, different | {"enabled": False})) == fixed
    assert problems(ask(server, "PATCH", place, master, {"type": "custom"})) == ["type"]
    refused(ask(server, "DELETE", place, master), 409, "conflict")
    assert shown in listed(server, master)
    after = {**shown, "enabled": not shown["enabled"], "cooldown_seconds": 7}
    # A rule may be sent back as it was shown.
    answer = changed(server, master, shown["id"], **after)
    assert answer == {**after, "request_id": answer["request_id"]}
    assert after in listed(server, master)


def test_a_rule_judges_the_very_next_event_until_it_is_changed_or_deleted(
    server: Server, sender: Sender, master: str
) -> None:
    assert rung(server, sender, "refund.made") == []
    rule = made(server, master, threshold=1, cooldown_seconds=0)
    assert rung(server, sender, "refund.made") == ["refunds"]
    changed(server, master, rule["id"], enabled=False)
    assert rung(server, sender, "refund.made") == ["refunds"]
    changed(server, master, rule["id"], enabled=True, name="again", action_pattern="order.*")
    assert rung(server, sender, "refund.made", "order.made") == ["again", "refunds"]
    assert told(ask(server, "DELETE", f"{RULES}/{rule['id']}", master), 200)["deleted"] is True
    assert rung(server, sender, "order.made") == ["again", "refunds"], "alerts of a deleted rule stay"
    refused(ask(server, "PATCH", f"{RULES}/{rule['id']}", master, {"enabled": True}), 404, "not_found")


def test_a_rule_is_of_its_project_only(server: Server, sender: Sender, master: str) -> None:
    other = server.sender()
    made(server, master, threshold=1, project_id=sender.project.uuid)
    assert rung(server, other, "refund.made") == []
    assert rung(server, sender, "refund.made") == ["refunds"]
    place = f"{RULES}/builtin_bulk_data_export"
    assert "project_id" in refused(ask(server, "PATCH", place, master, {"enabled": False}), 400, "bad_request").text
    told(ask(server, "PATCH", place, master, {"enabled": False, "project_id": other.project.uuid}), 200)
    states = [[rule["enabled"] for rule in listed(server, each.token)[:6]] for each in (sender, other)]
    assert states == [[True, True, True, True, True, False], [True, True, True, False, True, False]]


@pytest.mark.parametrize(
    ("pattern", "rings", "silent"),
    [
        ("*", ["user.created", "a.b.c"], []),
        ("user.*", ["user.created", "user.role.updated"], ["users.created", "my.user.created"]),
        ("*.updated", ["user.role.updated"], ["user.role.updated.twice"]),
        ("user.*.updated", ["user.role.updated", "user.a.b.updated"], ["user.updated"]),
        ("user.created", ["user.created"], ["user.created_again", "user.create"]),
        ("auth.failed*", ["auth.failed", "auth.failed_twice.today"], ["auth.fail"]),
        ("u.er.*", ["u.er.x"], ["user.created"]),
        ("user", [], ["user.created"]),
    ],
)
def test_a_star_crosses_dots_and_nothing_else_is_special(
    server: Server, sender: Sender, pattern: str, rings: list[str], silent: list[str]
) -> None:
    made(server, server.token(sender.project, "master"), action_pattern=pattern, threshold=1, cooldown_seconds=0)
    assert rung(server, sender, *silent) == []
    assert rung(server, sender, *rings) == ["refunds"] * len(rings)


@pytest.mark.parametrize(("name", "threshold", "action"), [
    ("auth_brute_force", 5, "auth.failed"),
    ("privilege_escalation_burst", 3, "user.role.updated"),
    ("rapid_api_key_creation", 3, "project.api_key.created"),
    ("bulk_data_export", 5, "report.exported"),
    ("account_deletion_spike", 5, "account.deleted"),
])  # fmt: skip
def test_each_built_in_rule_rings_at_its_threshold(
    server: Server, sender: Sender, name: str, threshold: int, action: str
) -> None:
    assert rung(server, sender, *[action] * (threshold - 1)) == []
    assert rung(server, sender, action) == [name]


def test_addresses_that_change_ring_once_the_rule_is_on(server: Server, sender: Sender, master: str) -> None:
    def seen(*addresses: str) -> list[str]:
        return [rung(server, sender, "page.seen", context={"ip_address": each}) for each in addresses][-1]

    assert seen("203.0.113.1", "203.0.113.2", "203.0.113.3") == []
    changed(server, master, "builtin_suspicious_ip_change", enabled=True)
    server.clock.turn(1_801)
    assert seen("203.0.113.1", "203.0.113.1", "203.0.113.1", "203.0.113.2") == []
    assert seen("203.0.113.3") == ["suspicious_ip_change"]


def test_a_project_has_five_hundred_rules_of_its_own_at_most(server: Server, sender: Sender, master: str) -> None:
    def many(tx: Any) -> None:
        for _ in range(500):
            alert_rules.create(tx, sender.project.number, **OWN, now_ms=START_MS)

    server.administer(many)
    refused(ask(server, "POST", RULES, master, OWN), 409, "conflict")
    assert len(listed(server, sender.token)) == 512
