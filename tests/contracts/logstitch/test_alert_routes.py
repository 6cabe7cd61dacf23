"""Alerts by HTTP: when they ring, what they tell, what may become of them, and how they are found again."""

from typing import Any

import pytest

from logserver.core import monitors
from logserver.core.alerting import alert_rules, alerts
from logserver.core.errors import groups
from tests.contracts.logister.sending import CHECK_INS, check_in
from tests.contracts.logister.sending import EVENTS as INGEST
from tests.contracts.logister.sending import event as logged
from tests.contracts.logstitch.asked import EVENTS, ask, event, problems
from tests.contracts.logstitch.refusing import ROWS, Route, refused, scene_of, told
from tests.fakes import START_MS
from tests.serving import Sender, Serve, Server

ALERTS = "/api/v1/alerts"
RULES = f"{ALERTS}/rules"
START = "2026-09-21T14:13:30.250Z"

ROUTES = {
    "list": Route("GET", ALERTS, 200),
    "change": Route("PATCH", f"{ALERTS}/{{id}}", 200, {"status": "resolved"}),
}


def an_alert(server: Server, sender: Sender) -> str:
    rule = alert_rules.BUILTINS["builtin_auth_brute_force"]
    return server.administer(
        alerts.ring, sender.project.number, rule, "u1", event_count=1, event_ids=["evt_1"], now_ms=START_MS
    ).id


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("route", ROUTES)
def test_every_route_refuses_what_all_refuse(serve: Serve, route: str, row: str) -> None:
    ROWS[row](scene_of(serve, ROUTES[route], an_alert))


@pytest.fixture
def master(server: Server, sender: Sender) -> str:
    return server.token(sender.project, "master")


def failed(**fields: Any) -> dict[str, Any]:
    return event(action="auth.failed", **fields)


def by(actor_id: str, **fields: Any) -> dict[str, Any]:
    return failed(actor={"id": actor_id, "type": "user"}, **fields)


def send(server: Server, sender: Sender, sent: Any) -> list[str]:
    ids: list[str] = told(ask(server, "POST", EVENTS, sender.token, sent), 201)["ids"]
    return ids


def rule(server: Server, master: str, **values: Any) -> str:
    """The id of a new rule that rings for every event."""
    usual = {
        "name": "everything",
        "action_pattern": "*",
        "threshold": 1,
        "window_seconds": 60,
        "group_by": "actor_id",
        "severity": "low",
        "cooldown_seconds": 0,
    }
    return str(told(ask(server, "POST", RULES, master, usual | values), 201)["id"])


def found(server: Server, token: str, **query: Any) -> list[dict[str, Any]]:
    """The alerts of a page."""
    page: list[dict[str, Any]] = told(ask(server, "GET", ALERTS, token, **query), 200)["alerts"]
    return page


def becomes(server: Server, token: str, alert_id: str, status: str, expected: int = 200) -> dict[str, Any]:
    answer: dict[str, Any] = told(ask(server, "PATCH", f"{ALERTS}/{alert_id}", token, {"status": status}), expected)
    return answer


def test_an_alert_rings_with_the_event_that_reaches_the_threshold(server: Server, sender: Sender) -> None:
    ids = []
    for _ in range(4):
        ids += send(server, sender, failed())
        server.clock.turn(1)
    assert found(server, sender.token) == []
    ids += send(server, sender, failed())
    answer = told(ask(server, "GET", ALERTS, sender.token), 200)
    assert (list(answer), answer["cursor"], answer["has_more"]) == (
        ["alerts", "cursor", "has_more", "request_id"],
        None,
        False,
    )
    (alert,) = answer["alerts"]
    assert alert == {
        "id": alert["id"],
        "rule_id": "builtin_auth_brute_force",
        "rule_name": "auth_brute_force",
        "severity": "high",
        "status": "open",
        "group_by": "actor_id",
        "group_key": "u1",
        "event_count": 5,
        "event_ids": ids,
        "triggered_at": "2026-09-21T14:13:34.250Z",
        "acknowledged_at": None,
        "resolved_at": None,
    }


def test_in_a_batch_it_rings_at_the_event_that_reaches_it(server: Server, sender: Sender) -> None:
    ids = send(server, sender, [failed() for _ in range(8)])
    (alert,) = found(server, sender.token)
    assert (alert["event_count"], alert["event_ids"]) == (5, ids[:5])


def test_what_is_refused_rings_for_nothing(server: Server, sender: Sender) -> None:
    assert problems(ask(server, "POST", EVENTS, sender.token, [*[failed()] * 9, {}])) != []
    assert found(server, sender.token) == []
    send(server, sender, [failed()] * 4)
    assert found(server, sender.token) == []


