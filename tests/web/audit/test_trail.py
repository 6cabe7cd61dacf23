"""The audit trail in the browser: what it shows, to whom, and how its chain stands."""

import csv
from typing import Any

import msgspec
import pytest
from httpx2 import Response

from logserver.core import projects
from logserver.web.audit import chain, exporting
from tests.contracts.logstitch.asked import event
from tests.contracts.logstitch.trails import DAY, expire, fill, keep, send, tamper
from tests.serving import Sender, Server
from tests.web.browsing import Visitor, member, signed_in, text_of

HOSTILE = '<script>alert("x")</script>'


def trail(sender: Sender) -> str:
    return f"/p/{sender.project.slug}/audit"


def test_a_trail_that_has_nothing_yet_says_what_to_do(server: Server, sender: Sender) -> None:
    answer = signed_in(server).get(trail(sender))
    assert answer.status_code == 200
    assert "No audit events yet." in text_of(answer)
    assert "Verify all of it" not in text_of(answer)


def test_members_and_admins_see_it_and_nobody_else(server: Server, sender: Sender) -> None:
    fill(server, sender, 1)
    for path in (trail(sender), f"{trail(sender)}/chain", f"{trail(sender)}/export?format=trail"):
        assert Visitor(server).get(path).headers["Location"].startswith("/sign-in?next=")
    visitors = {
        "member": member(server, sender.project),
        "owner": member(server, sender.project, "olga@example.com", "owner"),
        "stranger": signed_in(server, "eve@example.com", "member"),
    }
    for path in (trail(sender), f"{trail(sender)}/chain", f"{trail(sender)}/export?format=trail"):
        assert {name: each.get(path).status_code for name, each in visitors.items()} == {
            "member": 200,
            "owner": 200,
            "stranger": 404,
        }


def test_an_event_is_shown_with_all_that_is_known_of_it(server: Server, sender: Sender) -> None:
    (id_,) = send(
        server,
        sender,
        event(
            target={"id": "inv_7", "type": "invoice", "name": "March"},
            context={"ip_address": "192.0.2.7", "location": "Porto"},
            metadata={"card": "4111 1111 1111 1111", "reason": HOSTILE},
            changes=[{"field": "status", "before": "open", "after": None}, {"field": "new", "after": {"a": 1}}],
        ),
    )
    answer = signed_in(server).get(trail(sender))
    said = text_of(answer)
    shown = (id_, "user.signed_in", "Ann", "March", "invoice", "192.0.2.7", "Porto", "acme", "builtin_credit_card")
    for words in (*shown, '{"a":1}', "number 1; its hash fits"):
        assert words in said
    assert "4111" not in answer.text
    assert HOSTILE not in answer.text


def test_filters_find_what_the_api_finds(server: Server, sender: Sender) -> None:
    fill(server, sender, 3)
    send(
        server,
        sender,
        event(
            action="invoice.deleted", category="mutation", tenant_id="globex", actor={"id": "svc", "type": "service"}
        ),
    )
    visitor = signed_in(server)
    for query in (
        {"action": "invoice.*"},
        {"category": "mutation"},
        {"tenant_id": "globex"},
        {"actor_id": "svc"},
        {"actor_type": "service", "tenant_id": ""},
        {"search": "deleted"},
        {"start_date": "2026-09-21T14:13:33Z"},
    ):
        said = visitor.get(trail(sender), **query).text
        assert said.count("<li>\n<details>") == 1, query
        assert "invoice.deleted" in said
    assert "No event fits" in text_of(visitor.get(trail(sender), action="nothing.at_all"))


@pytest.mark.parametrize(
    ("query", "wrong"),
    [
        ({"start_date": "yesterday"}, "Must be an ISO 8601 date or time"),
        ({"category": "fun"}, "Must be one of"),
        ({"search": "***"}, "Must hold a letter or a digit"),
        ({"action": "x" * 5_000}, "Must be at most"),
    ],
)
def test_a_filter_that_is_wrong_is_said_beside_it(
    server: Server, sender: Sender, query: dict[str, str], wrong: str
) -> None:
    answer = signed_in(server).get(trail(sender), **query)
    assert answer.status_code == 422
    assert wrong in text_of(answer)


def test_pages_go_on_where_the_one_before_ended(server: Server, sender: Sender) -> None:
    send(server, sender, *[event(action=f"item.n{number}") for number in range(60)])
    visitor = signed_in(server)
    first = visitor.get(trail(sender)).text
    assert first.count("<li>\n<details>") == 50
    older = first.partition('rel="next"')[0].rpartition('href="')[2].partition('"')[0].replace("&amp;", "&")
    second = visitor.get(older).text
    assert second.count("<li>\n<details>") == 10
    assert 'rel="next"' not in second
    assert visitor.get(trail(sender), cursor="x" * 32).status_code == 400


