"""Live tails: one reader for all who watch, bounded queues, bounded watchers, and how they end."""

import pytest

from logserver.core.faults import Conflict
from logserver.core.live.tails import MOST_LINES, MOST_OF_USER, MOST_TAILS, STOPPED, Tail, Tails
from logserver.store.errors import QuerySyntaxError, StoreBusy
from logserver.store.events import Event
from logserver.store.search import Search
from tests.serving import Sender, Server


def shape(event: Event) -> bytes:
    return event.message.encode()


def send(server: Server, sender: Sender, *messages: str) -> None:
    for message in messages:
        body = {"event": {"event_type": "log", "message": message}}
        assert server.post("/api/v1/ingest_events", body, sender.token).status_code == 201


def join(server: Server, sender: Sender, text: str = "", user: str = "ada", after: int | None = None) -> Tail:
    async def joined() -> Tail:
        search = Search((sender.project.number,), text)
        return await tails(server).join(search, shape, user, after)

    return server.run(joined)


def tails(server: Server) -> Tails:
    return server.app.tails


def lines(server: Server, tail: Tail) -> list[bytes]:
    server.run(tails(server).one_pass, 0)
    return tail.take().lines


def test_each_gets_what_arrives_from_now_on_and_fits_the_search(server: Server, sender: Sender) -> None:
    send(server, sender, "before")
    everything = join(server, sender)
    some = join(server, sender, "disk")
    other = join(server, server.sender())
    send(server, sender, "one", "disk full")
    assert lines(server, everything) == [b"one", b"disk full"]
    assert (some.take().lines, other.take().lines) == ([b"disk full"], [])
    tails(server).leave(everything)
    send(server, sender, "another disk")
    assert lines(server, some) == [b"another disk"]
    assert everything.take().lines == []


def test_who_connects_again_goes_on_where_it_was(server: Server, sender: Sender) -> None:
    tail = join(server, sender)
    send(server, sender, "one")
    lines(server, tail)
    seq = tail.take().seq
    tails(server).leave(tail)
    send(server, sender, "two", "three")
    again = join(server, sender, after=seq)
    assert again.take().lines == [b"two", b"three"]
    send(server, sender, "four")
    assert lines(server, again) == [b"four"]


def test_nobody_new_is_sent_what_arrived_while_nobody_watched(server: Server, sender: Sender) -> None:
    tails(server).leave(join(server, sender))
    send(server, sender, "unseen")
    assert lines(server, join(server, sender)) == []


def test_a_slow_watcher_loses_the_oldest_and_is_told(server: Server, sender: Sender) -> None:
    tail = join(server, sender)
    tail.bring([b"%d" % n for n in range(MOST_LINES + 5)], 2, 7)
    taken = tail.take()
    assert (len(taken.lines), taken.lines[0], taken.dropped, taken.seq) == (MOST_LINES, b"5", 7, 7)
    assert tail.take() == ([], 0, 7)


def test_there_are_so_many_and_no_more(server: Server, sender: Sender) -> None:
    mine = [join(server, sender) for _ in range(MOST_OF_USER)]
    with pytest.raises(Conflict, match="you have 10"):
        join(server, sender)
    others = [join(server, sender, user=f"u{n // 5}") for n in range(MOST_TAILS - MOST_OF_USER)]
    with pytest.raises(Conflict, match="50 live tails"):
        join(server, sender, user="eve")
    tails(server).leave(mine[0])
    join(server, sender)
    assert len(tails(server)) == len(mine) + len(others)


def test_a_query_that_is_none_takes_no_place(server: Server, sender: Sender) -> None:
    with pytest.raises(QuerySyntaxError):
        join(server, sender, "(")
    assert len(tails(server)) == 0


def test_the_end_of_the_server_is_told_and_nobody_comes_after_it(server: Server, sender: Sender) -> None:
    tail = join(server, sender)
    server.run(server.app.farewell)
    assert tail.ended == STOPPED
    with pytest.raises(StoreBusy):
        join(server, sender)
