"""Error groups that are new or come back, as their alerts tell of it."""

import logging
from typing import Any

import pytest

from logserver.core import projects
from logserver.core.alerting import alert_rules, alerts
from logserver.core.alerting.alarms import NEWS_PER_MINUTE
from logserver.core.alerting.alerts import Alert
from logserver.core.errors import groups
from logserver.core.projects import Project
from logserver.store.database import snapshot
from logserver.store.ids import uuid_text
from tests.serving import Sender, Server

FULL = "error groups in a minute"


def fail(server: Server, sender: Sender, message: str = "boom", **fields: Any) -> str:
    """The public id of an error."""
    body = {"event": {"event_type": "error", "message": message, **fields}}
    answer = server.post("/api/v1/ingest_events", body, sender.token)
    assert answer.status_code in {200, 201}
    return str(answer.json()["id"])


def rung(server: Server, project: Project) -> list[Alert]:
    """A project's alerts, the oldest first."""
    with snapshot(server.folder) as tx:
        return alerts.page(tx, project.number, limit=1_000)[0][::-1]


def close(server: Server, sender: Sender) -> None:
    """Resolve every group of a project, a second before what comes next."""
    for event in server.events(sender.project):
        assert event.error_group is not None
        server.administer(groups.set_status, event.error_group, "resolved", server.clock.now_ms())
    server.clock.turn(1)


def test_a_new_group_raises_an_alert_that_names_its_event(server: Server, sender: Sender) -> None:
    public_id = fail(server, sender)
    for _ in range(5):
        fail(server, sender)
    (alert,) = rung(server, sender.project)
    group = server.events(sender.project)[0].error_group
    assert group is not None
    assert (alert.rule_id, alert.severity) == ("builtin_error_group_new", "medium")
    assert (alert.group_by, alert.group_key) == ("error_group", uuid_text(group))
    assert (alert.event_count, alert.event_ids, alert.triggered_at) == (1, [public_id], server.clock.now_ms())


def test_a_group_that_comes_back_raises_one(server: Server, sender: Sender) -> None:
    fail(server, sender)
    close(server, sender)
    own = "8d3e1e6c-3b5c-4f43-9f2e-6f1f3a5d7c11"
    assert fail(server, sender, uuid=own) == own
    fail(server, sender)
    new, regressed = rung(server, sender.project)
    assert (regressed.rule_id, regressed.severity) == ("builtin_error_group_regressed", "high")
    assert (regressed.group_key, regressed.event_ids) == (new.group_key, [own])


def test_a_group_that_keeps_coming_back_rests_for_the_cooldown(server: Server, sender: Sender) -> None:
    fail(server, sender)
    for seconds in (0, 1_800, 1_800):
        server.clock.turn(seconds)
        close(server, sender)
        fail(server, sender)
    assert [alert.rule_name for alert in rung(server, sender.project)] == [
        "error_group_new",
        "error_group_regressed",
        "error_group_regressed",
    ]


@pytest.mark.parametrize("status", ["ignored", "unresolved"])
def test_an_open_or_ignored_group_does_not_come_back(server: Server, sender: Sender, status: groups.Status) -> None:
    fail(server, sender)
    group = server.event(sender.project).error_group
    assert group is not None
    server.administer(groups.set_status, group, status, server.clock.now_ms())
    server.clock.turn(1)
    fail(server, sender)
    assert len(rung(server, sender.project)) == 1


def test_a_disabled_rule_raises_nothing(server: Server, sender: Sender) -> None:
    server.administer(alert_rules.change, sender.project.number, alert_rules.GROUP_NEW, enabled=False)
    fail(server, sender)
    assert not rung(server, sender.project)


def test_a_repeated_event_is_no_news(server: Server, sender: Sender) -> None:
    own = "8d3e1e6c-3b5c-4f43-9f2e-6f1f3a5d7c11"
    for _ in range(3):
        fail(server, sender, uuid=own)
    assert len(rung(server, sender.project)) == 1


def test_a_flood_of_new_groups_raises_so_many_a_minute(
    server: Server, sender: Sender, caplog: pytest.LogCaptureFixture
) -> None:
    other = server.sender()
    caplog.set_level(logging.WARNING, "logserver.alerts")
    for minute in range(2):
        for n in range(NEWS_PER_MINUTE + 10):
            fail(server, sender, f"boom {minute} {n}")
        fail(server, other, f"boom {minute}")
        assert len(rung(server, sender.project)) == NEWS_PER_MINUTE * (minute + 1)
        assert len(rung(server, other.project)) == minute + 1
        assert len([record for record in caplog.records if FULL in record.message]) == minute + 1
        server.clock.turn(60)


def test_new_groups_leave_room_for_those_that_come_back(server: Server, sender: Sender) -> None:
    for n in range(NEWS_PER_MINUTE + 1):
        fail(server, sender, f"boom {n}")
    close(server, sender)
    fail(server, sender, "boom 0")
    assert rung(server, sender.project)[-1].rule_name == "error_group_regressed"


def test_the_servers_own_project_raises_nothing(server: Server) -> None:
    own = server.administer(projects.ensure_own, server.clock.now_ms())
    sender = Sender(own, server.token(own))
    fail(server, sender)
    server.post("/api/v1/check_ins", {"check_in": {"slug": "nightly", "status": "error"}}, sender.token)
    assert len(server.events(own)) == 2
    assert not rung(server, own)
