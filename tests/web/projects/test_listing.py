"""The list of projects, and new ones."""

import re

import pytest

from logserver.core import projects
from tests.serving import Sender, Server
from tests.web.browsing import Visitor, member, signed_in, text_of

HOUR_MS = 3_600_000


def sends(server: Server, sender: Sender, at_ms: int, **event: object) -> None:
    body = {"event": {"event_type": "log", "message": "hello", "occurred_at": at_ms / 1000, **event}}
    assert server.post("/api/v1/ingest_events", body, sender.token).status_code == 201


def row(visitor: Visitor, slug: str) -> str:
    """What the list says of a project."""
    shown = visitor.get("/projects")
    (found,) = [each for each in re.findall("<tr>.*?</tr>", shown.text, re.DOTALL) if f'"/p/{slug}"' in each]
    return re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", found)).strip()


def test_each_project_says_how_it_is(server: Server) -> None:
    ada, now = signed_in(server), server.clock.now_ms()
    quiet, busy, fresh = server.sender("quiet"), server.sender("busy"), server.sender("fresh")
    sends(server, quiet, now - 7 * HOUR_MS)
    for hours in (5, 1, 1):
        sends(server, busy, now - hours * HOUR_MS)
    for message in ("first", "second", "first"):
        sends(server, busy, now, event_type="error", message=message)
    check_in = {"check_in": {"slug": "nightly", "status": "error"}}
    assert server.post("/api/v1/check_ins", check_in, busy.token).status_code == 201
    assert row(ada, "quiet") == "quiet quiet all well 0 7 h ago"
    assert re.fullmatch(r"busy busy 2 errors 1 monitor (\d alerts? )?7 just now", row(ada, "busy"))
    assert row(ada, fresh.project.slug) == "fresh fresh set up 0 never"


def test_a_missed_monitor_needs_a_look_and_a_paused_one_does_not(server: Server, sender: Sender) -> None:
    ada = signed_in(server)
    check_in = {"check_in": {"slug": "nightly", "expected_interval_seconds": 60}}
    server.post("/api/v1/check_ins", check_in, sender.token)
    assert "all well" in row(ada, sender.project.slug)
    server.clock.turn(3_600)
    assert "1 monitor" in row(ada, sender.project.slug)
    server.administer(lambda tx: tx.execute("UPDATE monitors SET paused = 1").rowcount)
    assert "monitor" not in row(ada, sender.project.slug)


def test_members_see_their_own_projects_only(server: Server, sender: Sender) -> None:
    other = server.sender()
    bob = member(server, sender.project)
    shown = bob.get("/projects").text
    assert (f"/p/{sender.project.slug}" in shown, f"/p/{other.project.slug}" in shown) == (True, False)
    assert "New project" not in shown
    assert bob.get("/projects/new").status_code == 403
    assert bob.post("/projects", name="Mine").status_code == 403


def test_who_is_in_no_project_is_told_so(server: Server, sender: Sender) -> None:
    shown = text_of(signed_in(server, "bob@example.com", "member").get("/projects"))
    assert ("You are in no project yet." in shown, sender.project.slug in shown) == (True, False)
    assert Visitor(server).get("/projects").headers["Location"] == "/sign-in?next=%2Fprojects"


def test_archived_projects_are_listed_apart_for_admins(server: Server, sender: Sender) -> None:
    ada = signed_in(server)
    server.administer(projects.archive, sender.project.slug, server.clock.now_ms())
    shown = ada.get("/projects")
    assert "Archived (1)" in text_of(shown)
    bob = member(server, sender.project)
    assert "Archived" not in text_of(bob.get("/projects"))


@pytest.mark.parametrize(
    ("name", "slug", "made"),
    [
        ("Shop & Co", "", "shop-co"),
        ("Café Zürich", "", "cafe-zurich"),
        ("logserver", "", "logserver-2"),
        ("日本", "", "project"),
        ("Taken", "", "taken-2"),
        ("x" * 200, "", "x" * 58),
        ("Another", "My-Slug", "my-slug"),
    ],
)
def test_a_new_project_has_a_short_name_an_owner_and_a_token(server: Server, name: str, slug: str, made: str) -> None:
    server.sender("taken")
    ada = signed_in(server)
    answer = ada.post("/projects", name=name, slug=slug, retention_days="7")
    assert answer.headers["Location"] == f"/p/{made}/start"
    shown = ada.follow(answer)
    assert f"The project {name} is there." in text_of(shown)
    assert re.search(r"Bearer logister_[\w-]{32}", shown.text)
    assert server.rows("SELECT name, retention_days FROM projects WHERE slug = ?", made) == [(name, 7)]
    assert server.rows("SELECT role FROM members") == [("owner",)]


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"name": " "}, ("name", "Must not be empty.")),
        ({"name": "x" * 201}, ("name", "Must be at most 200 characters.")),
        ({"name": "a\x00b"}, ("name", "Must not have control characters.")),
        ({"slug": "taken"}, ("slug", "There is a project &#39;taken&#39; already.")),
        ({"slug": "-"}, ("slug", "Must be 1 to 63 of a-z, 0-9 and -, and neither begin nor end with -.")),
        ({"slug": "logserver"}, ("slug", "&#39;logserver&#39; is kept for the server&#39;s own project.")),
        ({"retention_days": "0"}, ("retention_days", "Must be 1 to 36,500.")),
        ({"retention_days": "many"}, ("retention_days", "Must be a number of days.")),
        ({"retention_days": "9" * 5_000}, ("retention_days", "Must be a number of days.")),
    ],
)
def test_what_is_wrong_with_a_new_project_is_said(
    server: Server, fields: dict[str, str], wrong: tuple[str, str]
) -> None:
    server.sender("taken")
    ada = signed_in(server)
    answer = ada.post("/projects", {"name": "Shop", "slug": "", "retention_days": "30", **fields})
    assert answer.status_code == 422
    assert re.findall('<p class="wrong" id="([a-z_]+)-wrong">([^<]+)</p>', answer.text) == [wrong]
    assert server.rows("SELECT count(*) FROM projects WHERE system = 0") == [(1,)]


def test_a_project_without_events_opens_at_its_start_page(server: Server, sender: Sender) -> None:
    bob = member(server, sender.project)
    home = f"/p/{sender.project.slug}"
    assert [bob.get(path).headers["Location"] for path in ("/", home)] == [f"{home}/start"] * 2
    sends(server, sender, server.clock.now_ms())
    assert [bob.get(path).headers["Location"] for path in ("/", home)] == [f"{home}/inbox"] * 2
