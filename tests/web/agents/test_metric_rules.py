"""The pages of metric rules."""

from typing import Any

import msgspec
import pytest

from tests.serving import Sender, Server
from tests.web.agents.edge import Edge
from tests.web.browsing import Visitor, member, signed_in, text_of

LINE = '10.0.0.1 "GET /x HTTP/1.1" 200 12 time_ms=35'
FORM = {
    "action": "save",
    "name": "nginx",
    "description": "Requests",
    "log_source": "/var/log/nginx/*.log",
    "agents": "",
    "enabled": "on",
    "count": "2",
    "m0_name": "requests_total",
    "m0_type": "counter",
    "m0_pattern": '"(?P<method>[A-Z]+) [^"]*" (?P<status>[0-9]{3}) ',
    "m0_labels": "method, status",
    "m1_name": "request_seconds",
    "m1_type": "histogram",
    "m1_pattern": "time_ms=([0-9.]+)",
    "m1_labels": "",
    "m1_value": "$1",
    "m1_multiply": "0.001",
    "m1_buckets": "0.01, 0.1, 1",
}


@pytest.fixture
def admin(server: Server) -> Visitor:
    return signed_in(server)


def made(admin: Visitor, **values: Any) -> str:
    """The path of new rules."""
    answer = admin.post("/metric-rules", {**FORM, **values})
    assert answer.status_code == 303, text_of(answer)
    return str(answer.headers["Location"])


def stored(server: Server) -> list[tuple[Any, ...]]:
    return server.rows("SELECT name, enabled, agents, version FROM metric_configs")


def test_rules_are_made_as_they_are_typed(server: Server, admin: Visitor) -> None:
    assert "There are no rules yet." in text_of(admin.get("/metric-rules"))
    assert admin.get("/metric-rules/new").status_code == 200
    path = made(admin)
    ((metrics,),) = server.rows("SELECT metrics FROM metric_configs")
    first, second = msgspec.json.decode(metrics)
    assert (first["labels"], first["value_capture"]) == (["method", "status"], None)
    assert (second["value_capture"], second["value_transform"], second["buckets"]) == ("$1", 0.001, [0.01, 0.1, 1.0])
    page = admin.get(path)
    assert 'value="method, status"' in page.text
    assert 'value="0.01, 0.1, 1"' in page.text
    assert 'value="0.001"' in page.text
    said = text_of(admin.get("/metric-rules"))
    assert "requests_total, request_seconds" in said
    assert "all agents" in said


