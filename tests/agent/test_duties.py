import asyncio
import json
import logging
from typing import Any

import pytest

from logserver.agent.client import Away, Client
from logserver.agent.duties import Heartbeats, Rules
from logserver.agent.enrolment import Enrolment
from logserver.agent.folder import Folder
from logserver.core.metrics.extraction import RuleSet
from tests.agent.edge import Edge, Said
from tests.agent.talking import talk

ORDERS = {"name": "orders", "type": "counter", "pattern": "order"}


class Asking:
    """The rules of an agent: each use of them is noted by what they find in a line."""

    def __init__(self, edge: Edge, folder: Folder) -> None:
        self.used: list[list[str]] = []
        self._edge = edge
        self._folder = folder

    def use(self, rules: RuleSet) -> None:
        extractor = rules.of("/var/log/x")
        self.used.append([found.rule.name for found in extractor.matches(b"an order")] if extractor else [])

    def poll(self, times: int = 1, *, begin: bool = False) -> None:
        async def use(client: Client, enrolment: Enrolment) -> None:
            rules = Rules(client, enrolment, self._folder, 60, self.use)
            if begin:
                rules.begin()
            for _ in range(times):
                await rules.poll()

        talk(self._edge.url, self._folder, use)


@pytest.fixture
def asking(edge: Edge, folder: Folder) -> Asking:
    return Asking(edge, folder)


def test_rules_are_used_once_as_long_as_they_stay(asking: Asking, edge: Edge) -> None:
    edge.rules(ORDERS)
    asking.poll(3)
    assert asking.used == [["orders"]]
    assert edge.calls["metric-config"] == 3


def test_what_was_known_is_used_at_the_next_start(asking: Asking, edge: Edge) -> None:
    edge.rules(ORDERS)
    asking.poll()
    asking.poll(begin=True)
    assert asking.used == [["orders"], ["orders"]]
    edge.rules()
    asking.poll(begin=True)
    assert asking.used[2:] == [["orders"], []]


def test_rules_of_another_server_are_not_used(asking: Asking, edge: Edge, folder: Folder) -> None:
    edge.rules(ORDERS)
    asking.poll()
    with Edge() as other:
        at_other = Asking(other, folder)
        at_other.poll(begin=True)
    assert at_other.used == [[]]


@pytest.mark.parametrize("body", [[], {"configs": 7}, {"configs": [{"name": "x"}]}])
def test_rules_that_cannot_be_read_leave_those_from_before(
    body: Any, asking: Asking, edge: Edge, caplog: pytest.LogCaptureFixture
) -> None:
    edge.rules(ORDERS)
    asking.poll()
    edge.refuse("metric-config", Said(200, body))
    with caplog.at_level(logging.ERROR, "logserver.agent"), pytest.raises(Away, match="from before stay"):
        asking.poll()
    assert "the metric rules cannot be read" in caplog.text
    asking.used.clear()
    edge.refuse("metric-config", None)
    asking.poll(begin=True)
    assert asking.used == [["orders"]]


def test_a_rule_that_cannot_be_used_here_is_told_and_keeps_no_other_back(
    asking: Asking, edge: Edge, caplog: pytest.LogCaptureFixture
) -> None:
    edge.rules(ORDERS | {"name": "odd", "pattern": "("}, ORDERS)
    with caplog.at_level(logging.ERROR, "logserver.agent"):
        asking.poll()
    assert asking.used == [["orders"]]
    assert "the metric rule odd cannot be used here" in caplog.text


def test_rules_hold_though_they_cannot_be_kept(
    asking: Asking, edge: Edge, folder: Folder, caplog: pytest.LogCaptureFixture
) -> None:
    edge.rules(ORDERS)
    (folder.path / "rules.json").mkdir()
    with caplog.at_level(logging.ERROR, "logserver.agent"):
        asking.poll()
    assert asking.used == [["orders"]]
    assert "the metric rules cannot be kept on disk" in caplog.text


@pytest.mark.parametrize("status", [400, 404])
def test_rules_that_are_refused_are_asked_for_again(status: int, asking: Asking, edge: Edge) -> None:
    edge.refuse("metric-config", Said(status, {"message": "No"}))
    with pytest.raises(Away):
        asking.poll()


class Beating:
    """The heartbeats of an agent."""

    def __init__(self, edge: Edge, folder: Folder) -> None:
        self.trouble = ""
        self.streams: list[Any] = []
        self._edge = edge
        self._folder = folder

    def beat(self) -> None:
        async def use(client: Client, enrolment: Enrolment) -> None:
            heartbeats = Heartbeats(
                client,
                enrolment,
                30,
                figures=lambda: {"cpu": 12.5},
                trouble=lambda: self.trouble,
                on_streams=self.streams.append,
            )
            await heartbeats.beat()

        talk(self._edge.url, self._folder, use)


@pytest.fixture
def beating(edge: Edge, folder: Folder) -> Beating:
    return Beating(edge, folder)


def test_a_heartbeat_says_how_the_agent_is(beating: Beating, edge: Edge) -> None:
    edge.streams = [{"session_id": "s1", "filter": {}}]
    beating.beat()
    beating.trouble = "the disk is full"
    beating.beat()
    assert [(each["status"], each["metrics"]) for each in edge.heartbeats] == [
        ("online", {"cpu": 12.5}),
        ("error", {"cpu": 12.5}),
    ]
    assert {each["agent_id"] for each in edge.heartbeats} == set(edge.agents.values())
    assert beating.streams == [edge.streams] * 2


@pytest.mark.parametrize("said", [Said(400, {"message": "No"}), Said(404, {}), Said(200, []), Said(200)])
def test_a_heartbeat_that_is_not_acknowledged_is_sent_again(said: Said, beating: Beating, edge: Edge) -> None:
    edge.refuse("heartbeat", said)
    with pytest.raises(Away):
        beating.beat()


def test_heartbeats_and_questions_go_on(edge: Edge, folder: Folder) -> None:
    async def use(client: Client, enrolment: Enrolment) -> None:
        heartbeats = Heartbeats(client, enrolment, 0.01, figures=dict, trouble=lambda: "", on_streams=lambda _: None)
        rules = Rules(client, enrolment, folder, 0.01, lambda _: None)
        tasks = [asyncio.create_task(heartbeats.run()), asyncio.create_task(rules.run())]
        assert await asyncio.to_thread(
            edge.until, lambda: edge.calls["heartbeat"] >= 3 and edge.calls["metric-config"] >= 3
        )
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)

    talk(edge.url, folder, use)
    assert json.loads((folder.path / "rules.json").read_bytes())["etag"] == '"1"'
