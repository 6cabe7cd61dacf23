import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import pytest

from logserver.agent.client import Away, Client, Denied
from logserver.agent.enrolment import Enrolment
from logserver.agent.folder import Folder
from logserver.agent.parcels import packed
from logserver.agent.sending import Sending
from logserver.agent.spool import Spool
from tests.agent.edge import Edge, Said
from tests.agent.talking import talk
from tests.fakes import FakeClock


@pytest.fixture
def spool(folder: Folder, clock: FakeClock) -> Spool:
    spool = Spool(folder.path / "spool", "lines", most_bytes=1_000_000, clock=clock)
    spool.open(None, 0)
    return spool


def put_lines(spool: Spool, *messages: str) -> None:
    lines = [{"id": str(uuid4()), "message": message, "source": "/var/log/x"} for message in messages]
    spool.put(packed({"logs": lines}), len(lines))
    spool.committed()


def put_points(spool: Spool, *names: str) -> None:
    points = [{"name": name, "type": "counter", "value": 1, "labels": {}} for name in names]
    spool.put(packed({"batch_id": str(uuid4()), "points": points}), len(points))
    spool.committed()


def sent(
    edge: Edge, folder: Folder, spool: Spool, field: str, use: Callable[[Sending], Awaitable[Any]] | None = None
) -> Any:
    """Send what waits, or do something else with its sender."""

    async def send(client: Client, enrolment: Enrolment) -> Any:
        sending = Sending(spool, client, enrolment, field=field)
        return await (use or Sending.drain)(sending)

    return talk(edge.url, folder, send)


def messages(edge: Edge) -> list[str]:
    return [line["message"] for line in edge.lines.values()]


def test_batches_are_sent_in_their_order(edge: Edge, folder: Folder, spool: Spool) -> None:
    put_lines(spool, "one", "two")
    put_lines(spool, "three")
    sent(edge, folder, spool, "logs")
    assert messages(edge) == ["one", "two", "three"]
    assert edge.calls["logs"] == 2
    assert len(spool) == 0


def test_it_sends_whenever_there_is_something_new(edge: Edge, folder: Folder, spool: Spool) -> None:
    async def use(sending: Sending) -> None:
        running = asyncio.create_task(sending.run())
        await sending.empty.wait()
        put_points(spool, "a")
        sending.look()
        await sending.empty.wait()
        assert sending.sent == 1
        running.cancel()

    sent(edge, folder, spool, "points", use)
    assert edge.total("a") == 1


def test_what_is_not_taken_waits_and_is_the_same_when_it_is(edge: Edge, folder: Folder, spool: Spool) -> None:
    put_points(spool, "a")
    edge.refuse("metrics", Said(503, {"message": "Busy"}))
    with pytest.raises(Away):
        sent(edge, folder, spool, "points")
    edge.refuse("metrics", Said(403, {"message": "edge:metrics is missing"}))
    with pytest.raises(Denied):
        sent(edge, folder, spool, "points")
    assert len(spool) == 1
    edge.refuse("metrics", None)
    sent(edge, folder, spool, "points")
    assert (edge.total("a"), edge.again, len(spool)) == (1, 0, 0)


def test_a_batch_whose_answer_was_lost_is_sent_again_and_counts_once(edge: Edge, folder: Folder, spool: Spool) -> None:
    put_points(spool, "a")

    def lose(body: Any) -> Said:
        edge.points[body["batch_id"]] = body["points"]
        return Said(500)

    edge.refuse("metrics", lose)
    with pytest.raises(Away):
        sent(edge, folder, spool, "points")
    edge.refuse("metrics", None)
    sent(edge, folder, spool, "points")
    assert (edge.total("a"), edge.again) == (1, 1)


