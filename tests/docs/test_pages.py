"""What the README says of the pages, of what reads, and of the pictures that it shows."""

import re
import shlex
import struct
from pathlib import Path

import pytest

from logserver.core.errors import stacks, triage
from logserver.core.live import tails
from logserver.core.people import browser_sessions
from logserver.core.searching import exports
from logserver.core.tokens import READ_SCOPES
from logserver.core.tracing import timings, trace
from logserver.store import occurrences
from logserver.web.page import Access
from logserver.web.routes import DECLARED
from logserver.web.tracing import metrics
from tests.docs.user import User, blocks, readme, table
from tests.examples import EXAMPLES, ROOT
from tests.web.crawling import page_of
from tests.whole.process import serving
from tests.whole.raw import ask
from tests.whole.talking import Talk

WHO = {
    Access.ANYBODY: "anybody",
    Access.SIGNED_IN: "signed in",
    Access.MEMBER: "member",
    Access.OWNER: "owner",
    Access.ADMIN: "admin",
}


def room(path: str) -> str:
    """The first word of a path, behind the project."""
    return path.removeprefix("/p/{project}").split("/")[1] if path not in {"/", "/p/{project}"} else ""


def test_every_page_is_in_the_table_with_whom_it_is_for() -> None:
    rows = [(path, who) for paths, who, _ in table("Page | For") for path in re.findall("[^`, ]+", paths)]
    there = {each.path: WHO[each.access] for each in DECLARED if each.method == "GET"}
    assert {path: there.get(path) for path, _ in rows} == dict(rows)
    assert {room(path) for path, _ in rows} == {room(path) for path in there}


def test_the_keys_are_those_that_the_pages_show() -> None:
    templates = (ROOT / "logserver" / "web" / "templates" / "errors").glob("*.html")
    told = [
        text for each in templates for text in re.findall(r"errors\.help\((.+)\)", each.read_text(encoding="utf-8"))
    ]
    assert len(told) == 2
    shown = {key for text in told for keys in re.findall(r'\("([^"]+)", "', text) for key in keys.split()}
    assert {key for keys, _ in table("Keys |") for key in re.findall("[^` ]+", keys)} == shown - {"Enter"}


def test_the_limits_of_the_pages() -> None:
    assert {what: int(limit) for what, limit in table("Pages | At most")} == {
        "live tails of the server": tails.MOST_TAILS,
        "live tails of a person": tails.MOST_OF_USER,
        "records that wait for a slow one": tails.MOST_LINES,
        "exports at a time of the server": exports.MOST,
        "exports at a time of a person": exports.MOST_OF_USER,
        "errors changed at once": triage.MOST_AT_ONCE,
        "frames of a stack that are shown": stacks.MOST_FRAMES,
        "users of an error that are told apart": occurrences.MOST_USERS,
        "records of a trace that are read": trace.MOST_EVENTS,
        "series of a chart": metrics.MOST,
    }


def test_the_numbers_in_the_text() -> None:
    text = " ".join(readme().split())
    assert re.findall(r"Apdex is for T = (\d+) ms", text) == [str(timings.APDEX_MS)]
    days = str(browser_sessions.IDLE_MS // 86_400_000), str(browser_sessions.LONGEST_MS // 86_400_000)
    assert re.findall(r"(\d+) days without use, and (\d+) days in any case", text) == [days]


def test_the_viewer_can_be_put_into_a_frame_where_it_is_allowed(tmp_path: Path) -> None:
    (frame,) = blocks("html")
    (path,) = re.findall(r'src="https://logs\.example\.com(/[^?#]+)\?theme=auto#token=vt_', frame)
    declared = page_of(path)
    assert declared is not None
    (option,) = re.findall(r"`logserver serve (--viewer-frame-ancestors '[^']+')`", readme())
    for number, (given, allowed) in enumerate((([], "'self'"), (shlex.split(option), "https://app.example.com"))):
        with serving(tmp_path / str(number), *given) as server:
            said = ask(server, f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        assert said.status == 200
        assert f"frame-ancestors {allowed}" in said.headers["content-security-policy"]


def test_what_can_be_read_with_which_scope(user: User) -> None:
    token = user.runs("logserver", "token", "create", "all", "--kind", "read").stdout.strip()
    offered = Talk(user.server).get("/cli/capabilities", token, 200)
    there = {each["path"].removeprefix("/api/v1/cli/"): each["scope"] or "" for each in offered["resources"]}
    rows = table("`/api/v1/cli/…`")
    told = {path: scope for paths, scope, _ in rows for path in re.findall("[^`, ]+", paths)}
    assert told == there
    assert {scope for scope in told.values() if scope} == set(READ_SCOPES)


def test_a_read_token_of_one_scope_reads_nothing_else(user: User) -> None:
    (made,) = re.findall(r"`(logserver token create ci [^`]+)`", " ".join(readme().split()))
    token, talk = user.types(made).strip(), Talk(user.server)
    talk.get("/cli/projects/my-app/error_groups", token, 200)
    refused = talk.get("/cli/projects/my-app/events", token, 403)
    assert (refused.keys(), refused["code"]) == ({"error", "code"}, "insufficient_scope")


def test_a_server_is_verified_as_it_says(user: User) -> None:
    (block,) = [block for block in blocks("text") if block.startswith("logserver verify")]
    said = user.types(block.replace("TOKEN", user.token()))
    assert len(said.splitlines()) > len(READ_SCOPES)
    assert user.finds("environment:verify")


def test_the_demo_is_made_and_shown_as_it_says(user: User) -> None:
    (block,) = [block for block in blocks("text") if "logserver demo" in block]
    make, serve = block.replace(".venv/bin/", "").replace("--data demo", f"--data {user.home}/demo").split("&&")
    said = user.types(f"{make} --days 1")
    assert serve.strip() in said
    assert "sign in as" in said


@pytest.mark.parametrize("picture", sorted(EXAMPLES.glob("screenshots/*")), ids=lambda path: path.name)
def test_the_pictures_are_small(picture: Path) -> None:
    data = picture.read_bytes()
    assert data.startswith(b"\x89PNG\r\n")
    width, height = struct.unpack(">II", data[16:24])
    assert (width, height <= 800, len(data) <= 150_000) == (1280, True, True)
