"""What stands open in a project: its summary, error groups, monitors and deployments."""

from tests.contracts.logister.reads.asked import Desk
from tests.contracts.logister.sending import CHECK_INS, DEPLOYMENTS, check_in, deployment


def _post(desk: Desk, path: str, body: object) -> None:
    assert desk.server.post(path, body, desk.token).status_code == 201


def test_a_project_without_anything_says_so(desk: Desk) -> None:
    summary = desk.get("summary")
    assert summary["events"] == {"total": 0, "by_type": {}, "by_level": {}, "by_environment": {}}
    assert summary["last_event_at"] is summary["last_deployment"] is None
    for what in ("error_groups", "monitors", "deployments"):
        assert desk.get(what)["items"] == []


def test_the_summary_counts_what_the_time_asked_for_has(desk: Desk) -> None:
    desk.send(message="old")
    desk.server.clock.turn(3 * 3_600)
    desk.send(event_type="error", level="error", message="bad", environment="live")
    desk.send(message="fine")
    _post(desk, DEPLOYMENTS, deployment(release="2.0"))
    summary = desk.get("summary", since="2h")
    assert summary["events"]["total"] == 2
    assert summary["events"]["by_type"] == {"error": 1, "log": 1}
    assert summary["events"]["by_environment"] == {"live": 1, "production": 1}
    assert summary["error_groups"]["unresolved"] == summary["error_groups"]["new"] == 1
    assert summary["last_deployment"]["release"] == "2.0"
    assert desk.get("summary")["events"]["total"] == 3
    assert desk.refused("summary", since="1h", until="2h") == (400, "invalid_parameter")


def test_error_groups_are_filtered_sorted_and_paged(desk: Desk) -> None:
    for n in range(3):
        for user in range(n + 1):
            desk.send(event_type="error", message=f"failure {n}", user_id=str(user), level="error")
        desk.server.clock.turn(1)
    groups = desk.get("error_groups", sort="count")["items"]
    assert [(each["title"], each["count"], each["users"]) for each in groups] == [
        ("failure 2", 3, 3),
        ("failure 1", 2, 2),
        ("failure 0", 1, 1),
    ]
    assert [each["title"] for each in desk.get("error_groups", q="FAILURE 1")["items"]] == ["failure 1"]
    assert desk.get("error_groups", assignee="none", limit=3)["next_cursor"] is None
    assert desk.get("error_groups", status="resolved")["items"] == []
    first = desk.get("error_groups", limit=2)
    second = desk.get("error_groups", limit=2, cursor=first["next_cursor"])
    assert len({each["uuid"] for each in first["items"] + second["items"]}) == 3
    whole = desk.get(f"error_groups/{groups[0]['uuid']}")
    assert (len(whole["hours"]), whole["hours"][-1], sum(whole["hours"])) == (24, 3, 3)
    assert whole["last_event_id"] == whole["last_event"]["id"]
    for asked in ({"status": "lost"}, {"sort": "title"}):
        assert desk.refused("error_groups", **asked) == (400, "invalid_parameter")
    assert desk.refused("error_groups", cursor="x") == (400, "invalid_cursor")


def test_a_group_of_another_project_is_not_there(desk: Desk) -> None:
    other = Desk(desk.server, desk.server.sender("other"))
    other.send(event_type="error", message="hers")
    (group,) = other.get("error_groups")["items"]
    for spelled in (group["uuid"], "x"):
        assert desk.refused(f"error_groups/{spelled}") == (404, "not_found")


def test_monitors_tell_their_state_now(desk: Desk) -> None:
    _post(desk, CHECK_INS, check_in(slug="hourly", expected_interval_seconds=3_600, duration_ms=12))
    _post(desk, CHECK_INS, check_in(slug="often", expected_interval_seconds=60))
    _post(desk, CHECK_INS, check_in(slug="broken", status="error", environment="live"))
    desk.server.clock.turn(600)
    states = {each["slug"]: each["state"] for each in desk.get("monitors")["items"]}
    assert states == {"hourly": "ok", "often": "missed", "broken": "error"}
    assert [each["slug"] for each in desk.get("monitors", state="missed")["items"]] == ["often"]
    (broken,) = desk.get("monitors", environment="live")["items"]
    assert (broken["last_status"], len(broken["history"])) == ("error", 24)
    assert desk.refused("monitors", state="asleep") == (400, "invalid_parameter")
    assert desk.get("summary")["monitors"] == {"ok": 1, "missed": 1, "error": 1, "paused": 0}


def test_deployments_come_newest_first_in_pages(desk: Desk) -> None:
    for n in range(5):
        _post(desk, DEPLOYMENTS, deployment(release=f"1.{n}", environment="live" if n % 2 else "test"))
        desk.server.clock.turn(60)
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        answer = desk.get("deployments", limit=2, **cursor)
        seen += [each["release"] for each in answer["items"]]
        if answer["next_cursor"] is None:
            break
        cursor = {"cursor": answer["next_cursor"]}
    assert seen == ["1.4", "1.3", "1.2", "1.1", "1.0"]
    assert [each["release"] for each in desk.get("deployments", environment="live")["items"]] == ["1.3", "1.1"]
    assert [each["release"] for each in desk.get("deployments", since="150s")["items"]] == ["1.4", "1.3"]
    assert desk.refused("deployments", cursor="x") == (400, "invalid_cursor")