def test_labels_may_be_called_otherwise_than_their_groups(server: Server, admin: Visitor) -> None:
    path = made(admin, m0_labels="verb=$method  code=2", count="1")
    ((metrics,),) = server.rows("SELECT metrics FROM metric_configs")
    assert msgspec.json.decode(metrics)[0]["labels"] == {"verb": "$method", "code": "$2"}
    assert 'value="verb=$method, code=$2"' in admin.get(path).text


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"log_source": "x" * 1_001}, "log_source"),
        ({"agents": "nobody"}, "agents"),
        ({"m0_name": "no name"}, "m0_name"),
        ({"m0_pattern": "("}, "m0_pattern"),
        ({"m0_labels": "method, other"}, "m0_labels"),
        ({"m1_value": ""}, "m1_value"),
        ({"m1_value": "$7"}, "m1_value"),
        ({"m1_multiply": "much"}, "m1_multiply"),
        ({"m1_multiply": "nan"}, "m1_multiply"),
        ({"m1_buckets": "1, 0.5"}, "m1_buckets"),
        ({"m1_buckets": "small"}, "m1_buckets"),
        ({"m0_type": "sum"}, "m0_type"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(server: Server, admin: Visitor, wrong: dict[str, str], field: str) -> None:
    answer = admin.post("/metric-rules", {**FORM, **wrong})
    assert answer.status_code == 422
    assert f'id="{field}-wrong"' in answer.text or field == "m0_type"
    assert "Must be one of counter" in answer.text or field != "m0_type"
    assert 'value="requests_total"' in answer.text or field == "m0_name"
    assert stored(server) == []


@pytest.mark.parametrize("count", ["", "0", "-1", "x", "99999999", "²"])
def test_rules_without_metrics_are_refused(server: Server, admin: Visitor, count: str) -> None:
    assert admin.post("/metric-rules", {**FORM, "count": count}).status_code == 422
    assert admin.post("/metric-rules", {"action": "save"}).status_code == 422
    assert stored(server) == []


def test_a_metric_is_added_and_taken_out_before_anything_is_saved(server: Server, admin: Visitor) -> None:
    page = admin.post("/metric-rules", {**FORM, "action": "add"})
    assert (page.status_code, 'name="count" value="3"' in page.text) == (200, True)
    page = admin.post("/metric-rules", {**FORM, "action": "drop-0"})
    assert 'name="count" value="1"' in page.text
    assert 'value="requests_total"' not in page.text
    assert 'name="m0_name" type="text" value="request_seconds"' in page.text
    assert 'name="count" value="2"' in admin.post("/metric-rules", {**FORM, "action": "drop-x"}).text
    assert stored(server) == []


def test_rules_are_tried_on_pasted_lines(server: Server, admin: Visitor) -> None:
    answer = admin.post("/metric-rules", {**FORM, "action": "try", "lines": f"{LINE}\n\nsomething else <b>"})
    said = text_of(answer)
    assert 'requests_total {method="GET", status="200"} +1' in said
    assert "request_seconds 0.035" in said
    assert "something else <b> nothing" in said
    assert "<b>" not in answer.text
    assert stored(server) == []
    assert "Paste some lines" in text_of(admin.post("/metric-rules", {**FORM, "action": "try"}))
    many = admin.post("/metric-rules", {**FORM, "action": "try", "lines": "x\n" * 201})
    assert "At most 200 lines" in text_of(many)
    wrong = admin.post("/metric-rules", {**FORM, "action": "try", "lines": LINE, "m0_pattern": "("})
    assert (wrong.status_code, LINE in text_of(wrong)) == (422, True)


def test_two_who_edit_at_once_see_both_versions(server: Server, admin: Visitor) -> None:
    path = made(admin)
    assert admin.post(path, {**FORM, "version": "1", "description": "Theirs"}).status_code == 303
    answer = admin.post(path, {**FORM, "version": "1", "description": "Mine"})
    assert answer.status_code == 409
    said = text_of(answer)
    assert "Somebody saved version 2 while you were editing." in said
    assert '"description": "Theirs"' in said
    assert '"description": "Mine"' in said
    assert 'name="version" value="2"' in answer.text
    assert 'value="Mine"' in answer.text
    assert admin.post(path, {**FORM, "version": "2", "description": "Mine"}).status_code == 303
    assert server.rows("SELECT description, version FROM metric_configs") == [("Mine", 3)]


def test_trying_does_not_hide_that_somebody_has_saved(admin: Visitor) -> None:
    path = made(admin)
    admin.post(path, {**FORM, "version": "1", "description": "Theirs"})
    page = admin.post(path, {**FORM, "version": "1", "action": "try", "lines": LINE})
    assert 'name="version" value="1"' in page.text


def test_a_name_is_taken_once(server: Server, admin: Visitor) -> None:
    made(admin)
    answer = admin.post("/metric-rules", FORM)
    assert (answer.status_code, "of this name already" in text_of(answer)) == (409, True)
    assert len(stored(server)) == 1


def test_members_see_and_try_what_concerns_their_agents(server: Server, sender: Sender, admin: Visitor) -> None:
    mine, other = Edge(server, sender, "mine"), server.sender("other")
    Edge(server, other, "theirs")
    everyone = made(admin, name="everyone")
    for_mine = made(admin, name="for mine", agents="mine\ntheirs")
    for_theirs = made(admin, name="for theirs", agents="theirs")
    visitor = member(server, sender.project)
    listed = visitor.get("/metric-rules").text
    assert ("everyone</a>" in listed, "for mine</a>" in listed, "for theirs</a>" in listed) == (True, True, False)
    assert "theirs" not in listed
    assert "theirs" not in visitor.get(for_mine).text
    assert visitor.get(for_theirs).status_code == 404
    assert visitor.post(f"{for_theirs}/try", lines=LINE).status_code == 404
    said = text_of(visitor.post(f"{everyone}/try", lines=LINE))
    assert 'requests_total {method="GET", status="200"} +1' in said
    assert [path in visitor.get(mine.page).text for path in (everyone, for_mine, for_theirs)] == [True, True, False]
    for path in ("/metric-rules", everyone, f"{everyone}/delete"):
        assert visitor.post(path, FORM).status_code == 403
    assert visitor.get("/metric-rules/new").status_code == 403
    assert Visitor(server).get("/metric-rules").status_code == 303
    assert len(stored(server)) == 3


def test_rules_are_deleted(server: Server, admin: Visitor) -> None:
    path = made(admin)
    assert admin.post(f"{path}/delete").headers["Location"] == "/metric-rules"
    assert stored(server) == []
    assert admin.get(path).status_code == 404
    assert admin.post(path, FORM).status_code == 404