def test_an_event_that_is_repeated_counts_once(server: Server, sender: Sender) -> None:
    for _ in range(5):
        send(server, sender, [failed(idempotency_key="once"), failed(idempotency_key="twice")])
    assert found(server, sender.token) == []
    send(server, sender, [failed()] * 3)
    assert [alert["event_count"] for alert in found(server, sender.token)] == [5]


@pytest.mark.parametrize(("seconds", "rings"), [(299.999, True), (300, False), (301, False)])
def test_the_window_slides(server: Server, sender: Sender, seconds: float, rings: bool) -> None:  # noqa: FBT001 - a column of the table
    send(server, sender, failed())
    server.clock.turn(seconds)
    send(server, sender, [failed()] * 4)
    assert bool(found(server, sender.token)) is rings


def test_the_window_runs_on_the_time_of_receipt(server: Server, sender: Sender) -> None:
    send(server, sender, [failed(occurred_at=f"2026-09-{day}T00:00:00Z") for day in (10, 12, 14, 16, 18)])
    assert [alert["triggered_at"] for alert in found(server, sender.token)] == [START]


def test_it_rests_for_the_cooldown_group_by_group(server: Server, sender: Sender) -> None:
    send(server, sender, [by("ann")] * 20)
    send(server, sender, [by("bob")] * 5)
    assert [alert["group_key"] for alert in found(server, sender.token)] == ["bob", "ann"]
    server.clock.turn(3_599)
    send(server, sender, [by("ann")] * 9)
    assert len(found(server, sender.token)) == 2
    server.clock.turn(1)
    send(server, sender, by("ann"))
    newest, *earlier = found(server, sender.token)
    assert (newest["group_key"], newest["event_count"], len(earlier)) == ("ann", 10, 2)


def test_without_a_rest_every_match_over_the_threshold_rings(server: Server, sender: Sender, master: str) -> None:
    rule(server, master, threshold=2)
    send(server, sender, [event()] * 4)
    assert [alert["event_count"] for alert in found(server, sender.token)] == [4, 3, 2]


def test_a_shorter_rest_holds_at_once(server: Server, sender: Sender, master: str) -> None:
    send(server, sender, [failed()] * 5)
    server.clock.turn(60)
    send(server, sender, failed())
    assert len(found(server, sender.token)) == 1
    place = f"{RULES}/builtin_auth_brute_force"
    told(ask(server, "PATCH", place, master, {"cooldown_seconds": 60}), 200)
    send(server, sender, failed())
    assert len(found(server, sender.token)) == 2


def test_a_group_is_an_actor_or_a_tenant(server: Server, sender: Sender, master: str) -> None:
    rule(server, master, name="actors", threshold=3)
    rule(server, master, name="tenants", threshold=3, group_by="tenant_id", severity="critical")
    for actor, tenant in (("ann", "acme"), ("bob", "acme"), ("ann", "other"), ("eve", "acme"), ("ann", "third")):
        send(server, sender, event(actor={"id": actor, "type": "user"}, tenant_id=tenant))
    told_of = [(each["rule_name"], each["group_by"], each["group_key"]) for each in found(server, sender.token)]
    assert told_of == [("actors", "actor_id", "ann"), ("tenants", "tenant_id", "acme")]


def test_what_was_redacted_is_in_no_alert(server: Server, sender: Sender, master: str) -> None:
    place = "/api/v1/redaction/rules/builtin_email"
    told(ask(server, "PUT", place, master, {"enabled": True, "behavior": "hash"}), 200)
    send(server, sender, [by("ann@acme.example")] * 5)
    (alert,) = found(server, sender.token)
    assert alert["group_key"].startswith("sha256:")
    assert "ann" not in str(server.rows("SELECT * FROM alerts"))


def test_each_project_has_its_own_alerts(server: Server, sender: Sender) -> None:
    other = server.sender()
    send(server, sender, [failed()] * 3)
    send(server, other, [failed()] * 4)
    assert found(server, sender.token) == found(server, other.token) == []
    send(server, sender, [failed()] * 2)
    assert len(found(server, sender.token)) == 1
    assert found(server, other.token) == []


STEPS = {"open": [], "acknowledged": ["acknowledged"], "resolved": ["resolved"]}


