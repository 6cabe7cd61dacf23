"""Stored XSS: hostile texts in every field of every contract, and what every page makes of them.

A new page is found by the links to it, a new field by the declaration of its endpoint.
"""

from collections.abc import Iterator

import pytest

from logserver.web.routes import DECLARED
from tests.fakes import START_MS
from tests.web.crawling import Markup, Seen, crawl, faults, forms_without_token, page_of
from tests.web.furnished import Furnished, furnished, starts
from tests.web.hostile import TAG, TEXTS

NOT_REACHED = {"/agents/{agent}/live/{session}/lines"}
"""What no link leads to: the lines of a live stream, which a form begins."""


@pytest.fixture(scope="module")
def furniture(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Furnished]:
    with furnished(tmp_path_factory.mktemp("furnished"), START_MS) as made:
        yield made


def test_hostile_texts_are_taken_in_every_contract(furniture: Furnished) -> None:
    taken = furniture.sender.taken
    for name, path in (
        ("ingest_event", ("event", "message")),
        ("ingest_event", ("event", "context")),
        ("check_in", ("check_in", "slug")),
        ("record_deployment", ("deployment", "release")),
        ("send_audit_events", ("actor",)),
        ("send_audit_events", ("tenant_id",)),
        ("create_key", ("name",)),
        ("create_redaction_rule", ("name",)),
        ("create_alert_rule", ("name",)),
        ("ingest_logs", ("logs", "0", "message")),
        ("ship_logs", ("logs", "0", "message")),
        ("create_agent", ("hostname",)),
        ("replace_agent_config", ("config",)),
        ("create_metric_config", ("description",)),
    ):
        assert any(each[0] == name and each[1][: len(path)] == path for each in taken), (name, path)


def test_every_page_is_reached(furniture: Furnished) -> None:
    reached = {each.declared.path for each in furniture.seen}
    assert {each.path for each in DECLARED if each.method == "GET"} - reached <= NOT_REACHED


def test_every_page_answers(furniture: Furnished) -> None:
    failed = {each.address: each.answer.status_code for each in furniture.seen if each.answer.status_code >= 500}
    assert not failed


def test_no_page_has_code_or_an_element_that_was_sent(furniture: Furnished) -> None:
    found = {each.address: faults(each, TAG) for each in furniture.seen if each.is_html}
    assert not {address: each for address, each in found.items() if each}


def test_neither_has_a_part_of_a_page(furniture: Furnished) -> None:
    addresses = [each.address for each in furniture.seen if each.is_html]
    parts = crawl(furniture.admin, addresses, partial=True)
    furniture.admin.headers.pop("HX-Request")
    found = {each.address: faults(each, TAG) for each in parts if each.is_html}
    assert not {address: each for address, each in found.items() if each}


def test_every_form_that_changes_something_has_its_token(furniture: Furnished) -> None:
    found = {each.address: forms_without_token(each) for each in furniture.seen if each.is_html}
    assert not {address: each for address, each in found.items() if each}


def test_what_was_sent_sets_no_cookie_and_no_header(furniture: Furnished) -> None:
    for address, answer in furniture.admin.answers:
        assert "evil" not in str(answer.headers.get_list("set-cookie")), address
        assert "\r" not in str(answer.headers.get("Content-Disposition", "")), address


NAMES = (
    ("q", "query", "search", "name", "text"),
    ("next", "token", "cursor", "after", "since", "until", "from", "to", "status", "theme", "sort", "tab", "level"),
)
"""What stands in queries of pages; apart, so that what is refused hides nothing that is shown."""


def test_a_query_is_shown_as_what_it_is(furniture: Furnished) -> None:
    asker, found = furniture.admin, {}
    for start in starts(furniture.house.alice.project.slug):
        declared = page_of(start)
        assert declared is not None
        for names in NAMES:
            for text in (TEXTS["long"], TEXTS["link"]):
                answer = asker.get(start, **dict.fromkeys(names, text))
                assert answer.status_code < 500, (start, names)
                page = Seen(start, declared, answer)
                if page.is_html and (wrong := faults(page, TAG)):
                    found[f"{start}?{names}"] = wrong
    assert not found


def test_a_look_changes_nothing(furniture: Furnished) -> None:
    def stored() -> dict[str, int]:
        tables = furniture.server.rows(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT GLOB 'event_words*'"
        )
        return {table: hash(tuple(map(repr, furniture.server.rows(f"SELECT * FROM {table}")))) for (table,) in tables}

    furniture.admin.get("/account")
    furniture.server.refusals()
    before = stored()
    for each in furniture.seen:
        furniture.admin.get(each.address)
    after = stored()
    assert [table for table in before if before[table] != after[table]] == []


@pytest.mark.parametrize(
    "markup",
    [
        f"<p><{TAG}></p>",
        "<script>alert(1)</script>",
        '<script src="https://evil.example/x.js"></script>',
        "<a href=javascript:alert(1)>",
        '<a href="//evil.example/">',
        "<p onclick=x>",
        '<p style="color:red">',
        "<p hx-on:click=x>",
        "<style>p{}</style>",
        '<base href="/">',
    ],
)
def test_the_look_finds_what_is_wrong(furniture: Furnished, markup: str) -> None:
    page = furniture.seen[0]
    answer = type(page.answer)(200, text=markup)
    assert faults(page._replace(answer=answer), TAG)
    assert not faults(page._replace(answer=type(page.answer)(200, text='<p><a href="/p/x?y=%3Cb">x</a></p>')), TAG)
    assert Markup("<p>&lt;script&gt;</p>").elements[0].tag == "p"
