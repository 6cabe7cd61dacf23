"""Monitors that miss, fail and recover, as their alerts tell of it."""

from functools import partial
from typing import Any

import pytest

from logserver.core import monitors
from logserver.core.alerting import alert_rules, alerts
from logserver.core.alerting.alerts import Alert
from logserver.core.projects import Project
from logserver.store.database import snapshot
from tests.serving import Sender, Server

HOUR = 3_600


def check_in(server: Server, sender: Sender, status: str = "ok", **fields: Any) -> str:
    """The public id of a check-in."""
    answer = server.post(
        "/api/v1/check_ins", {"check_in": {"slug": "nightly", "status": status, **fields}}, sender.token
    )
    assert answer.status_code == 201
    return str(answer.json()["id"])


def miss(server: Server, seconds: float = HOUR) -> None:
    server.clock.turn(seconds)
    server.write(monitors.miss_overdue, server.clock.now_ms())


def rung(server: Server, project: Project) -> list[Alert]:
    """A project's alerts, the oldest first."""
    with snapshot(server.folder) as tx:
        return alerts.page(tx, project.number, limit=1_000)[0][::-1]


def summary(server: Server, sender: Sender) -> list[tuple[str, str]]:
    return [(alert.rule_name, alert.status) for alert in rung(server, sender.project)]


def test_a_monitor_that_misses_raises_an_alert_and_recovers(server: Server, sender: Sender) -> None:
    check_in(server, sender)
    assert not rung(server, sender.project)
    miss(server)
    (alert,) = rung(server, sender.project)
    assert (alert.rule_id, alert.severity, alert.status) == ("builtin_monitor_missed", "high", "open")
    assert (alert.group_by, alert.group_key) == ("monitor", "nightly (production)")
    assert (alert.event_count, alert.event_ids, alert.triggered_at) == (1, [], server.clock.now_ms())
    server.clock.turn(5)
    check_in(server, sender)
    (alert,) = rung(server, sender.project)
    assert (alert.status, alert.resolved_at) == ("resolved", server.clock.now_ms())


def test_one_that_stays_missed_is_not_raised_again(server: Server, sender: Sender) -> None:
    check_in(server, sender)
    for _ in range(3):
        miss(server)
    assert server.count("monitor_transitions") == 3
    assert summary(server, sender) == [("monitor_missed", "open")]


def test_each_miss_raises_an_alert_of_its_own(server: Server, sender: Sender) -> None:
    for _ in range(3):
        check_in(server, sender)
        miss(server)
    assert summary(server, sender) == [("monitor_missed", "resolved")] * 2 + [("monitor_missed", "open")]


def test_a_run_that_fails_names_its_check_in(server: Server, sender: Sender) -> None:
    check_in(server, sender, environment="beta")
    failed = check_in(server, sender, "error", environment="beta")
    check_in(server, sender, "error", environment="beta")
    (alert,) = rung(server, sender.project)
    assert (alert.rule_id, alert.group_key) == ("builtin_monitor_failed", "nightly (beta)")
    assert alert.event_ids == [failed]
    check_in(server, sender, environment="beta")
    assert summary(server, sender) == [("monitor_failed", "resolved")]


def test_a_recovery_resolves_what_is_acknowledged_too_and_only_its_own(server: Server, sender: Sender) -> None:
    for environment in ("a", "b"):
        check_in(server, sender, environment=environment)
    miss(server)
    for alert in rung(server, sender.project):
        server.administer(alerts.transition, sender.project.number, alert.id, "acknowledged", server.clock.now_ms())
    check_in(server, sender, "error", environment="a")
    check_in(server, sender, environment="a")
    assert summary(server, sender) == [
        ("monitor_missed", "resolved"),
        ("monitor_missed", "acknowledged"),
        ("monitor_failed", "resolved"),
    ]


def test_pausing_resolves(server: Server, sender: Sender) -> None:
    check_in(server, sender, "error")
    (monitor,) = server.monitors(sender.project)

    server.write(partial(monitors.pause, paused=True), monitor.id, server.clock.now_ms())
    assert summary(server, sender) == [("monitor_failed", "resolved")]


@pytest.mark.parametrize("rule_id", [alert_rules.MONITOR_MISSED, alert_rules.MONITOR_FAILED])
def test_a_disabled_rule_raises_nothing_but_what_rang_is_resolved(server: Server, sender: Sender, rule_id: str) -> None:
    def fall() -> None:
        check_in(server, sender, "error" if rule_id == alert_rules.MONITOR_FAILED else "ok")
        miss(server)

    fall()
    server.administer(alert_rules.change, sender.project.number, rule_id, enabled=False)
    check_in(server, sender)
    fall()
    assert [alert.status for alert in rung(server, sender.project) if alert.rule_id == rule_id] == ["resolved"]


def test_a_cooldown_holds_for_each_monitor(server: Server, sender: Sender) -> None:
    server.administer(alert_rules.change, sender.project.number, alert_rules.MONITOR_FAILED, cooldown_seconds=3 * HOUR)
    for environment in ("a", "a", "b"):
        check_in(server, sender, "error", environment=environment)
        check_in(server, sender, environment=environment)
        server.clock.turn(60)
    assert [alert.group_key for alert in rung(server, sender.project)] == ["nightly (a)", "nightly (b)"]
    server.clock.turn(3 * HOUR)
    check_in(server, sender, "error", environment="a")
    assert [alert.status for alert in rung(server, sender.project)] == ["resolved", "resolved", "open"]
