"""The list of logs: what it finds, what it says of a query that is none, and the ways on from it."""

import re
from html import unescape

import pytest

from tests.serving import Sender, Server
from tests.web.browsing import Visitor, member, signed_in, text_of
from tests.web.logs.sending import of, send

HOSTILE = '"><img src=x onerror=alert(1)><script>alert(2)</script>'


def links(text: str) -> list[str]:
    return [unescape(href) for href in re.findall('href="([^"]*)"', text)]


def listed(page: str) -> list[str]:
    return [unescape(found) for found in re.findall('<span class="message">([^<]*)</span>', page)]


@pytest.mark.parametrize("path", ["/logs", "/logs/completion", "/logs/live", "/logs/export", "/logs/export/progress"])
def test_it_is_for_those_who_are_in_the_project(server: Server, sender: Sender, path: str) -> None:
    assert Visitor(server).get(of(sender, path)).status_code == 303
    assert signed_in(server, "eve@example.com", "member").get(of(sender, path)).status_code == 404


def test_without_records_it_says_so_and_where_to_look(server: Server, sender: Sender) -> None:
    visitor = member(server, sender.project)
    page = visitor.get(of(sender))
    assert (page.status_code, "Nothing was found in this time." in page.text) == (200, True)
    assert of(sender) + "?range=all" in links(page.text)
    assert "How to send something" in text_of(visitor.get(of(sender), range="all"))


def test_records_are_found_newest_first_by_text_level_type_and_time(server: Server, sender: Sender) -> None:
    send(server, sender, "old", occurred_at=server.clock.now_ms() - 3 * 86_400_000)
    send(server, sender, "disk full", level="warning", context={"host": "db1"})
    send(server, sender, "all is well")
    send(server, sender, "boom", event_type="error", level="error")
    visitor = member(server, sender.project)
    for query, wanted in [
        ({}, ["boom", "all is well", "disk full"]),
        ({"q": "host:db1"}, ["disk full"]),
        ({"levels": "warn,error"}, ["boom", "disk full"]),
        ({"types": "error"}, ["boom"]),
        ({"levels": "warn", "types": "error"}, []),
        ({"range": "all"}, ["boom", "all is well", "disk full", "old"]),
        ({"from": "4d", "to": "2d"}, ["old"]),
        ({"range": "1h", "from": "4d"}, ["boom", "all is well", "disk full"]),
    ]:
        page = visitor.get(of(sender), **query)
        assert page.status_code == 200
        assert sorted(listed(page.text)) == sorted(wanted), query
    assert "3 records" in text_of(visitor.get(of(sender)))
    assert "warn 1" in text_of(visitor.get(of(sender)))


def test_a_query_that_is_none_is_shown_at_its_place(server: Server, sender: Sender) -> None:
    page = member(server, sender.project).get(of(sender), q='a "b')
    assert page.status_code == 422
    assert "This quote is never closed." in text_of(page)
    assert "a <mark>&#34;</mark>b" in page.text
    assert 'data-position="2"' in page.text


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"range": "3w"}, "This is none of the times to choose from."),
        ({"from": "yesterday"}, "Write a time like"),
        ({"range": "custom", "to": "9" * 400 + "d"}, "Write a time like"),
        ({"from": "1h", "to": "2h"}, "This must lie after the beginning."),
        ({"q": "x" * 4_097}, "A query has at most 4096 characters."),
    ],
)
def test_what_is_wrong_is_said(server: Server, sender: Sender, query: dict[str, str], said: str) -> None:
    page = member(server, sender.project).get(of(sender), **query)
    assert (page.status_code, said in text_of(page)) == (422, True)


def test_pages_go_on_where_the_last_ended_though_time_goes_by(server: Server, sender: Sender) -> None:
    for n in range(101):
        send(server, sender, f"n{n:03}", occurred_at=server.clock.now_ms() - 1000 * n)
    visitor = member(server, sender.project)
    first = visitor.get(of(sender), range="1h")
    server.clock.turn(120)
    send(server, sender, "newer")
    (onward,) = [link for link in links(first.text) if "cursor=" in link]
    second = visitor.get(onward)
    assert (len(listed(first.text)), listed(second.text)) == (100, ["n100"])
    assert "That page was of another search" not in text_of(second)
    (back,) = [link for link in links(second.text) if "cursor=" in link]
    assert listed(visitor.get(back).text) == listed(first.text)
    other = visitor.get(of(sender), q="newer", cursor=re.findall("cursor=([^&]*)", onward)[0])
    assert (listed(other.text), "That page was of another search" in text_of(other)) == (["newer"], True)


def test_a_link_to_these_times_shows_the_same_later(server: Server, sender: Sender) -> None:
    send(server, sender, "now")
    visitor = member(server, sender.project)
    page = visitor.get(of(sender), range="15m", levels="info")
    fixed = unescape(re.findall('href="([^"]*)" id="fixed"', page.text)[0])
    server.clock.turn(86_400)
    send(server, sender, "tomorrow")
    assert listed(visitor.get(fixed).text) == ["now"]


def test_a_link_to_these_times_forgets_those_that_are_not_shown(server: Server, sender: Sender) -> None:
    send(server, sender, "old", occurred_at=server.clock.now_ms() - 3 * 86_400_000)
    visitor = member(server, sender.project)
    page = visitor.get(of(sender), **{"range": "all", "from": "2h"})
    fixed = unescape(re.findall('href="([^"]*)" id="fixed"', page.text)[0])
    assert listed(visitor.get(fixed).text) == listed(page.text) == ["old"]


def test_columns_are_chosen_from_what_is_there(server: Server, sender: Sender) -> None:
    send(server, sender, "hello", context={"http": {"status": 502}, "a,b": 1, "list": [1, 2]})
    visitor = member(server, sender.project)
    assert 'name="columns" value="http.status"' in visitor.get(of(sender)).text
    page = visitor.get(of(sender), columns="http.status,list,nothing")
    assert '<td class="less cell">502</td><td class="less cell">[1,2]</td><td class="less cell"></td>' in page.text
    assert 'value="http.status" checked' in page.text
    many = visitor.get(of(sender), columns=",".join(f"c{n}" for n in range(40)))
    assert many.text.count('<th class="less wrap">') == 12


def test_nothing_that_was_sent_is_markup(server: Server, sender: Sender) -> None:
    send(server, sender, HOSTILE, level=HOSTILE[:20], context={HOSTILE: HOSTILE, "service": HOSTILE})
    visitor = member(server, sender.project)
    page = visitor.get(of(sender), q=HOSTILE, columns=HOSTILE)
    for text in (page.text, visitor.get(of(sender), columns=HOSTILE).text, visitor.get(of(sender)).text):
        assert "<img" not in text
        assert "<script>" not in text


def test_completion_is_for_the_script_of_the_page(server: Server, sender: Sender) -> None:
    send(server, sender, context={"service": "api"})
    visitor = member(server, sender.project)
    answer = visitor.get(of(sender, "/logs/completion"), q="service:", at="8")
    assert answer.json() == [8, 8, [["api", 1]]]
    for at in ("-1", "x", "99999999", ""):
        assert visitor.get(of(sender, "/logs/completion"), q="serv", at=at).status_code == 200