@pytest.mark.parametrize("status", [400, 413, 422])
def test_one_bad_line_keeps_no_other_back(
    status: int, edge: Edge, folder: Folder, spool: Spool, caplog: pytest.LogCaptureFixture
) -> None:
    put_lines(spool, *(f"line {n}" for n in range(9)), "bad")
    put_lines(spool, "behind it")
    edge.refuse(
        "logs",
        lambda body: (
            Said(status, {"message": "Bad line"}) if any(line["message"] == "bad" for line in body["logs"]) else None
        ),
    )
    with caplog.at_level(logging.ERROR, "logserver.agent"):
        sent(edge, folder, spool, "logs")
    assert messages(edge) == [*(f"line {n}" for n in range(9)), "behind it"]
    assert (len(spool), spool.dropped) == (0, 1)
    assert caplog.messages == [
        f"the server refuses 1 logs, and they are dropped: it answers {status}: Bad line",
    ]


def test_halves_of_a_refused_batch_of_points_have_ids_that_stay(edge: Edge, folder: Folder, spool: Spool) -> None:
    put_points(spool, "a", "b", "bad", "c")

    def refuse(body: Any) -> Said | None:
        names = [point["name"] for point in body["points"]]
        return Said(400, {"message": "Bad"}) if "bad" in names else Said(500) if dying and "c" in names else None

    dying = True
    edge.refuse("metrics", refuse)
    with pytest.raises(Away):
        sent(edge, folder, spool, "points")
    dying = False
    sent(edge, folder, spool, "points")
    assert {name: edge.total(name) for name in ("a", "b", "bad", "c")} == {"a": 1, "b": 1, "bad": 0, "c": 1}
    assert edge.again == 1


def test_a_batch_that_is_garbage_is_dropped_when_it_is_refused(edge: Edge, folder: Folder, spool: Spool) -> None:
    spool.put(packed([1, 2, 3]), 3)
    spool.put(packed({"logs": []}), 1)
    spool.committed()
    edge.refuse("logs", Said(400, {"message": "What is this"}))
    sent(edge, folder, spool, "logs")
    assert (len(spool), spool.dropped) == (0, 1)


def test_an_agent_that_was_deleted_registers_again_and_sends(edge: Edge, folder: Folder, spool: Spool) -> None:
    put_points(spool, "a")

    async def use(sending: Sending) -> None:
        running = asyncio.create_task(sending.run())
        await sending.empty.wait()
        edge.agents.clear()
        put_points(spool, "b")
        sending.look()
        await sending.empty.wait()
        running.cancel()

    sent(edge, folder, spool, "points", use)
    assert (edge.total("a"), edge.total("b"), len(edge.agents)) == (1, 1, 1)


def test_what_of_a_batch_is_not_welcome_is_told(
    edge: Edge, folder: Folder, spool: Spool, caplog: pytest.LogCaptureFixture
) -> None:
    put_points(spool, "a", "b")
    edge.refuse("metrics", Said(202, {"accepted": 1, "rejected": 1}))
    with caplog.at_level(logging.WARNING, "logserver.agent"):
        sent(edge, folder, spool, "points")
    assert (caplog.messages, len(spool)) == (["the server took a batch but for 1 points"], 0)


def test_an_answer_that_cannot_be_read_is_still_one_of_success(edge: Edge, folder: Folder, spool: Spool) -> None:
    put_points(spool, "a")
    edge.refuse("metrics", Said(202))
    sent(edge, folder, spool, "points")
    assert len(spool) == 0


def test_a_batch_that_the_disk_does_not_give_waits(edge: Edge, folder: Folder, spool: Spool) -> None:
    put_points(spool, "a")
    [path] = (folder.path / "spool").iterdir()
    path.rename(folder.path / "aside")
    path.mkdir()
    with pytest.raises(Away, match="a batch cannot be read: Is a directory"):
        sent(edge, folder, spool, "points")
    path.rmdir()
    (folder.path / "aside").rename(path)
    sent(edge, folder, spool, "points")
    assert edge.total("a") == 1


def test_a_refusal_of_another_kind_is_waited_out(edge: Edge, folder: Folder, spool: Spool) -> None:
    put_points(spool, "a")
    edge.refuse("metrics", Said(409, {"message": "Conflict"}))
    with pytest.raises(Away, match="409: Conflict"):
        sent(edge, folder, spool, "points")
    assert len(spool) == 1
