"""The page of an error group, as a browser without scripts sees it."""

import re
from typing import Any

import pytest

from logserver.core import deployments
from logserver.core.deployments import Deployment
from logserver.core.retention import Retention
from tests.core.errors.occurring import group, send, titles
from tests.serving import Sender, Server
from tests.web.browsing import Visitor, member, signed_in, text_of

FRAMES = [
    {"filename": "/x/site-packages/web/app.py", "lineno": 7, "name": "serve", "line": "call()"},
    {"filename": "/srv/shop/orders.py", "lineno": 42, "name": "total", "line": "raise ValueError(self)"},
]
CONTEXT = {
    "trace_id": "trace-1",
    "user_id": "u7",
    "request": {"method": "POST", "url": "https://shop.example/pay", "headers": {"Accept": "*/*"}},
    "exception": {"class": "ValueError", "message": "no lines", "frames": FRAMES, "cause": {"class": "KeyError"}},
    "cart": {"total": 129},
    "note": "line\nbreak",
}


@pytest.fixture
def filled(server: Server) -> Sender:
    """A project with an error that occurred twice, and a log of the same trace."""
    sender = server.sender("shop")
    send(server, sender, "boom\nfirst", context=dict(CONTEXT), release="1.0")
    server.clock.turn(60)
    send(server, sender, "cart loaded", kind="log", context={"trace_id": "trace-1"})
    send(server, sender, "boom\nsecond", context=dict(CONTEXT), release="1.1")
    return sender


@pytest.fixture
def bob(server: Server, filled: Sender) -> Visitor:
    return member(server, filled.project)


def address(server: Server, sender: Sender, title: str = "boom") -> str:
    return f"/p/shop/groups/{group(server, sender, title).uuid}"


def test_an_error_is_shown_in_full(server: Server, filled: Sender, bob: Visitor) -> None:
    answer = bob.get(address(server, filled))
    said = text_of(answer)
    assert answer.status_code == 200
    for part in (
        "ValueError",
        "no lines",
        "total /srv/shop/orders.py :42",
        "raise ValueError(self)",
        "1 frame of libraries",
        "caused by KeyError",
        "method POST",
        "https://shop.example/pay",
        "cart loaded",
        "boom second",
        "First in 1.0",
        "Last in 1.1",
        "Count 2",
        "Users 1",
        "note",
    ):
        assert part in said, part
    assert said.index("total /srv") < said.index("serve /x/site-packages")
    assert "/p/shop/traces/trace-1" in answer.text
    assert "/p/shop/logs?q=user_id%3A%22u7%22" in answer.text


def test_occurrences_lead_to_one_another(server: Server, filled: Sender, bob: Visitor) -> None:
    newest = bob.get(address(server, filled))
    (older,) = re.findall(r'rel="prev" href="([^"]+)"', newest.text)
    assert 'rel="next"' not in newest.text
    first = bob.get(older.replace("&amp;", "&"))
    assert "boom first" in text_of(first)
    assert 'rel="prev"' not in first.text
    (newer,) = re.findall(r'rel="next" href="([^"]+)"', first.text)
    assert "boom second" in text_of(bob.get(newer.replace("&amp;", "&")))


def test_deployments_stand_beside_the_first_release(server: Server, filled: Sender, bob: Visitor) -> None:
    def deploy(release: str, ago_ms: int) -> None:
        made = Deployment(release, "production", "acme/shop", "0123abc", server.clock.now_ms() - ago_ms, {})
        server.administer(deployments.record, filled.project.number, made, server.clock.now_ms())

    deploy("0.9", 3_600_000)
    deploy("1.1", 30_000)
    said = text_of(bob.get(address(server, filled)))
    assert "First seen after 0.9 to production 1 h ago" in said
    assert "1.1 to production 30 s ago" in said
    assert "2 deployments" in said


@pytest.mark.parametrize("name", ["24h", "7d", "30d", "90d", "nonsense", ""])
def test_occurrences_are_drawn_over_a_range(server: Server, filled: Sender, bob: Visitor, name: str) -> None:
    answer = bob.get(address(server, filled), range=name)
    assert answer.status_code == 200
    assert re.search(r'aria-label="2 occurrences in (24h|7d|30d|90d)', answer.text)


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ({}, "It came without a stack."),
        ({"context": {"trace_id": ".."}}, "Nothing was logged near it."),
        ({"context": {}}, "It names no trace, request, session or user."),
        ({"context": {"exception": {"class": "E", "frames": [7, None, {}]}}}, "E"),
        ({"context": {"exception": "text", "request": [1], "http": 7, "method": {"a": 1}}}, "It came without a stack."),
        ({"context": {f"k{n}": "v" * 5_000 for n in range(150)}}, "4,000 characters more"),
    ],
)
def test_whatever_an_error_says_is_shown(server: Server, filled: Sender, bob: Visitor, sent: Any, shown: str) -> None:
    send(server, filled, "other", **sent)
    answer = bob.get(address(server, filled, "other"))
    assert answer.status_code == 200
    assert shown in text_of(answer)
    assert len(answer.content) < 250_000


