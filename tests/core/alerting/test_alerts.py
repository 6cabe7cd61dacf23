from typing import Any

import pytest

from logserver.core import projects
from logserver.core.alerting import alert_rules, alerts
from logserver.core.alerting.alerts import Alert, Position
from logserver.core.faults import Conflict, Invalid, NotFound
from logserver.core.posting import post
from logserver.core.projects import Project
from logserver.store.tx import Tx
from tests.fakes import START_MS

BRUTE_FORCE = alert_rules.BUILTINS["builtin_auth_brute_force"]
EXPORTS = alert_rules.BUILTINS["builtin_bulk_data_export"]
YEAR_MS = 365 * 86_400_000


Told = tuple[int, str, str, dict[str, Any], int]


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[Told]:
    """What was handed to the outbox."""
    messages: list[Told] = []

    def enqueue(_tx: Tx, *message: Any) -> int:
        messages.append(message)
        return 1

    monkeypatch.setattr(post, "enqueue", enqueue)
    return messages


def ring(tx: Tx, project: Project, at: int = 0, rule: alert_rules.Rule = BRUTE_FORCE) -> Alert:
    return alerts.ring(
        tx, project.number, rule, "alice", event_count=2, event_ids=["evt_1", "evt_2"], now_ms=START_MS + at
    )


def test_an_alert_is_read_as_it_rang(tx: Tx, project: Project) -> None:
    alert = ring(tx, project)
    assert alerts.read(tx, project.number, alert.id) == alert
    assert alerts.spelled(alert) == {
        "id": alert.id,
        "rule_id": "builtin_auth_brute_force",
        "rule_name": "auth_brute_force",
        "severity": "high",
        "status": "open",
        "group_by": "actor_id",
        "group_key": "alice",
        "event_count": 2,
        "event_ids": ["evt_1", "evt_2"],
        "triggered_at": "2026-09-21T14:13:30.250Z",
        "acknowledged_at": None,
        "resolved_at": None,
    }


def test_an_alert_is_acknowledged_and_resolved(tx: Tx, project: Project) -> None:
    alert = ring(tx, project)
    acknowledged = alerts.transition(tx, project.number, alert.id, "acknowledged", START_MS + 1)
    assert (acknowledged.status, acknowledged.acknowledged_at, acknowledged.resolved_at) == (
        "acknowledged",
        START_MS + 1,
        None,
    )
    resolved = alerts.transition(tx, project.number, alert.id, "resolved", START_MS + 2)
    assert (resolved.status, resolved.acknowledged_at, resolved.resolved_at) == ("resolved", START_MS + 1, START_MS + 2)
    assert alerts.read(tx, project.number, alert.id) == resolved
    assert alerts.spelled(resolved)["resolved_at"] == "2026-09-21T14:13:30.252Z"


def test_whatever_becomes_of_an_alert_is_told(tx: Tx, project: Project, told: list[Told]) -> None:
    number = project.number
    rung = ring(tx, project)
    acknowledged = alerts.transition(tx, number, rung.id, "acknowledged", START_MS + 1)
    resolved = alerts.transition(tx, number, rung.id, "resolved", START_MS + 2)
    assert told == [
        (number, "alert.triggered", "high", alerts.spelled(rung), START_MS),
        (number, "alert.acknowledged", "high", alerts.spelled(acknowledged), START_MS + 1),
        (number, "alert.resolved", "high", alerts.spelled(resolved), START_MS + 2),
    ]
    with pytest.raises(Conflict):
        alerts.transition(tx, number, rung.id, "resolved", START_MS + 3)
    assert len(told) == 3


def test_an_open_alert_is_resolved(tx: Tx, project: Project) -> None:
    resolved = alerts.transition(tx, project.number, ring(tx, project).id, "resolved", START_MS)
    assert (resolved.status, resolved.acknowledged_at) == ("resolved", None)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ([], "open"),
        (["acknowledged"], "open"),
        (["acknowledged"], "acknowledged"),
        (["resolved"], "open"),
        (["resolved"], "acknowledged"),
        (["resolved"], "resolved"),
        (["acknowledged", "resolved"], "acknowledged"),
    ],
)
def test_no_other_change_is_made(tx: Tx, project: Project, path: list[str], status: str) -> None:
    alert = ring(tx, project)
    for step in path:
        alert = alerts.transition(tx, project.number, alert.id, step, START_MS)
    with pytest.raises(Conflict):
        alerts.transition(tx, project.number, alert.id, status, START_MS)
    assert alerts.read(tx, project.number, alert.id) == alert


@pytest.mark.parametrize("status", ["", "closed", "Resolved"])
def test_a_status_there_is_not_is_refused(tx: Tx, project: Project, status: str) -> None:
    with pytest.raises(Invalid) as refused:
        alerts.transition(tx, project.number, ring(tx, project).id, status, START_MS)
    assert [field for field, _ in refused.value.problems] == ["status"]


