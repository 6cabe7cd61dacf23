"""The pages of alert rules."""

from typing import Any

import pytest

from tests.serving import Sender, Server
from tests.web.browsing import Visitor, member, text_of

RULE = {
    "name": "Refunds",
    "action_pattern": "order.refunded",
    "threshold": "3",
    "window_seconds": "600",
    "group_by": "actor_id",
    "severity": "critical",
    "cooldown_seconds": "0",
    "enabled": "on",
}


def of(sender: Sender, path: str = "") -> str:
    return f"/p/{sender.project.slug}/alerts/rules{path}"


@pytest.fixture
def owner(server: Server, sender: Sender) -> Visitor:
    return member(server, sender.project, "olga@example.com", "owner")


def stored(server: Server) -> list[tuple[Any, ...]]:
    return server.rows("SELECT name, action_pattern, threshold, enabled FROM alert_rules")


def made(server: Server, owner: Visitor, sender: Sender) -> str:
    assert owner.post(of(sender), RULE).status_code == 303
    return str(server.rows("SELECT uuid FROM alert_rules")[0][0])


def test_built_in_rules_say_when_they_ring(server: Server, sender: Sender) -> None:
    said = text_of(member(server, sender.project).get(of(sender)))
    assert "Monitor missed built in A monitor did not check in when it should" in said
    assert "5 audit events auth.failed* by one actor within 5 min" in said
    assert "3 addresses by one actor within 30 min" in said
    assert "New rule" not in said


def test_an_owner_makes_changes_and_deletes_a_rule(server: Server, sender: Sender, owner: Visitor) -> None:
    rule = made(server, owner, sender)
    assert stored(server) == [("Refunds", "order.refunded", 3, 1)]
    assert 'value="order.refunded"' in owner.get(of(sender, f"/{rule}")).text
    values = {**RULE, "threshold": "7"}
    del values["enabled"]
    answer = owner.post(of(sender, f"/{rule}"), values)
    assert "The rule Refunds is changed." in text_of(owner.follow(answer))
    assert stored(server) == [("Refunds", "order.refunded", 7, 0)]
    owner.post(of(sender, f"/{rule}/switch"), enabled=1)
    assert stored(server)[0][3] == 1
    assert owner.post(of(sender, f"/{rule}/delete")).status_code == 303
    assert stored(server) == []


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"name": ""}, "Must be 1 to 100 characters."),
        ({"action_pattern": "UPPER"}, "Must be 1 to 128 of a-z, 0-9, _, . and *."),
        ({"threshold": "x"}, "Must be a whole number."),
        ({"threshold": "0"}, "Must be 1 to 10,000."),
        ({"window_seconds": "59"}, "Must be 60 to 3,600."),
        ({"cooldown_seconds": ""}, "Must be a whole number."),
        ({"group_by": "x"}, "Must be one of actor_id, tenant_id."),
        ({"severity": "x"}, "Must be one of low, medium, high, critical."),
    ],
)
def test_what_is_wrong_is_said_at_its_field(
    server: Server, sender: Sender, owner: Visitor, wrong: dict[str, str], said: str
) -> None:
    answer = owner.post(of(sender), {**RULE, **wrong})
    assert answer.status_code == 422
    assert said in text_of(answer)
    assert stored(server) == []
    rule = made(server, owner, sender)
    answer = owner.post(of(sender, f"/{rule}"), {**RULE, **wrong})
    assert (answer.status_code, said in text_of(answer)) == (422, True)


def test_a_built_in_rule_is_switched_and_rests_otherwise(server: Server, sender: Sender, owner: Visitor) -> None:
    rule = "/builtin_monitor_missed"
    assert 'name="threshold"' not in owner.get(of(sender, rule)).text
    answer = owner.post(of(sender, f"{rule}/switch"), enabled=0)
    assert "Monitor missed is off." in text_of(owner.follow(answer))
    assert owner.post(of(sender, rule), cooldown_seconds="60", enabled="on", threshold="9").status_code == 303
    assert server.rows("SELECT enabled, cooldown_seconds FROM alert_builtins") == [(1, 60)]
    assert owner.post(of(sender, rule), cooldown_seconds="-1").status_code == 422
    assert owner.post(of(sender, f"{rule}/delete")).status_code == 409


def test_members_read_and_strangers_do_not(server: Server, sender: Sender, owner: Visitor) -> None:
    rule = made(server, owner, sender)
    visitor, stranger = member(server, sender.project), member(server, server.sender("other").project, "eve@x.example")
    for path in ("", f"/{rule}", f"/{rule}/switch", f"/{rule}/delete"):
        assert visitor.post(of(sender, path), RULE).status_code == 403
        assert stranger.post(of(sender, path), RULE).status_code == 404
    assert [visitor.get(of(sender, path)).status_code for path in ("/new", f"/{rule}")] == [403, 403]
    assert stranger.get(of(sender)).status_code == 404
    assert owner.get(of(sender, "/no-such-rule")).status_code == 404
    assert stored(server) == [("Refunds", "order.refunded", 3, 1)]
