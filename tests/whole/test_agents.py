"""Agents and their server as processes: nothing is counted twice and nothing lost, whatever happens to either."""

import json
import shutil
import signal
import subprocess
from collections import Counter
from contextlib import ExitStack, suppress
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.whole.agents import Agent, following, until
from tests.whole.fleet import Counted, Fleet
from tests.whole.process import PATIENCE, Server, serving
from tests.whole.shell import found

ORDERS = {"name": "orders", "type": "counter", "pattern": "order"}
REFUNDS = {"name": "refunds", "type": "counter", "pattern": "refund"}
AGENTS = ("web-1", "web-2", "web-3")


class Written:
    """What was written to the logs of agents, and so what has to be counted."""

    def __init__(self) -> None:
        self.messages: list[str] = []
        self.totals: Counted = {}
        self._lines: Counter[str] = Counter()

    def write(self, agent: Agent, n: int, *words: str) -> None:
        """Append so many lines with each of some words."""
        for word in words:
            lines = [f"{agent.name} line {len(self.messages) + at} of an {word}" for at in range(n)]
            agent.write(*lines)
            self.messages += lines
            self._lines[agent.name] += n
            key = (f"{word}s", agent.name)
            self.totals[key] = self.totals.get(key, 0) + n

    def lines(self, agent: Agent) -> int:
        """How many the agent has to read."""
        return self._lines[agent.name]


def settled(fleet: Fleet, written: Written) -> None:
    """Wait until all is counted; more than was written never is."""
    until(lambda: fleet.counted() == written.totals, lambda: (fleet.counted(), written.totals))


def test_rules_change_servers_and_agents_die_and_logs_rotate(tmp_path: Path) -> None:
    data = tmp_path / "data"
    written = Written()
    with ExitStack() as running:
        with serving(data) as server:
            fleet = Fleet(data)
            made = fleet.make_rules(server, ORDERS)
            agents = [
                running.enter_context(following(tmp_path / name, server.base_url, fleet.edge_key, "--ship"))
                for name in AGENTS
            ]
            first, second, third = agents
            until(lambda: all(agent.heard_of_rules() == 1 for agent in agents))
            for agent in agents:
                written.write(agent, 300, "order")
            settled(fleet, written)

            fleet.change_rules(server, made, ORDERS, REFUNDS)
            until(lambda: all(agent.heard_of_rules() == 2 for agent in agents))
            for agent in agents:
                written.write(agent, 200, "order", "refund")
            settled(fleet, written)

            for agent in agents:
                written.write(agent, 100, "order")
            server.kill()

        written.write(first, 50, "order")
        first.path.rename(first.path.with_suffix(".log.1"))
        written.write(first, 60, "refund")

        written.write(second, 70, "order")
        until(lambda: second.read() == written.lines(second))
        shutil.copy(second.path, second.path.with_suffix(".log.1"))
        second.path.open("w").close()
        written.write(second, 10, "refund")

        written.write(third, 5_000, "order", "refund")
        third.kill()
        third.path.rename(third.path.with_suffix(".log.1"))
        written.write(third, 80, "order")
        third.start()
        until(lambda: all(agent.read() == written.lines(agent) for agent in agents))

        with serving(data, "--port", str(server.port)) as again:
            settled(fleet, written)
            third.kill()
            written.write(third, 30, "order")
            third.start()
            settled(fleet, written)
            until(lambda: len(found(data)) >= len(written.messages))
            assert fleet.scraped(again) == written.totals
            assert [agent.stop() for agent in agents] == [0, 0, 0]
            assert fleet.counted() == written.totals
    assert sorted(event.message for event in found(data)) == sorted(written.messages)
    assert max(agent.peak_mb for agent in agents) < 80


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_agent_that_is_told_to_stop_sends_what_it_holds(number: signal.Signals, tmp_path: Path) -> None:
    data, written = tmp_path / "data", Written()
    with serving(data) as server:
        fleet = Fleet(data)
        fleet.make_rules(server, ORDERS)
        long = ("--metrics-interval", "3600", "--ship")
        with following(tmp_path / "web-1", server.base_url, fleet.edge_key, *long) as agent:
            until(lambda: agent.heard_of_rules() == 1)
            written.write(agent, 100, "order")
            until(lambda: agent.read() == 100)
            assert agent.stop(number) == 0
        assert fleet.counted() == written.totals
    assert len(found(data)) == 100