@pytest.mark.parametrize(
    ("was", "becoming", "status"),
    [
        ("open", "acknowledged", 200),
        ("open", "resolved", 200),
        ("acknowledged", "resolved", 200),
        ("open", "open", 409),
        ("acknowledged", "open", 409),
        ("acknowledged", "acknowledged", 409),
        ("resolved", "open", 409),
        ("resolved", "acknowledged", 409),
        ("resolved", "resolved", 409),
    ],
)
def test_what_may_become_of_an_alert(server: Server, sender: Sender, was: str, becoming: str, status: int) -> None:
    send(server, sender, [failed()] * 5)
    (alert,) = found(server, sender.token)
    for step in STEPS[was]:
        becomes(server, sender.token, alert["id"], step)
    (before,) = found(server, sender.token)
    server.clock.turn(60)
    answer = becomes(server, sender.token, alert["id"], becoming, status)
    (after,) = found(server, sender.token)
    if status == 409:
        assert (answer["error"]["code"], after) == ("conflict", before)
    else:
        assert after == before | {"status": becoming, f"{becoming}_at": "2026-09-21T14:14:30.250Z"}
        assert answer == after | {"request_id": answer["request_id"]}


@pytest.mark.parametrize("sent", [{}, {"status": "closed"}, {"status": None}, {"status": 7}, {"status": ["open"]}])
def test_what_is_no_status_is_named(server: Server, sender: Sender, sent: Any) -> None:
    send(server, sender, [failed()] * 5)
    (alert,) = found(server, sender.token)
    assert problems(ask(server, "PATCH", f"{ALERTS}/{alert['id']}", sender.token, sent)) == ["status"]


@pytest.fixture
def several(server: Server, sender: Sender, master: str) -> list[dict[str, Any]]:
    """Twelve alerts, oldest first, ten seconds apart, of three rules and in all states."""
    for name, severity in (("user.*", "low"), ("order.*", "high"), ("card.*", "critical")):
        rule(server, master, name=name, action_pattern=name, severity=severity)
    for number in range(12):
        send(server, sender, event(action=("user.seen", "order.made", "card.added")[number % 3]))
        server.clock.turn(10)
    for number, alert in enumerate(found(server, sender.token)[::-1]):
        for step in STEPS[("open", "acknowledged", "resolved")[number // 4]]:
            becomes(server, sender.token, alert["id"], step)
    return found(server, sender.token)[::-1]


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ({}, range(12)),
        ({"status": "open"}, range(4)),
        ({"status": "resolved"}, range(8, 12)),
        ({"severity": "high"}, [1, 4, 7, 10]),
        ({"severity": "medium"}, []),
        ({"status": "acknowledged", "severity": "low"}, [6]),
        ({"rule_id": "builtin_auth_brute_force"}, []),
        ({"start_date": "2026-09-21T14:14:30.250Z"}, range(6, 12)),
        ({"start_date": "2026-09-21T14:14:30.251Z"}, range(7, 12)),
        ({"end_date": "2026-09-21T14:14:30.250Z"}, range(7)),
        ({"end_date": "2026-09-21T14:14:30.249999Z"}, range(6)),
        ({"start_date": "2026-09-21T16:14:00+02:00", "end_date": "2026-09-21T14:14:20.250Z"}, range(3, 6)),
        ({"start_date": "2026-09-21", "end_date": "2026-09-21"}, range(12)),
        ({"start_date": "2026-09-22"}, []),
        ({"status": "", "severity": "", "cursor": ""}, range(12)),
    ],
)
def test_every_filter(
    server: Server, sender: Sender, several: list[dict[str, Any]], query: dict[str, str], numbers: Any
) -> None:
    assert found(server, sender.token, **query) == [several[number] for number in numbers][::-1]


def test_a_rule_is_a_filter(server: Server, sender: Sender, several: list[dict[str, Any]]) -> None:
    assert found(server, sender.token, rule_id=several[2]["rule_id"]) == several[2::3][::-1]


@pytest.mark.parametrize(
    ("query", "wrong"),
    [
        ({"status": "loud"}, ["status"]),
        ({"severity": "HIGH"}, ["severity"]),
        ({"limit": "0"}, ["limit"]),
        ({"limit": "101"}, ["limit"]),
        ({"limit": "ten"}, ["limit"]),
        ({"limit": "9" * 30}, ["limit"]),
        ({"start_date": "yesterday"}, ["start_date"]),
        ({"end_date": "2026-13-01"}, ["end_date"]),
        ({"rule_id": "x" * 101}, ["rule_id"]),
        ({"status": "x", "severity": "x", "limit": "x", "end_date": "x"}, ["end_date", "status", "severity", "limit"]),
    ],
)
def test_a_query_that_is_wrong_names_the_parameter(
    server: Server, sender: Sender, query: dict[str, str], wrong: list[str]
) -> None:
    answer = ask(server, "GET", ALERTS, sender.token, **query)
    assert problems(answer) == wrong
    assert answer.json()["error"]["message"] == "Invalid query parameters"