def test_an_error_is_resolved_and_comes_back(server: Server, filled: Sender, bob: Visitor) -> None:
    place = address(server, filled)
    bob.get(place)
    said = text_of(bob.follow(bob.post(place, status="resolved")))
    assert "The error is resolved." in said
    assert "Reopen" in said
    assert titles(server, filled) == []
    server.clock.turn(5)
    send(server, filled, "boom\nagain", context=dict(CONTEXT))
    assert "regressed" in text_of(bob.get(place))
    assert "came back once" in text_of(bob.get(place))


def test_an_error_is_assigned(server: Server, filled: Sender, bob: Visitor) -> None:
    place = address(server, filled)
    answer = bob.post(place, assignee="bob@example.com", range="30d")
    assert answer.headers["Location"] == place + "?range=30d"
    assert group(server, filled, "boom").assignee == "bob@example.com"
    assert "Assigned to nobody." in text_of(bob.follow(bob.post(place, assignee="")))
    assert bob.post(place, assignee="eve@example.com").status_code == 422
    assert bob.post(place, status="open").status_code == 422
    assert bob.post(place, status="resolved", form_token="x").status_code == 403
    assert group(server, filled, "boom").status == "unresolved"


def test_an_occurrence_is_copied(server: Server, filled: Sender, bob: Visitor) -> None:
    page = bob.get(address(server, filled)).text
    text, whole = re.findall(r'href="([^"]+)" data-copy-from', page)
    copied = bob.get(text)
    assert copied.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert copied.text.startswith("boom\n\nValueError: no lines\n    at total (/srv/shop/orders.py:42)")
    assert "trace_id: trace-1" in copied.text
    copied = bob.get(whole)
    assert copied.headers["Content-Type"] == "application/json"
    record = copied.json()
    assert (record["message"], record["context"]["cart"]) == ("boom\nsecond", {"total": 129})
    assert record["id"] in page


@pytest.mark.parametrize(
    "path",
    [
        "/p/shop/groups/x",
        "/p/shop/groups/d0bef60b-7e2f-88ab-872b-c0d2f1898c13",
        "GROUP?occurrence=x",
        "GROUP?occurrence=-1",
        "GROUP?occurrence=1",
        "GROUP?occurrence=99999999999999999999999",
        "GROUP?occurrence=%C2%B2",
        "GROUP/occurrences/1.txt",
        "GROUP/occurrences/x.json",
        "GROUP/occurrences/1.xml",
        "/p/other/groups/UUID",
        "/p/nowhere/groups/UUID",
    ],
)
def test_what_is_not_there_is_not_found(server: Server, filled: Sender, path: str) -> None:
    server.sender("other")
    place = address(server, filled)
    ada = signed_in(server)
    asked = path.replace("GROUP", place).replace("UUID", place.rpartition("/")[2])
    assert ada.get(asked).status_code == 404


def test_only_who_is_in_the_project_sees_it(server: Server, filled: Sender, bob: Visitor) -> None:
    place = address(server, filled)
    copies = re.findall(r'href="([^"]+)" data-copy-from', bob.get(place).text)
    stranger = signed_in(server, "eve@example.com", "member")
    for path in (place, *copies):
        assert Visitor(server).get(path).headers["Location"].startswith("/sign-in")
        assert stranger.get(path).status_code == 404
    assert stranger.post(place, status="resolved").status_code == 404
    assert titles(server, filled) == ["boom"]


def test_a_group_outlives_its_occurrences(server: Server) -> None:
    sender = server.sender("shop", retention_days=1)
    send(server, sender, "boom")
    server.clock.turn(3 * 86_400)
    while server.write(Retention(server.app.trail.retire).expire, server.clock.now_ms()):
        pass
    answer = signed_in(server).get(address(server, sender))
    assert "Its occurrences are older than this project keeps." in text_of(answer)


def test_what_senders_say_is_never_markup(server: Server, filled: Sender, bob: Visitor) -> None:
    hostile = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
    frame = {"filename": hostile, "name": hostile, "line": hostile, "lineno": 1}
    context = {
        hostile: hostile,
        "nested": {hostile: [hostile]},
        "trace_id": hostile,
        "user_id": hostile,
        "request": {"url": f"javascript:{hostile}", hostile: hostile},
        "exception": {"class": hostile, "message": hostile, "frames": [frame], "cause": {"class": hostile}},
    }
    send(server, filled, hostile, context=context, environment=hostile, release=hostile)
    send(server, filled, hostile, kind="log", context={"trace_id": hostile}, level=hostile[:60])
    answer = bob.get(address(server, filled, hostile))
    assert answer.status_code == 200
    assert "<script>alert" not in answer.text
    assert "<img" not in answer.text
    assert 'href="javascript' not in answer.text
    assert answer.text.count("&lt;script&gt;alert(1)") > 10