def test_what_comes_on_standard_input_is_sent_at_its_end(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with serving(data) as server:
        fleet = Fleet(data)
        fleet.make_rules(server, ORDERS | {"name": "of_stdin"}, ORDERS)
        agent = Agent(tmp_path / "job", server.base_url, fleet.edge_key, "--ship", "-", stdin=subprocess.PIPE)
        try:
            assert agent.process.stdin is not None
            agent.process.stdin.write(b"an order\n" * 2_500)
            agent.process.stdin.close()
            assert agent.process.wait(timeout=60) == 0, agent.log()
        finally:
            agent.kill()
            agent.release()
        assert fleet.counted() == {("orders", "job"): 2_500, ("of_stdin", "job"): 2_500}
    assert len(found(data, "an order")) == 2_500
    assert {event.context["source"] for event in found(data)} == {"stdin"}


def test_a_server_that_is_away_at_the_start_is_no_error(tmp_path: Path) -> None:
    data, written = tmp_path / "data", Written()
    with serving(data) as server:
        fleet = Fleet(data)
        fleet.make_rules(server, ORDERS)
        with following(tmp_path / "web-1", server.base_url, fleet.edge_key) as agent:
            until(lambda: agent.heard_of_rules() == 1)
            assert agent.stop() == 0
            server.kill()
            agent.start()
            until(lambda: agent.heard_of_rules() == 2)
            written.write(agent, 100, "order")
            until(lambda: agent.read() == 100)
            assert agent.stop() == 0
            agent.start()
            with serving(data, "--port", str(server.port)):
                settled(fleet, written)


def test_an_agent_with_a_wrong_key_says_so_and_stays(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with serving(data) as server, following(tmp_path / "web-1", server.base_url, "lf_prod_wrong") as agent:
        until(lambda: "the key is refused with 401" in agent.log())
        assert agent.process.poll() is None
        assert "lf_prod_wrong" not in agent.log()


def test_a_second_agent_on_the_state_of_another_is_refused(tmp_path: Path) -> None:
    with following(tmp_path / "web-1", "http://127.0.0.1:1", "lf_prod_any") as agent:
        until(lambda: (agent.folder / "state" / "agent.lock").exists() and "follows" in agent.log())
        other = Agent(agent.folder, agent.url, "lf_prod_any", "-", stdin=subprocess.DEVNULL)
        assert other.process.wait(timeout=60) == 1
        assert "another agent keeps its state in" in other.log()
        other.release()


def watched(fleet: Fleet, server: Server, agent: Agent, asked: dict[str, Any], *lines: str) -> list[Any]:
    """What a new watcher is told from then on, up to the end of its session: some lines are written, then it stops."""
    listed = fleet.ask(server, "GET", "/api/v1/agents")["items"]
    started = fleet.ask(server, "POST", "/api/v1/stream/start", {"agent_id": listed[0]["id"], **asked})
    with connect(f"{started['websocket_url']}?token={fleet.person}", open_timeout=PATIENCE) as socket:
        told: list[Any] = []
        # Whether the agent has been told by now is not to be seen from here; so it is given something to show.
        deadline = monotonic() + PATIENCE
        while not told:
            assert monotonic() < deadline, agent.log()
            agent.write('{"level": "error", "msg": "is anybody there"}')
            with suppress(TimeoutError):
                told.append(json.loads(socket.recv(timeout=0.5)))
        agent.write(*lines)
        while told[-1].get("message") != lines[-1]:
            told.append(json.loads(socket.recv(timeout=PATIENCE)))
        fleet.ask(server, "POST", f"/api/v1/stream/{started['session_id']}/stop")
        with suppress(ConnectionClosed):
            while True:
                told.append(json.loads(socket.recv(timeout=PATIENCE)))
    return told


def test_lines_are_shown_live_to_those_who_watch(tmp_path: Path) -> None:
    data = tmp_path / "data"
    lines = ("a refund", '{"level": "ERROR", "msg": "no stock", "sku": 7}', "error: last")
    with ExitStack() as running:
        with serving(data) as server:
            fleet = Fleet(data)
            agent = running.enter_context(following(tmp_path / "web-1", server.base_url, fleet.edge_key))
            until(lambda: agent.heard_of_rules() == 1)
            told = watched(fleet, server, agent, {"filter_query": '|~ "(?i)error"'}, *lines)
            said = [each["message"] for each in told if each["type"] == "log" and "anybody" not in each["message"]]
            assert said == ["no stock", "error: last"]
            [shown] = [each for each in told if each.get("message") == "no stock"]
            assert (shown["level"], shown["source"], shown["metadata"]) == ("error", str(agent.path), {"sku": 7})
            assert (told[-1]["type"], told[-1]["event"]) == ("control", "session_ended")
            server.kill()
        with serving(data, "--port", str(server.port)) as again:
            until(lambda: "is there again" in agent.log())
            told = watched(fleet, again, agent, {"filters": {"level": ["error"]}}, *lines)
            assert [each["message"] for each in told if each.get("message") in {"no stock", "a refund"}] == ["no stock"]
    assert found(data) == []
