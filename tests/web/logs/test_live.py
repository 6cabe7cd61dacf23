"""The live tail over HTTP: what is sent, and every way in which it ends."""

import pytest

from logserver.store.following import newest_seq
from tests.serving import Sender, Server
from tests.web.browsing import Visitor, member
from tests.web.logs.sending import of, send
from tests.web.logs.watching import Watching


def watch(visitor: Visitor, sender: Sender, query: str = "", **headers: str) -> Watching:
    cookie = "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())
    watching = Watching(visitor.server, of(sender, "/logs/live"), query, {"Cookie": cookie, **headers})
    watching.until("event: begun")
    assert watching.status == 200
    return watching


def test_records_are_sent_as_they_arrive(server: Server, sender: Sender) -> None:
    watching = watch(member(server, sender.project), sender, "q=disk&columns=host&range=15m")
    send(server, sender, "all is well")
    found = send(server, sender, "disk full", level="WARNING", context={"host": "db1"})
    text = watching.until("event: records")
    assert f'"id":"{found}"' in text
    assert '"level":"warn","message":"disk full","attributes":[],"cells":["db1"]' in text
    assert "all is well" not in text
    watching.leave()
    assert len(server.app.tails) == 0


def test_nothing_that_is_sent_ends_an_event_of_the_stream(server: Server, sender: Sender) -> None:
    watching = watch(member(server, sender.project), sender)
    send(server, sender, "a\n\nevent: ended\ndata: 1\r\n\r\nb\u2028")
    assert "\n\nevent: ended" not in watching.until("event: records")
    watching.leave()


def test_a_browser_that_connects_again_misses_nothing(server: Server, sender: Sender) -> None:
    visitor = member(server, sender.project)
    seq = server.administer(newest_seq)
    send(server, sender, "meanwhile")
    for query, headers in ((f"after={seq}", {}), ("", {"Last-Event-ID": str(seq)})):
        watching = watch(visitor, sender, query, **headers)
        watching.until("meanwhile")
        watching.leave()


def test_who_was_away_for_too_long_is_told(server: Server, sender: Sender) -> None:
    visitor = member(server, sender.project)
    seq = server.administer(newest_seq)
    for message in ("forgotten", "kept"):
        send(server, sender, message)
    server.administer(lambda tx: tx.execute("DELETE FROM arrivals WHERE seq = ?", (seq + 1,)))
    watching = watch(visitor, sender, f"after={seq}")
    assert "event: gap" in watching.until("kept")
    watching.leave()
    watching = watch(visitor, sender, f"after={seq + 1}")
    assert "event: gap" not in watching.until("kept")
    watching.leave()


def test_it_ends_with_the_session(server: Server, sender: Sender) -> None:
    visitor = member(server, sender.project)
    watching = watch(visitor, sender)

    other = Visitor(server)
    other.cookies, other.form_token = visitor.cookies.copy(), visitor.form_token
    assert other.post("/sign-out").status_code == 303
    server.clock.turn(6)
    send(server, sender, "news")
    watching.until("event: ended")
    watching.end()
    assert len(server.app.tails) == 0


def test_it_ends_with_the_server(server: Server, sender: Sender) -> None:
    watching = watch(member(server, sender.project), sender)
    server.run(server.app.farewell)
    assert 'event: ended\ndata: "The server is stopping."' in watching.until("event: ended")
    watching.end()
    assert len(server.app.tails) == 0


def test_what_cannot_begin_is_refused(server: Server, sender: Sender) -> None:
    visitor = member(server, sender.project)
    assert visitor.get(of(sender, "/logs/live"), q="(").status_code == 422
    watching = [watch(visitor, sender) for _ in range(10)]
    assert visitor.get(of(sender, "/logs/live")).status_code == 409
    for each in watching:
        each.leave()
    assert len(server.app.tails) == 0


@pytest.mark.parametrize("after", ["x", "-1", "9" * 40, "²"])
def test_a_cursor_that_is_none_begins_now(server: Server, sender: Sender, after: str) -> None:
    send(server, sender, "before")
    watching = watch(member(server, sender.project), sender, f"after={after}")
    send(server, sender, "since")
    assert "before" not in watching.until("since")
    watching.leave()