def test_an_event_that_was_changed_is_marked(server: Server, sender: Sender) -> None:
    fill(server, sender, 3)
    visitor = signed_in(server)
    assert "was changed" not in text_of(visitor.get(trail(sender)))
    tamper(
        server.folder,
        "UPDATE events SET context = replace(context, 'Ann', 'Eve') WHERE rowid = (SELECT max(id) FROM events)",
    )
    assert "No. 3 was changed" in text_of(visitor.get(trail(sender)))
    broken = text_of(visitor.get(f"{trail(sender)}/chain"))
    assert "The chain is broken" in broken
    assert "2 events were found whole" in broken
    tamper(server.folder, "DELETE FROM audit_links WHERE seq = 2")
    assert "in no chain" in text_of(visitor.get(trail(sender)))


def test_an_end_that_was_cut_off_is_told(server: Server, sender: Sender) -> None:
    fill(server, sender, 2)
    keep(server)
    visitor = signed_in(server)
    assert "its end is signed" in text_of(visitor.get(trail(sender)))
    tamper(server.folder, "DELETE FROM audit_links WHERE seq = 2", "UPDATE audit_heads SET seq = 1")
    said = text_of(visitor.get(trail(sender)))
    assert "was not signed with the key of this store" in said
    assert "lost its link number 2" in said


def onward(answer: Response) -> str:
    """The address of the next stretch; empty where there is none."""
    link = answer.text.partition('hx-get="')[2].partition('"')[0].replace("&amp;", "&")
    return link if "/audit/chain" in link else ""


def walked(visitor: Visitor, path: str) -> tuple[str, int]:
    """What verification says at last, and in how many stretches."""
    steps = 1
    answer = visitor.get(path)
    while link := onward(answer):
        visitor.headers["HX-Request"] = "true"
        answer = visitor.get(link)
        assert "<html" not in answer.text
        steps += 1
    return text_of(answer), steps


def test_a_long_chain_is_verified_in_stretches(server: Server, sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chain, "LINKS", 4)
    fill(server, sender, 10)
    said, steps = walked(signed_in(server), f"{trail(sender)}/chain")
    assert "The chain is whole. 10 events verified" in said
    assert steps == 3


def test_stretches_go_on_across_what_retention_deletes_meanwhile(
    server: Server, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chain, "LINKS", 2)
    fill(server, sender, 3)
    visitor = signed_in(server)
    begun = visitor.get(f"{trail(sender)}/chain")
    server.clock.turn(2 * DAY)
    fill(server, sender, 2, first=3)
    server.administer(projects.set_values, sender.project.slug, audit_retention_days=1)
    expire(server)
    monkeypatch.undo()
    said = text_of(visitor.get(onward(begun)))
    assert "The chain is whole. 4 events verified, and 1 signed stub" in said
    assert "3 of them deleted by retention" in text_of(visitor.get(trail(sender)))


@pytest.mark.parametrize("after", ["", "1", "x:y", "1:00", "-1:" + "0" * 64, "9" * 30 + ":" + "0" * 64])
def test_no_place_in_a_chain_is_refused(server: Server, sender: Sender, after: str) -> None:
    assert signed_in(server).get(f"{trail(sender)}/chain", after=after, so_far="0.0").status_code == 400


def test_nobody_can_be_sent_behind_the_break(server: Server, sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chain, "LINKS", 2)
    fill(server, sender, 5)
    link = onward(signed_in(server).get(f"{trail(sender)}/chain"))
    other = signed_in(server, "eve@example.com")
    assert other.get(link).status_code == 400
    mine = onward(other.get(f"{trail(sender)}/chain"))
    assert other.get(mine).status_code == 200
    assert other.get(mine.replace("after=2", "after=4")).status_code == 400
    assert other.get(mine.replace("so_far=2", "so_far=9")).status_code == 400


def test_the_whole_trail_is_handed_out_with_what_verifies_it(
    server: Server, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "LINKS", 2)
    ids = fill(server, sender, 5)
    answer = signed_in(server).get(f"{trail(sender)}/export", format="trail")
    first, *lines, last = [msgspec.json.decode(line) for line in answer.text.splitlines()]
    assert first["format"] == "logserver-audit-1"
    assert [line["event"]["id"] for line in lines] == ids
    assert [line["previous_hash"] for line in lines[1:]] == [line["content_hash"] for line in lines[:-1]]
    assert last["head"]["hash"] == lines[-1]["content_hash"]
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{sender.project.slug}-trail.jsonl"'


def test_what_the_filters_find_is_handed_out(server: Server, sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "MOST", 2)
    ids = fill(server, sender, 5)
    send(server, sender, event(action="invoice.deleted", actor={"id": "=1+1", "type": "user"}))
    visitor = signed_in(server)
    lines = visitor.get(f"{trail(sender)}/export", format="jsonl", action="item.*").text.splitlines()
    assert [msgspec.json.decode(line)["id"] for line in lines] == ids[::-1]
    rows = list(csv.DictReader(visitor.get(f"{trail(sender)}/export", format="csv").text.splitlines()))
    assert [row["id"] for row in rows[1:]] == ids[::-1]
    assert rows[0]["actor_id"] == "'=1+1"


@pytest.mark.parametrize("query", [{}, {"format": "pdf"}, {"format": "csv", "category": "fun"}])
def test_no_such_export_is_refused(server: Server, sender: Sender, query: dict[str, Any]) -> None:
    assert signed_in(server).get(f"{trail(sender)}/export", **query).status_code == 422
