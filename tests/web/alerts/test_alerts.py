"""The page of alerts: what is open, and what becomes of it."""

import pytest

from logserver.core.alerting import alert_rules, alerts
from logserver.core.alerting.alerts import Alert
from logserver.store.tx import Tx
from tests.serving import Sender, Server
from tests.web.browsing import Visitor, member, text_of


def ring(server: Server, sender: Sender, group: str = "nightly (production)", rule: str = "monitor_missed") -> str:
    def write(tx: Tx) -> Alert:
        number = sender.project.number
        wanted = alert_rules.read(tx, number, f"builtin_{rule}")
        now = server.clock.now_ms()
        return alerts.ring(tx, number, wanted, group, event_count=1, event_ids=["evt_X", "<b>"], now_ms=now)

    return server.administer(write).id


def of(sender: Sender, path: str = "") -> str:
    return f"/p/{sender.project.slug}/alerts{path}"


def status(server: Server, alert_id: str) -> str:
    return str(server.rows("SELECT status FROM alerts WHERE uuid = ?", alert_id)[0][0])


def test_without_alerts_all_is_well(server: Server, sender: Sender) -> None:
    visitor = member(server, sender.project)
    assert "Nothing is open. All is well." in text_of(visitor.get(of(sender)))
    assert "No alert is like that." in text_of(visitor.get(of(sender), status="resolved"))


@pytest.mark.parametrize(
    ("rule", "group", "place"),
    [
        ("monitor_missed", "nightly (production)", "/p/project-1/monitors?q=nightly"),
        ("error_group_new", "0192-x", "/p/project-1/groups/0192-x"),
        ("agent_offline", "web-1", "/agents?q=web-1"),
        ("auth_brute_force", "u 7&x", "/p/project-1/audit?actor_id=u%207%26x"),
        ("account_deletion_spike", "acme", "/p/project-1/audit?tenant_id=acme"),
    ],
)
def test_an_alert_leads_to_what_it_rang_for(server: Server, sender: Sender, rule: str, group: str, place: str) -> None:
    alert = ring(server, sender, group, rule)
    visitor = member(server, sender.project)
    shown = f'href="{place}"'.replace("&", "&amp;")
    assert shown in visitor.get(of(sender)).text
    assert shown in visitor.get(of(sender, f"/{alert}")).text


def test_the_list_is_narrowed(server: Server, sender: Sender) -> None:
    ring(server, sender)
    ring(server, sender, "0192-x", "error_group_new")
    visitor = member(server, sender.project)
    said = text_of(visitor.get(of(sender)))
    assert "Monitor missed" in said
    assert "New error" in said
    assert "Open (2)" in said
    said = text_of(visitor.get(of(sender), severity="high"))
    assert ("Monitor missed" in said, "New error" in said) == (True, False)
    said = text_of(visitor.get(of(sender), rule="builtin_error_group_new", status="all"))
    assert ("nightly (production)" in said, "0192-x" in said) == (False, True)


@pytest.mark.parametrize(
    "query",
    [
        {"status": "lost"},
        {"severity": "huge"},
        {"before": "x"},
        {"before": "1."},
        {"before": ".1"},
        {"before": "²._"},
        {"before": "1.99999999999999999999"},
    ],
)
def test_what_cannot_be_asked_for_is_refused(server: Server, sender: Sender, query: dict[str, str]) -> None:
    assert member(server, sender.project).get(of(sender), **query).status_code == 422


def test_older_alerts_are_a_page_away(server: Server, sender: Sender) -> None:
    for number in range(51):
        ring(server, sender, f"group-{number}x")
    visitor = member(server, sender.project)
    first = visitor.get(of(sender))
    assert "group-0x" not in first.text
    link = first.text.partition('rel="next"')[0].rpartition('href="')[2].partition('"')[0]
    second = visitor.get(link.replace("&amp;", "&"))
    assert second.text.count("group-") == second.text.count("group-0x") > 0


def test_a_member_acknowledges_and_resolves_one(server: Server, sender: Sender) -> None:
    alert = ring(server, sender)
    visitor = member(server, sender.project)
    answer = visitor.post(of(sender), acknowledge_one=alert, status="open")
    assert answer.headers["Location"] == of(sender, "?status=open")
    assert "1 alert acknowledged." in text_of(visitor.follow(answer))
    assert status(server, alert) == "acknowledged"
    answer = visitor.post(of(sender), {"resolve_one": alert, "from": alert})
    assert "1 alert resolved." in text_of(visitor.follow(answer))
    assert status(server, alert) == "resolved"


def test_several_are_resolved_at_once_and_the_rest_stays(server: Server, sender: Sender) -> None:
    chosen = [ring(server, sender, f"{n} (x)") for n in range(3)]
    left = ring(server, sender, "left (x)")
    visitor = member(server, sender.project)
    answer = visitor.post(of(sender), alert=[*chosen, chosen[0], "no-such-thing"], action="resolve")
    assert "3 alerts resolved." in text_of(visitor.follow(answer))
    assert [status(server, alert) for alert in (*chosen, left)] == ["resolved"] * 3 + ["open"]
    assert "tick some alerts" in text_of(visitor.follow(visitor.post(of(sender), action="resolve")))
    assert visitor.post(of(sender), alert=left).status_code == 422


def test_nobody_else_sees_or_changes_an_alert(server: Server, sender: Sender) -> None:
    alert = ring(server, sender)
    other = server.sender("other")
    stranger = member(server, other.project)
    for path in ("", f"/{alert}"):
        assert stranger.get(of(sender, path)).status_code == 404
        assert Visitor(server).get(of(sender, path)).status_code == 303
    assert stranger.get(of(other, f"/{alert}")).status_code == 404
    assert stranger.post(of(sender), resolve_one=alert).status_code == 404
    stranger.post(of(other), resolve_one=alert)
    assert status(server, alert) == "open"


def test_events_are_links_and_text(server: Server, sender: Sender) -> None:
    alert = ring(server, sender, "<script>")
    page = member(server, sender.project).get(of(sender, f"/{alert}"))
    assert "<script>" not in page.text.replace('<script src="', "")
    assert "<b>" not in page.text
    assert "evt_X" in text_of(page)


def test_an_error_is_called_by_its_title(server: Server, sender: Sender) -> None:
    sent = {"event": {"event_type": "error", "message": "PaymentDeclined: card expired"}}
    assert server.post("/api/v1/ingest_events", sent, sender.token).status_code == 201
    ((alert,),) = server.rows("SELECT uuid FROM alerts")
    visitor = member(server, sender.project)
    for path in ("", f"/{alert}"):
        assert "PaymentDeclined: card expired" in text_of(visitor.get(of(sender, path)))
