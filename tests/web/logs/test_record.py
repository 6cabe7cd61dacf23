"""A record: found again by its address, with searches for each of its fields, and what happened around it."""

import re
from html import unescape

import pytest

from tests.serving import Sender, Server
from tests.web.browsing import Visitor, member, signed_in, text_of
from tests.web.logs.sending import of, send
from tests.web.logs.test_logs import HOSTILE, links, listed


def test_its_address_is_for_ever_and_for_its_project_only(server: Server, sender: Sender) -> None:
    address = of(sender, f"/events/{send(server, sender, 'hello')}")
    visitor = member(server, sender.project)
    server.clock.turn(5 * 86_400)
    assert "hello" in text_of(visitor.get(address))
    assert Visitor(server).get(address).status_code == 303
    assert signed_in(server, "eve@example.com", "member").get(address).status_code == 404
    other = server.sender()
    stranger = member(server, other.project, "carol@example.com")
    assert stranger.get(address.replace(sender.project.slug, other.project.slug)).status_code == 404


@pytest.mark.parametrize("spelled", ["x", "0" * 36, "00000000-0000-7000-8000-000000000000", "evt_0", "%2e%2e"])
def test_what_is_no_record_is_not_found(server: Server, sender: Sender, spelled: str) -> None:
    assert member(server, sender.project).get(of(sender, f"/events/{spelled}")).status_code == 404


def test_every_field_leads_on_to_those_like_it(server: Server, sender: Sender) -> None:
    send(server, sender, "other", context={"service": "mail"})
    record = send(server, sender, "this", context={"service": "api", "user_id": 7, "note": "x" * 200})
    visitor = member(server, sender.project)
    part = visitor.get(of(sender, f"/events/{record}"), q="this OR other")
    wanted = [link for link in links(part.text) if "service" in link and "q=" in link]
    only, without = (visitor.get(link) for link in wanted if "from=" not in link and "columns=" not in link)
    assert (listed(only.text), listed(without.text)) == (["this"], ["other"])
    columns = [link for link in links(part.text) if "columns=user_id" in link]
    assert '<td class="less cell">7</td>' in visitor.get(columns[0]).text
    assert not [link for link in links(part.text) if "note%3A" in link]


def test_what_happened_around_it_is_beside_it(server: Server, sender: Sender) -> None:
    ids = [send(server, sender, f"n{n:02}", occurred_at=server.clock.now_ms() - 1000 * n) for n in range(30)]
    send(server, sender, "hours ago", occurred_at=server.clock.now_ms() - 7_300_000)
    page = member(server, sender.project).get(of(sender, f"/events/{ids[15]}"))
    assert listed(page.text) == [f"n{n:02}" for n in range(5, 26)]
    assert re.findall(r'class="line current" id="r-([^"]*)"', page.text) == [ids[15]]
    last = member(server, sender.project, "carol@example.com").get(of(sender, f"/events/{ids[29]}"))
    assert listed(last.text) == [f"n{n:02}" for n in range(19, 30)]


def test_an_error_leads_to_its_group_and_its_trace(server: Server, sender: Sender) -> None:
    record = send(server, sender, "boom", event_type="error", context={"trace_id": "abc123", "request_id": "r/1"})
    found = links(member(server, sender.project).get(of(sender, f"/events/{record}")).text)
    assert [link for link in found if "/groups/" in link]
    assert of(sender, "/traces/abc123") in found
    assert [link for link in found if "request_id%3Ar%2F1" in link and "from=" in link]


@pytest.mark.parametrize("trace", ["1-5759e988-bd862e3f", 'odd:/id?x#1"&', "t" * 128])
def test_its_trace_is_linked_whatever_its_id_is_made_of(server: Server, sender: Sender, trace: str) -> None:
    record = send(server, sender, "hello", context={"trace_id": trace})
    visitor = member(server, sender.project)
    (link,) = [link for link in links(visitor.get(of(sender, f"/events/{record}")).text) if "/traces/" in link]
    page = visitor.get(link)
    assert (page.status_code, trace in text_of(page)) == (200, True)


def test_a_trace_that_cannot_be_found_is_not_linked(server: Server, sender: Sender) -> None:
    record = send(server, sender, "hello", context={"trace_id": "t" * 129})
    assert "/traces/" not in member(server, sender.project).get(of(sender, f"/events/{record}")).text


def test_a_script_gets_the_record_without_the_page_around_it(server: Server, sender: Sender) -> None:
    record = send(server, sender, HOSTILE, context={HOSTILE: HOSTILE, "link": "javascript:alert(1)"})
    visitor = member(server, sender.project)
    visitor.headers["HX-Request"] = "true"
    part = visitor.get(of(sender, f"/events/{record}"))
    assert "<html" not in part.text
    assert "<img" not in part.text
    assert "<script" not in part.text
    assert not [link for link in links(part.text) if link.startswith("javascript")]
    assert unescape(re.findall('<pre class="whole-message"[^>]*>([^<]*)</pre>', part.text)[0]) == HOSTILE


def test_a_huge_record_is_cut_and_whole_in_a_file(server: Server, sender: Sender) -> None:
    record = send(server, sender, "m" * 60_000, context={f"k{n}": "v" * 3_000 for n in range(60)})
    visitor = member(server, sender.project)
    page = visitor.get(of(sender, f"/events/{record}"))
    assert len(page.text) < 250_000
    assert "Load it as a file" in page.text
    whole = visitor.get(of(sender, f"/events/{record}"), **{"as": "json"})
    assert whole.headers["Content-Disposition"].startswith("attachment")
    assert (len(whole.json()["message"]), len(whole.json()["context"]["k59"])) == (60_000, 3_000)


def test_an_audit_event_has_its_own_spelling(server: Server, sender: Sender) -> None:
    body = {"action": "user.created", "category": "auth", "actor": {"id": "u1", "type": "user"}, "tenant_id": "acme"}
    sent = server.post("/api/v1/events", body, sender.token)
    assert sent.status_code == 201, sent.text
    (event,) = re.findall("evt_[0-9A-Z]{26}", sent.text)[:1]
    assert "user.created" in text_of(member(server, sender.project).get(of(sender, f"/events/{event}")))