def test_an_alert_of_another_project_is_not_there(tx: Tx, project: Project) -> None:
    other = projects.create(tx, slug="other", now_ms=START_MS)
    alert = ring(tx, project)
    with pytest.raises(NotFound):
        alerts.read(tx, other.number, alert.id)
    with pytest.raises(NotFound):
        alerts.transition(tx, other.number, alert.id, "resolved", START_MS)
    assert alerts.page(tx, other.number, limit=10) == ([], None)


def pages(tx: Tx, project: Project, limit: int, **wanted: Any) -> list[list[str]]:
    found: list[list[str]] = []
    before: Position | None = None
    while True:
        alerts_of_page, before = alerts.page(tx, project.number, limit=limit, before=before, **wanted)
        found.append([alert.id for alert in alerts_of_page])
        if before is None:
            return found


def test_pages_go_from_the_newest_to_the_oldest(tx: Tx, project: Project) -> None:
    made = [ring(tx, project, at).id for at in (5, 1, 5, 9, 5, 1)]
    order = [made[n] for n in (3, 4, 2, 0, 5, 1)]
    for limit in range(1, 8):
        found = pages(tx, project, limit)
        assert [alert_id for each in found for alert_id in each] == order
        assert all(len(each) == limit for each in found[:-1])
        assert found[-1]


def test_an_alert_that_rings_meanwhile_moves_no_page(tx: Tx, project: Project) -> None:
    made = [ring(tx, project, at).id for at in range(4)]
    first, before = alerts.page(tx, project.number, limit=2)
    ring(tx, project, 10)
    second, _ = alerts.page(tx, project.number, limit=2, before=before)
    assert [alert.id for alert in [*first, *second]] == made[::-1]


def test_a_page_is_of_what_was_asked_for(tx: Tx, project: Project) -> None:
    made = [ring(tx, project, at, (BRUTE_FORCE, EXPORTS)[at % 2]).id for at in range(6)]
    alerts.transition(tx, project.number, made[0], "resolved", START_MS)
    alerts.transition(tx, project.number, made[1], "acknowledged", START_MS)

    def found(**wanted: Any) -> list[int]:
        return [made.index(alert_id) for each in pages(tx, project, 2, **wanted) for alert_id in each]

    assert found(status="open") == [5, 4, 3, 2]
    assert found(status="resolved") == [0]
    assert found(severity="high") == [4, 2, 0]
    assert found(severity="medium", status="acknowledged") == [1]
    assert found(rule_id=EXPORTS.id) == [5, 3, 1]
    assert found(rule_id="nothing") == []
    assert found(start_ms=START_MS + 2, end_ms=START_MS + 4) == [4, 3, 2]
    assert found(start_ms=START_MS + 4) == [5, 4]
    assert found(end_ms=START_MS) == [0]
    assert found(rule_id=BRUTE_FORCE.id, status="open", severity="high", start_ms=START_MS, end_ms=START_MS + 2) == [2]


def test_all_alerts_of_a_group_are_resolved(tx: Tx, project: Project) -> None:
    made = [ring(tx, project, at) for at in range(3)]
    alerts.transition(tx, project.number, made[0].id, "acknowledged", START_MS)
    alerts.transition(tx, project.number, made[1].id, "resolved", START_MS)
    resolved = alerts.resolve(tx, project.number, BRUTE_FORCE.id, "alice", START_MS + 9)
    assert [(alert.id, alert.resolved_at) for alert in resolved] == [
        (made[0].id, START_MS + 9),
        (made[2].id, START_MS + 9),
    ]
    assert not alerts.resolve(tx, project.number, BRUTE_FORCE.id, "alice", START_MS + 10)


def test_alerts_are_kept_a_year(tx: Tx, project: Project) -> None:
    old = [ring(tx, project, at) for at in range(3)]
    alerts.transition(tx, project.number, old[0].id, "resolved", START_MS + YEAR_MS)
    assert not alerts.tidy(tx, START_MS + YEAR_MS + 2)
    assert [alert.id for alert in alerts.page(tx, project.number, limit=10)[0]] == [old[2].id]


def test_a_pass_of_tidying_is_bounded(tx: Tx, project: Project) -> None:
    for at in range(1_100):
        ring(tx, project, at)
    now = START_MS + 2 * YEAR_MS
    assert [alerts.tidy(tx, now) for _ in range(3)] == [True, True, False]
    assert alerts.page(tx, project.number, limit=10) == ([], None)


def test_what_waits_for_somebody_is_counted(tx: Tx, project: Project) -> None:
    assert alerts.waiting(tx, project.number) == {"open": 0, "acknowledged": 0}
    rung = [ring(tx, project, at) for at in range(4)]
    alerts.transition(tx, project.number, rung[0].id, "acknowledged", START_MS)
    alerts.transition(tx, project.number, rung[1].id, "resolved", START_MS)
    other = projects.create(tx, slug="other", now_ms=START_MS)
    ring(tx, other)
    assert alerts.waiting(tx, project.number) == {"open": 2, "acknowledged": 1}
