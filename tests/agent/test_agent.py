"""The whole agent in this process, on real files and a small real server."""

import asyncio
import logging
import os
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from logserver.agent.agent import Agent, Options
from logserver.agent.client import Address
from logserver.agent.enrolment import Self
from logserver.agent.folder import Folder, InUse
from logserver.core.clock import SystemClock
from tests.agent.edge import KEY, PATIENCE, Edge, Said
from tests.receiver import Receiver, hang

ORDERS = {"name": "orders", "type": "counter", "pattern": "order"}


class Home:
    """A folder with a log file and the state of an agent."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "app.log"

    def options(self, url: str, **values: Any) -> Options:
        given: dict[str, Any] = {
            "patterns": [str(self.log)],
            "metrics_seconds": 0.05,
            "heartbeat_seconds": 0.05,
            "poll_seconds": 0.05,
            **values,
        }
        own = Self("web-1", "host", {"role": "web"})
        return Options(address=Address.of(url), key=KEY, own=own, state=self.folder / "state", **given)

    def run(self, url: str, use: Callable[[], Awaitable[None]], **values: Any) -> None:
        """Run an agent, do something meanwhile, and stop it."""

        async def run() -> None:
            agent = Agent(self.options(url, **values), SystemClock())
            running = asyncio.create_task(agent.run())
            try:
                await use()
            finally:
                agent.stop()
                async with asyncio.timeout(PATIENCE):
                    await running

        asyncio.run(run())


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def write(home: Home, edge: Edge, total: int) -> Callable[[], Awaitable[None]]:
    """Wait for the rules, write 100 lines, and wait until so many are counted."""

    async def use() -> None:
        asked = edge.calls["metric-config"]
        assert await asyncio.to_thread(edge.until, lambda: edge.calls["metric-config"] > asked + 1)
        with home.log.open("a") as file:
            file.write("an order\n" * 100)
        assert await asyncio.to_thread(edge.until, lambda: edge.total("orders") == total)

    return use


def test_lines_are_counted_over_restarts(home: Home, edge: Edge) -> None:
    edge.rules(ORDERS)
    home.run(edge.url, write(home, edge, 100))
    with home.log.open("a") as file:
        file.write("an order\n" * 50)
    home.run(edge.url, write(home, edge, 250))
    assert edge.total("orders") == 250
    assert len(edge.agents) == 1
    assert edge.heartbeats[-1]["metrics"].keys() >= {"cpu", "memory", "disk", "lines_read", "lines_dropped"}
    assert edge.lines == {}


def test_shipped_lines_arrive_once(home: Home, edge: Edge) -> None:
    edge.rules(ORDERS)
    home.run(edge.url, write(home, edge, 100), ship=True)
    assert [line["message"] for line in edge.lines.values()] == ["an order"] * 100
    assert edge.again == 0


@pytest.mark.parametrize(
    ("reached", "ship", "said"),
    [
        (True, True, ""),
        (True, False, ""),
        (False, True, "1 batches of the input were not taken; they wait in"),
        (False, False, "nothing of the input was counted"),
    ],
)
def test_an_input_that_was_not_taken_is_told(home: Home, edge: Edge, *, reached: bool, ship: bool, said: str) -> None:
    edge.rules(ORDERS, log_source="stdin")
    url = edge.url if reached else "http://127.0.0.1:1"
    options = home.options(url, patterns=[], ship=ship, patience_seconds=PATIENCE if reached else 0.1)
    read, written = os.pipe()
    os.write(written, b"an order\n")
    os.close(written)

    async def run() -> str:
        return await Agent(options, SystemClock(), stdin=stdin).run()

    with os.fdopen(read, "rb", buffering=0) as stdin:
        told = asyncio.run(run())
    assert told.startswith(said)
    assert bool(told) is not reached
    assert len(edge.lines) == (reached and ship)


def test_what_is_held_is_sent_when_it_stops(home: Home, edge: Edge) -> None:
    edge.rules(ORDERS)

    async def use() -> None:
        assert await asyncio.to_thread(edge.until, lambda: edge.calls["metric-config"] > 1)
        home.log.write_text("an order\n" * 10)
        await asyncio.to_thread(
            edge.until, lambda: any(each["metrics"]["lines_read"] == 10 for each in edge.heartbeats)
        )
        assert edge.points == {}

    home.run(edge.url, use, metrics_seconds=3_600.0, ship=True)
    assert edge.total("orders") == 10
    assert len(edge.lines) == 10


def test_what_cannot_be_sent_waits_for_the_next_start(home: Home, edge: Edge, caplog: pytest.LogCaptureFixture) -> None:
    edge.rules(ORDERS)
    edge.refuse("metrics", Said(503, {"message": "Busy"}))

    async def use() -> None:
        assert await asyncio.to_thread(edge.until, lambda: edge.calls["metric-config"] > 1)
        home.log.write_text("an order\n" * 10)
        assert await asyncio.to_thread(edge.until, lambda: edge.calls["metrics"] > 0)

    with caplog.at_level(logging.WARNING, "logserver.agent"):
        home.run(edge.url, use)
    assert "wait in" in caplog.text
    edge.refuse("metrics", None)
    home.run(edge.url, write(home, edge, 110))


def test_standard_input_ends_the_agent_once_it_is_sent(home: Home, edge: Edge) -> None:
    edge.rules(ORDERS)
    reading, writing = os.pipe()
    with open(reading, "rb") as stdin, open(writing, "wb") as out:  # noqa: PTH123 - descriptors have no path

        async def run() -> None:
            agent = Agent(home.options(edge.url, patterns=[]), SystemClock(), stdin=stdin)
            out.write(b"an order\n" * 10)
            out.close()
            async with asyncio.timeout(PATIENCE):
                await agent.run()

        asyncio.run(run())
    assert edge.total("orders") == 10


def test_an_agent_stops_though_its_server_never_answers(home: Home) -> None:
    with Receiver(hang) as server:

        async def use() -> None:
            await asyncio.to_thread(server.wait_for, 1)

        home.run(server.url, use)
        server.over.set()


def test_a_state_in_use_is_refused(home: Home) -> None:
    folder = Folder(home.folder / "state", SystemClock())
    folder.claim()
    with pytest.raises(InUse):
        Agent(home.options("http://127.0.0.1:1"), SystemClock())
    folder.close()


def test_a_checkpoint_that_is_garbage_is_put_aside(home: Home, edge: Edge, caplog: pytest.LogCaptureFixture) -> None:
    edge.rules(ORDERS)
    home.run(edge.url, write(home, edge, 100))
    (home.folder / "state" / "checkpoint.json").write_bytes(b"\x00" * 100)
    with caplog.at_level(logging.ERROR, "logserver.agent"):
        home.run(edge.url, write(home, edge, 200))
    assert "checkpoint.json cannot be read" in caplog.text


class Failing(SystemClock):
    """A clock that the thread which reads cannot ask any more."""

    def monotonic(self) -> float:
        if threading.current_thread().name == "reading":
            raise RuntimeError("the clock stands still")
        return super().monotonic()


def test_an_agent_that_cannot_go_on_reading_ends(home: Home, edge: Edge) -> None:
    async def run() -> None:
        async with asyncio.timeout(PATIENCE):
            await Agent(home.options(edge.url), Failing()).run()

    with pytest.raises(RuntimeError, match="stands still"):
        asyncio.run(run())


def test_what_waits_for_a_server_that_is_away_is_tried_once_more_at_the_end(home: Home, edge: Edge) -> None:
    edge.rules(ORDERS)
    edge.refuse("metrics", Said(500, {"message": "Broken"}))

    async def use() -> None:
        assert await asyncio.to_thread(edge.until, lambda: edge.calls["metric-config"] > 1)
        home.log.write_text("an order\n" * 10)
        assert await asyncio.to_thread(edge.until, lambda: edge.calls["metrics"] > 1)
        edge.refuse("metrics", None)

    home.run(edge.url, use)
    assert edge.total("orders") == 10


def test_rules_that_cannot_be_kept_on_disk_count_all_the_same(
    home: Home, edge: Edge, caplog: pytest.LogCaptureFixture
) -> None:
    edge.rules(ORDERS)
    (home.folder / "state" / "rules.json.new").mkdir(parents=True)
    with caplog.at_level(logging.ERROR, "logserver.agent"):
        home.run(edge.url, write(home, edge, 100))
    assert "the metric rules cannot be kept on disk" in caplog.text
