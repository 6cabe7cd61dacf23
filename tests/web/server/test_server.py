"""The pages of the server itself."""

import pytest

from logserver.core.growth import Measuring
from logserver.core.jobs import Record
from logserver.core.trimming import Standing
from tests.contracts.logister.sending import EVENTS, event
from tests.fakes import START_MS
from tests.serving import Sender, Serve, Server
from tests.web.browsing import signed_in, text_of


def measure(server: Server) -> None:
    measuring = Measuring(server.app.database)
    while server.run(measuring.one_pass, server.clock.now_ms()):
        pass


def test_the_overview_says_how_large_it_is_and_who_has_it(server: Server, sender: Sender) -> None:
    for n in range(3):
        server.post(EVENTS, event(message=f"m {n}"), sender.token)
    measure(server)
    said = text_of(signed_in(server).get("/server"))
    assert "Events 3 New a day 3 Waiting to be written 0" in said
    assert "0 of 20,000 events, 0 B of 64.0 MB" in said
    assert "in 30 days about" in said
    assert f"{sender.project.name} 3" in said


def test_an_empty_store_has_an_overview(server: Server) -> None:
    admin = signed_in(server)
    server.administer(lambda tx: tx.execute("DELETE FROM store_days"))
    assert "Not measured yet" in text_of(admin.get("/server"))


def test_what_is_refused_for_want_of_disk_is_said(server: Server) -> None:
    server.app.database.refusing = "the disk is nearly full"
    assert "disk is nearly full" in text_of(signed_in(server).get("/server"))


def test_a_limit_of_its_size_is_shown_with_what_went_for_it(server: Server) -> None:
    admin, trimming = signed_in(server), server.app.schedule.trimming
    trimming.standing = Standing(20_000_000_000, 19_500_000_000, 0, stuck=False, trimming=True, cut_ms=START_MS)
    said = text_of(admin.get("/server"))
    assert "19.5 GB of 20.0 GB used; the oldest events are being deleted" in said
    assert "was deleted for want of room" in said
    trimming.standing = Standing(20_000_000_000, 20_500_000_000, 0, stuck=True, trimming=True, cut_ms=START_MS)
    assert "nothing is left that may be deleted" in text_of(admin.get("/server"))


def test_a_limit_that_was_set_is_shown(serve: Serve) -> None:
    assert "of 20.0 GB used" in text_of(signed_in(serve(max_size=20_000_000_000)).get("/server"))


def test_without_a_limit_none_is_shown(server: Server) -> None:
    assert "Limit" not in text_of(signed_in(server).get("/server"))


def test_jobs_that_fail_are_named(server: Server) -> None:
    server.app.schedule.jobs.records["sweep"] = Record(passes=3, failures=2, last_error="OSError")
    said = text_of(signed_in(server).get("/server/jobs"))
    assert "sweep failed when it ran last" in said
    assert "OSError" in said


def test_slow_reads_are_listed_without_what_was_looked_for(server: Server) -> None:
    def slow(tx: object, secret: str) -> None:
        tx.execute("SELECT ? AS word", (secret,))  # type: ignore[attr-defined] # a reader's connection
        server.clock.turn(0.25)

    admin = signed_in(server)
    assert "Nothing was slow." in text_of(admin.get("/server/slow"))
    server.run(server.app.database.read, slow, "hunter2")
    answer = admin.get("/server/slow")
    assert "250 ms in one statement SELECT ? AS word" in text_of(answer)
    assert "hunter2" not in answer.text


def test_refusals_are_gathered_by_what_was_refused(server: Server, sender: Sender) -> None:
    for _ in range(3):
        assert server.post(EVENTS, event(message=""), sender.token).status_code == 422
    admin = signed_in(server)
    assert len(server.refusals()) == 3
    said = text_of(admin.get("/server/refused"))
    assert f"POST {EVENTS} {sender.project.slug} 3 " in said
    server.clock.turn(86_401)
    assert "Nothing was refused." in text_of(admin.get("/server/refused"))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"self_observability": False}, "are not recorded"),
        (
            {"self_endpoint": "https://logs.example.com/x", "self_api_key": "k"},
            "reported to https://logs.example.com/x",
        ),
    ],
)
def test_it_says_where_refusals_go(serve: Serve, settings: dict[str, object], said: str) -> None:
    assert said in text_of(signed_in(serve(**settings)).get("/server/refused"))
