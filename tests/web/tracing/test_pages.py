"""The pages of performance, traces and metrics."""

import re

import pytest

from logserver.core import projects
from tests.contracts.logister.sending import DEPLOYMENTS, deployment, event, span
from tests.core.tracing.test_reading import send, transaction
from tests.fakes import START_MS
from tests.serving import Sender, Server
from tests.web.browsing import Visitor, member, signed_in, text_of

HOSTILE = '"><script>alert(1)</script>\\'


@pytest.fixture
def sent(server: Server, sender: Sender) -> Sender:
    send(
        server,
        sender,
        transaction("GET /slow", 4_321, release="r1", trace_id="t1"),
        transaction(HOSTILE, 12, release=HOSTILE, environment=HOSTILE),
        span(span_id="a", name="GET /slow", kind="server", started_at=START_MS, duration_ms=4_321, service=HOSTILE),
        span(span_id="b", parent_span_id="a", name=HOSTILE, kind="db", started_at=START_MS + 5, duration_ms=4_000),
        event(event_type="error", message=HOSTILE, trace_id="t1", span_id="b", occurred_at=START_MS + 9),
        event(event_type="metric", message=HOSTILE, context={"value": 5, "unit": HOSTILE}, occurred_at=START_MS),
    )
    release = deployment(release=HOSTILE, environment=HOSTILE)
    assert server.post(DEPLOYMENTS, release, sender.token).status_code == 201
    return sender


def pages(sender: Sender) -> list[str]:
    place = f"/p/{sender.project.slug}"
    return [f"{place}/performance", f"{place}/traces", f"{place}/traces/t1", f"{place}/metrics"]


def test_nobody_sees_them_without_signing_in_nor_from_outside(server: Server, sent: Sender) -> None:
    stranger = signed_in(server, "eve@example.com", "member")
    for page in pages(sent):
        assert Visitor(server).get(page).headers["Location"].startswith("/sign-in")
        assert stranger.get(page).status_code == 404


def test_what_was_sent_is_shown_and_none_of_it_is_taken_for_markup(server: Server, sent: Sender) -> None:
    visitor = member(server, sent.project)
    asked = [*pages(sent), f"{pages(sent)[3]}?figure=percentiles&s=metric%3A%22%3E%3Cscript%3Ealert(1)%3C/script%3E%5C"]
    for page in asked:
        answer = visitor.get(page)
        assert answer.status_code == 200
        assert "<script>alert" not in answer.text
        assert not re.search(r"<[^>]+ (style|on\w+)=", answer.text)
        assert HOSTILE in text_of(answer)


def test_a_trace_shows_spans_errors_and_what_it_waited_for(server: Server, sent: Sender) -> None:
    answer = member(server, sent.project).get(pages(sent)[2])
    said = text_of(answer)
    assert "4.32 s" in said
    assert "(waited for)" in said
    assert "1 error" in said
    assert answer.text.count('<tr class="critical"') == 2


@pytest.mark.parametrize(
    ("page", "query", "status"),
    [
        ("performance", {"window": "2h"}, 422),
        ("performance", {"environment": "x" * 201}, 422),
        ("performance", {"window": "30d", "environment": "no", "release": "no", "sort": "nothing"}, 200),
        ("traces", {"cursor": "nonsense"}, 400),
        ("traces", {"slower": "fast"}, 422),
        ("traces", {"slower": "5000", "failed": "1", "name": "x"}, 200),
        ("traces/nowhere", {}, 404),
        ("traces/a/b", {}, 404),
        ("metrics", {"figure": "p42"}, 422),
        ("metrics", {"s": "depth"}, 422),
        ("metrics", {"s": "nothing:depth"}, 422),
        ("metrics", {"s": "metric:nowhere"}, 200),
        ("metrics", {"window": "7d", "s": "transaction:GET /slow", "figure": "rate"}, 200),
    ],
)
def test_what_is_asked_wrongly_is_refused(
    server: Server, sent: Sender, page: str, query: dict[str, str], status: int
) -> None:
    answer = member(server, sent.project).get(f"/p/{sent.project.slug}/{page}", **query)
    assert answer.status_code == status
    assert answer.headers["Content-Type"].startswith("text/html")


def test_too_many_series_are_refused(server: Server, sent: Sender) -> None:
    many = "&".join(f"s=metric:m{n}" for n in range(7))
    assert member(server, sent.project).get(f"/p/{sent.project.slug}/metrics?{many}").status_code == 422


def test_without_anything_the_pages_say_what_to_send(server: Server, sender: Sender) -> None:
    visitor = member(server, sender.project)
    said = [text_of(visitor.get(page)) for page in pages(sender)]
    assert "Nothing was timed here" in said[0]
    assert "Send spans" in said[1]
    assert "there is no such trace" in said[2]
    assert "nothing to chart yet" in said[3]


def test_a_trace_of_logs_only_is_shown_as_well(server: Server, sender: Sender) -> None:
    send(server, sender, event(message="alone", trace_id="t/1 ?", occurred_at=START_MS))
    answer = member(server, sender.project).get(f"/p/{sender.project.slug}/traces/t%2F1%20%3F")
    assert answer.status_code == 200
    assert "No spans were sent" in text_of(answer)
    assert "alone" in text_of(answer)


def test_a_long_trace_shows_its_first_spans_and_a_way_to_all(server: Server, sender: Sender) -> None:
    children = [span(span_id=f"s{n}", parent_span_id="a", started_at=START_MS + n, duration_ms=1) for n in range(399)]
    send(server, sender, span(span_id="a", started_at=START_MS, duration_ms=500), *children)
    visitor = member(server, sender.project)
    first = visitor.get(pages(sender)[2])
    assert first.text.count("data-depth=") == 300
    assert "Show all 400 spans" in text_of(first)
    assert visitor.get(pages(sender)[2], all=1).text.count("data-depth=") == 400


def test_an_archived_project_is_still_read(server: Server, sent: Sender) -> None:
    visitor = member(server, sent.project)
    server.administer(projects.archive, sent.project.slug, server.clock.now_ms())
    assert visitor.get(pages(sent)[0]).status_code == 200