@pytest.mark.parametrize("limit", [1, 5, 11, 12])
def test_pages_show_every_alert_once_whatever_rings_meanwhile(
    server: Server, sender: Sender, several: list[dict[str, Any]], limit: int
) -> None:
    seen: list[dict[str, Any]] = []
    query: dict[str, Any] = {"limit": limit}
    while True:
        page = told(ask(server, "GET", ALERTS, sender.token, **query), 200)
        seen += page["alerts"]
        assert page["has_more"] is (page["cursor"] is not None)
        if page["cursor"] is None:
            break
        assert len(page["alerts"]) == limit
        query["cursor"] = page["cursor"]
        send(server, sender, event(action="user.seen"))
    assert seen == several[::-1]


def test_of_one_moment_the_last_is_first_and_none_is_lost_between_pages(
    server: Server, sender: Sender, master: str
) -> None:
    rule(server, master)
    ids = send(server, sender, [event() for _ in range(7)])
    first = told(ask(server, "GET", ALERTS, sender.token, limit=3), 200)
    second = told(ask(server, "GET", ALERTS, sender.token, limit=100, cursor=first["cursor"]), 200)
    assert [alert["event_ids"][-1] for alert in first["alerts"] + second["alerts"]] == ids[::-1]


def test_a_cursor_that_is_not_of_this_list_is_refused(
    server: Server, sender: Sender, several: list[dict[str, Any]]
) -> None:
    assert several
    cursor = told(ask(server, "GET", ALERTS, sender.token, limit=2, severity="high"), 200)["cursor"]
    told(ask(server, "GET", ALERTS, sender.token, severity="high", cursor=cursor, limit=1), 200)
    other = server.sender()
    changed = ("A" if cursor[5] != "A" else "B").join((cursor[:5], cursor[6:]))
    for token, query in (
        (sender.token, {"cursor": changed, "severity": "high"}),
        (sender.token, {"cursor": cursor[:-1], "severity": "high"}),
        (sender.token, {"cursor": cursor + "A", "severity": "high"}),
        (sender.token, {"cursor": "A" * 5_000, "severity": "high"}),
        (sender.token, {"cursor": " ", "severity": "high"}),
        (sender.token, {"cursor": "ü\x00", "severity": "high"}),
        (sender.token, {"cursor": cursor, "severity": "low"}),
        (sender.token, {"cursor": cursor}),
        (sender.token, {"cursor": cursor, "severity": "high", "status": "open"}),
        (other.token, {"cursor": cursor, "severity": "high"}),
    ):
        refused(ask(server, "GET", ALERTS, token, **query), 400, "bad_request")


def states(server: Server, sender: Sender) -> list[tuple[str, str, str]]:
    return [(each["rule_name"], each["group_key"], each["status"]) for each in found(server, sender.token)]


def test_a_monitor_that_misses_and_recovers_is_told_of(server: Server, sender: Sender) -> None:
    def checks_in(status: str) -> str:
        answer = server.post(CHECK_INS, check_in(status=status, expected_interval_seconds=60), sender.token)
        assert answer.status_code == 201
        return str(answer.json()["id"])

    checks_in("ok")
    server.clock.turn(600)
    server.write(monitors.miss_overdue, server.clock.now_ms())
    assert states(server, sender) == [("monitor_missed", "nightly (production)", "open")]
    (alert,) = found(server, sender.token)
    assert (alert["group_by"], alert["event_count"], alert["event_ids"]) == ("monitor", 1, [])
    server.clock.turn(1)
    checks_in("ok")
    assert states(server, sender) == [("monitor_missed", "nightly (production)", "resolved")]
    server.clock.turn(1)
    failure = checks_in("error")
    assert states(server, sender)[0] == ("monitor_failed", "nightly (production)", "open")
    assert found(server, sender.token)[0]["event_ids"] == [failure]


def test_an_error_group_that_is_new_or_comes_back_is_told_of(server: Server, sender: Sender) -> None:
    def fails() -> str:
        sent = logged(event_type="error", message="no such order")
        return str(server.post(INGEST, sent, sender.token).json()["id"])

    first = fails()
    fails()
    (alert,) = found(server, sender.token)
    assert (alert["rule_name"], alert["severity"], alert["group_by"]) == ("error_group_new", "medium", "error_group")
    assert alert["event_ids"] == [first]
    (group,) = server.rows("SELECT id FROM error_groups")[0]
    server.write(groups.set_status, group, "resolved", server.clock.now_ms())
    server.clock.turn(1)
    back = fails()
    newest = found(server, sender.token)[0]
    assert (newest["rule_name"], newest["severity"], newest["event_ids"]) == ("error_group_regressed", "high", [back])
    assert newest["group_key"] == alert["group_key"]
