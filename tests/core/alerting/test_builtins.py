"""The rules that are built in, as they come."""

from typing import NamedTuple

import pytest

from logserver.core.alerting import alert_rules
from tests.core.alerting.trail import Trail
from tests.fakes import START_MS


class Known(NamedTuple):
    """A rule as it comes, and an action it matches."""

    name: str
    action: str
    threshold: int
    window: int
    group_by: str
    severity: str


RULES = [
    Known("auth_brute_force", "auth.failed", 5, 300, "actor_id", "high"),
    Known("auth_brute_force", "auth.failed.password", 5, 300, "actor_id", "high"),
    Known("auth_brute_force", "auth.failed_login", 5, 300, "actor_id", "high"),
    Known("privilege_escalation_burst", "user.role.updated", 3, 600, "actor_id", "critical"),
    Known("privilege_escalation_burst", "team.member.role.updated", 3, 600, "actor_id", "critical"),
    Known("rapid_api_key_creation", "project.api_key.created", 3, 300, "actor_id", "medium"),
    Known("bulk_data_export", "report.exported", 5, 600, "actor_id", "medium"),
    Known("account_deletion_spike", "user.deleted", 5, 600, "tenant_id", "high"),
]
OTHERS = {"actor_id": ("bob", "acme"), "tenant_id": ("alice", "globex")}
every_rule = pytest.mark.parametrize("known", RULES, ids=lambda known: f"{known.name}-{known.action}")


@every_rule
def test_it_rings_at_the_nth_within_its_window(trail: Trail, known: Known) -> None:
    step = (known.window - 0.001) / (known.threshold - 1)
    occurrences = [trail.event(n * step, known.action) for n in range(known.threshold)]
    for occurrence in occurrences[:-1]:
        assert not trail.happen(occurrence)
    (alert,) = trail.happen(occurrences[-1])
    assert (alert.rule_id, alert.rule_name, alert.severity) == (f"builtin_{known.name}", known.name, known.severity)
    assert (alert.group_by, alert.group_key) == (known.group_by, "alice" if known.group_by == "actor_id" else "acme")
    assert (alert.event_count, alert.event_ids) == (known.threshold, [each.public_id for each in occurrences])
    assert (alert.status, alert.triggered_at) == ("open", occurrences[-1].at)


@every_rule
def test_it_does_not_where_the_first_has_left_the_window(trail: Trail, known: Known) -> None:
    step = known.window / (known.threshold - 1)
    for n in range(3 * known.threshold):
        assert not trail.happen(trail.event(n * step, known.action))


@every_rule
def test_another_group_is_apart(trail: Trail, known: Known) -> None:
    actor, tenant = OTHERS[known.group_by]
    for n in range(known.threshold - 1):
        assert not trail.happen(trail.event(n, known.action))
    assert not trail.happen(trail.event(known.threshold, known.action, actor_id=actor, tenant_id=tenant))
    assert len(trail.happen(trail.event(known.threshold + 1, known.action))) == 1


@pytest.mark.parametrize(
    "action",
    ["auth.succeeded", "user.auth.failed", "role.updated", "api_key.created", "exported.report", "user.delete"],
)
def test_other_actions_do_not_ring(trail: Trail, action: str) -> None:
    assert not trail.happen(*(trail.event(n, action) for n in range(20)))


def seen(trail: Trail, at: float, address: str | None, actor: str = "alice") -> int:
    return len(trail.happen(trail.event(at, "page.viewed", ip_address=address, actor_id=actor)))


def test_addresses_are_watched_only_when_asked_for(trail: Trail) -> None:
    assert [seen(trail, n, f"10.0.0.{n}") for n in range(5)] == [0] * 5


def test_three_addresses_of_an_actor_ring(trail: Trail) -> None:
    trail.only(alert_rules.IP_CHANGE)
    assert [seen(trail, n, address) for n, address in enumerate(["a", "a", "b", None, "a", "b"])] == [0] * 6
    assert seen(trail, 10, "c", actor="bob") == 0
    (alert,) = trail.happen(trail.event(20, "auth.login", ip_address="c"))
    assert (alert.rule_name, alert.severity, alert.group_key) == ("suspicious_ip_change", "medium", "alice")
    assert (alert.event_count, alert.triggered_at) == (7, START_MS + 20_000)
    assert [seen(trail, at, address) for at, address in ((21, "d"), (22, "a"))] == [0, 0]


def test_an_address_counts_as_long_as_it_was_seen_in_the_window(trail: Trail) -> None:
    trail.only(alert_rules.IP_CHANGE)
    assert [seen(trail, at, address) for at, address in ((0, "a"), (1, "b"), (1_800, "c"))] == [0, 0, 0]
    assert seen(trail, 1_801.001, "a") == 0
    assert seen(trail, 1_801.002, "b") == 1


def test_an_address_seen_late_is_counted_where_it_belongs(trail: Trail) -> None:
    trail.only(alert_rules.IP_CHANGE)
    assert [seen(trail, at, address) for at, address in ((10, "a"), (4, "a"), (5, "b"))] == [0, 0, 0]
    assert seen(trail, 1_805, "c") == 0
    assert seen(trail, 1_806, "d") == 1
