"""The pages of monitors."""

from typing import Any

import pytest

from tests.serving import Sender, Server
from tests.web.browsing import Visitor, member, signed_in, text_of


def check_in(server: Server, sender: Sender, slug: str = "nightly", **values: Any) -> str:
    answer = server.post("/api/v1/check_ins", {"check_in": {"slug": slug, **values}}, sender.token)
    assert answer.status_code == 201, answer.text
    return next(each.uuid for each in server.monitors(sender.project) if each.slug == slug)


def of(sender: Sender, path: str = "") -> str:
    return f"/p/{sender.project.slug}/monitors{path}"


def test_without_monitors_it_says_how_to_make_one(server: Server, sender: Sender) -> None:
    said = text_of(member(server, sender.project).get(of(sender)))
    assert "curl -fsS http://testserver/api/v1/check_ins" in said
    assert '"slug":"nightly-backup"' in said


def test_what_needs_somebody_stands_first(server: Server, sender: Sender) -> None:
    check_in(server, sender, "fine", expected_interval_seconds=86_400)
    check_in(server, sender, "late", expected_interval_seconds=60)
    check_in(server, sender, "broken", status="error")
    server.clock.turn(200)
    visitor = member(server, sender.project)
    page = visitor.get(of(sender))
    at = [page.text.index(f">{slug}</a>") for slug in ("broken", "late", "fine")]
    assert at == sorted(at)
    said = text_of(page)
    assert "All 3 Failed 1 Missed 1 Ok 1 Paused 0" in said
    assert "in 24 h" in said or "in 23 h" in said
    assert "failed in 1 of 48 parts" in page.text
    only = visitor.get(of(sender), state="missed").text
    assert ">late</a>" in only
    assert ">fine</a>" not in only
    assert ">broken</a>" in visitor.get(of(sender), q="ROKE").text
    assert "No monitor is like that." in text_of(visitor.get(of(sender), state="ok", q="broken"))


@pytest.mark.parametrize("page", ["0", "-1", "x", "99999999999", "²", "3"])
def test_any_page_can_be_asked_for(server: Server, sender: Sender, page: str) -> None:
    check_in(server, sender)
    assert member(server, sender.project).get(of(sender), page=page).status_code == 200


def test_fifty_one_monitors_have_a_second_page(server: Server, sender: Sender) -> None:
    for number in range(51):
        check_in(server, sender, f"job-{number:03}")
    visitor = member(server, sender.project)
    first, second = visitor.get(of(sender)).text, visitor.get(of(sender), page=2).text
    assert (">job-049</a>" in first, ">job-050</a>" in first) == (True, False)
    assert (">job-049</a>" in second, ">job-050</a>" in second) == (False, True)


def test_a_monitor_shows_its_check_ins_and_what_became_of_it(server: Server, sender: Sender) -> None:
    uuid = check_in(server, sender, duration_ms=1_250, release="2.1", expected_interval_seconds=3_600)
    check_in(server, sender, "other", duration_ms=77_000)
    server.clock.turn(3_600)
    check_in(server, sender, status="error", duration_ms=320)
    server.clock.turn(3_600)
    said = text_of(member(server, sender.project).get(of(sender, f"/{uuid}")))
    assert "Last check-in 60 min ago" in said or "Last check-in 1 h ago" in said
    assert "Uptime, 24 h 50 %" in said
    assert "1.25 s" in said
    assert "320 ms" in said
    assert "77" not in said.partition("Check-ins")[2].partition("Facts")[0]
    assert "failed was ok" in said
    assert """-d '{"check_in":{"slug":"nightly",""" in said


def test_older_check_ins_are_a_page_away(server: Server, sender: Sender) -> None:
    for _ in range(30):
        uuid = check_in(server, sender)
        server.clock.turn(60)
    visitor = member(server, sender.project)
    page = visitor.get(of(sender, f"/{uuid}"))
    assert page.text.count("/events/") == 25
    link = page.text.partition('rel="next"')[0].rpartition('href="')[2].partition('"')[0]
    older = visitor.get(link.partition("#")[0])
    assert older.text.count("/events/") == 5
    assert visitor.get(of(sender, f"/{uuid}"), cursor="bogus").status_code == 400


def test_a_member_pauses_and_resumes(server: Server, sender: Sender) -> None:
    uuid = check_in(server, sender, status="error")
    visitor = member(server, sender.project)
    answer = visitor.post(of(sender, f"/{uuid}/pause"), paused=1)
    assert "nightly is paused" in text_of(visitor.follow(answer))
    assert server.monitors(sender.project)[0].state == "paused"
    answer = visitor.post(of(sender, f"/{uuid}/pause"), {"paused": 0, "from": "list"})
    assert answer.headers["Location"] == of(sender)
    assert server.monitors(sender.project)[0].state == "error"


def test_an_owner_removes_one_and_its_alert_is_resolved(server: Server, sender: Sender) -> None:
    uuid = check_in(server, sender, status="error")
    assert member(server, sender.project).post(of(sender, f"/{uuid}/remove")).status_code == 403
    owner = member(server, sender.project, "olga@example.com", "owner")
    assert owner.post(of(sender, f"/{uuid}/remove")).headers["Location"] == of(sender)
    assert server.monitors(sender.project) == []
    assert server.rows("SELECT status FROM alerts") == [("resolved",)]
    assert check_in(server, sender) != uuid


def test_a_stranger_and_another_project_do_not_see_it(server: Server, sender: Sender) -> None:
    uuid = check_in(server, sender)
    other = server.sender("other")
    stranger = member(server, other.project)
    for path in ("", f"/{uuid}"):
        assert stranger.get(of(sender, path)).status_code == 404
        assert Visitor(server).get(of(sender, path)).headers["Location"].startswith("/sign-in?next=")
    assert stranger.post(of(sender, f"/{uuid}/pause"), paused=1).status_code == 404
    for answer in (
        stranger.get(of(other, f"/{uuid}")),
        stranger.post(of(other, f"/{uuid}/pause"), paused=1),
        signed_in(server, "root@example.com").post(of(other, f"/{uuid}/remove")),
        stranger.get(of(other, "/no-such-thing")),
    ):
        assert answer.status_code == 404
    assert not server.monitors(sender.project)[0].paused


def test_names_are_shown_as_text_and_quoted_for_a_shell(server: Server, sender: Sender) -> None:
    uuid = check_in(server, sender, "it's <b>$(x)</b>", environment="<i>")
    page = member(server, sender.project).get(of(sender, f"/{uuid}"))
    assert "<b>" not in page.text
    assert "<i>" not in page.text
    assert """-d '{"check_in":{"slug":"it'"'"'s <b>$(x)</b>",""" in text_of(page)
