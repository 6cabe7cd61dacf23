"""Whether agents are there: silence, errors and what brings them back, as states and as alerts."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from logserver.app import Application
from logserver.core import projects
from logserver.core.alerting import alerts
from logserver.core.alerting.alerts import Alert
from logserver.core.faults import Conflict, NotFound, Stale
from logserver.core.fleet import agents, presence, registration
from logserver.core.fleet.agents import Agent, Moment
from logserver.core.fleet.presence import Heartbeat, Presence
from logserver.core.projects import Project
from logserver.store.database import snapshot, transaction
from logserver.store.tx import Tx
from tests.contracts.logfleet.fleet import AGENTS, ask, beats, registered, shown, told
from tests.fakes import START_MS, FakeClock
from tests.receiver import Receiver
from tests.serving import Sender, Server, settings


@pytest.fixture
def key(server: Server, sender: Sender) -> str:
    return server.token(sender.project, "edge")


@pytest.fixture
def admin(server: Server) -> str:
    return server.person()


def rung(server: Server, project: Project) -> list[Alert]:
    """A project's alerts, the oldest first."""
    with snapshot(server.folder) as tx:
        return alerts.page(tx, project.number, limit=1_000)[0][::-1]


def summary(server: Server, project: Project) -> list[tuple[str, str, str]]:
    return [(alert.rule_name, alert.group_key, alert.status) for alert in rung(server, project)]


def status(server: Server, agent: dict[str, Any]) -> str:
    """What an agent is now, as any answer would say."""
    with snapshot(server.folder) as tx:
        return agents.read(tx, agent["id"], server.app.presence.moment()).status


def test_three_missed_heartbeats_make_an_agent_offline_and_ring(server: Server, sender: Sender, key: str) -> None:
    server.wait(60)
    agent = registered(server, key)
    beats(server, key, agent)
    server.wait(90)
    assert (status(server, agent), rung(server, sender.project)) == ("online", [])
    server.wait(0.001)
    assert status(server, agent) == "offline"
    (alert,) = rung(server, sender.project)
    assert (alert.rule_id, alert.severity, alert.status) == ("builtin_agent_offline", "high", "open")
    assert (alert.group_by, alert.group_key, alert.event_count, alert.event_ids) == ("agent", "web-1", 1, [])
    server.wait(600)
    assert len(rung(server, sender.project)) == 1


def test_a_heartbeat_brings_it_back_and_resolves_its_alert(server: Server, sender: Sender, key: str) -> None:
    agent = registered(server, key)
    for _ in range(2):
        beats(server, key, agent)
        server.wait(200)
        assert status(server, agent) == "offline"
        beats(server, key, agent)
        assert status(server, agent) == "online"
    assert summary(server, sender.project) == [("agent_offline", "web-1", "resolved")] * 2


def test_an_agent_that_keeps_beating_stays_online(server: Server, sender: Sender, key: str) -> None:
    agent = registered(server, key)
    for _ in range(20):
        beats(server, key, agent)
        server.wait(30)
    assert (status(server, agent), rung(server, sender.project)) == ("online", [])


def test_an_agent_that_never_beat_is_unknown_for_ever(server: Server, sender: Sender, key: str) -> None:
    agent = registered(server, key)
    server.wait(1_000)
    assert (status(server, agent), rung(server, sender.project)) == ("unknown", [])


def test_each_state_rings_and_is_resolved_by_the_next(server: Server, sender: Sender, key: str) -> None:
    agent = registered(server, key)
    said = []
    for sent in ("online", "error", "error", "offline", "offline", "error", "online", "offline", "online"):
        server.clock.turn(1)
        beats(server, key, agent, status=sent)
        said.append([(alert.rule_name.removeprefix("agent_"), alert.status) for alert in rung(server, sender.project)])
    error, offline = ("error", "resolved"), ("offline", "resolved")
    assert said[1] == said[2] == [("error", "open")]
    assert said[3] == said[4] == [error, ("offline", "open")]
    assert said[5] == [error, offline, ("error", "open")]
    assert said[6] == [error, offline, error]
    assert said[7] == [error, offline, error, ("offline", "open")]
    assert said[8] == [error, offline, error, offline]
    assert {alert.severity for alert in rung(server, sender.project) if alert.rule_name == "agent_error"} == {"medium"}


def test_an_agent_in_error_that_falls_silent_is_offline(server: Server, sender: Sender, key: str) -> None:
    agent = registered(server, key)
    beats(server, key, agent, status="error")
    server.wait(200)
    assert status(server, agent) == "offline"
    assert summary(server, sender.project) == [
        ("agent_error", "web-1", "resolved"),
        ("agent_offline", "web-1", "open"),
    ]


def test_one_that_said_goodbye_is_not_missed_again(server: Server, sender: Sender, key: str) -> None:
    agent = registered(server, key)
    beats(server, key, agent, status="offline")
    server.wait(200)
    assert summary(server, sender.project) == [("agent_offline", "web-1", "open")]


def test_a_rule_that_is_off_rings_for_nobody(server: Server, sender: Sender, key: str) -> None:
    agent = registered(server, key)
    master = server.token(sender.project, "master")
    told(ask(server, "PATCH", "/api/v1/alerts/rules/builtin_agent_offline", master, {"enabled": False}))
    beats(server, key, agent, status="offline")
    assert rung(server, sender.project) == []


def test_alerts_follow_an_agent_to_another_name_and_project(
    server: Server, sender: Sender, key: str, admin: str
) -> None:
    agent = registered(server, key)
    other = server.sender()
    beats(server, key, agent, status="offline")
    told(ask(server, "PATCH", f"{AGENTS}/{agent['id']}", admin, {"hostname": "x"}))
    assert len(rung(server, sender.project)) == 1
    told(ask(server, "PATCH", f"{AGENTS}/{agent['id']}", admin, {"name": "web-2"}))
    assert summary(server, sender.project) == [
        ("agent_offline", "web-1", "resolved"),
        ("agent_offline", "web-2", "open"),
    ]
    told(ask(server, "PATCH", f"{AGENTS}/{agent['id']}", admin, {"project_id": other.project.uuid}))
    assert summary(server, sender.project)[1] == ("agent_offline", "web-2", "resolved")
    assert summary(server, other.project) == [("agent_offline", "web-2", "open")]
    assert ask(server, "DELETE", f"{AGENTS}/{agent['id']}", admin).status_code == 204
    assert summary(server, other.project) == [("agent_offline", "web-2", "resolved")]


def test_a_webhook_is_told_of_it_and_of_its_return(clock: FakeClock, tmp_path: Path) -> None:
    app = Application(settings(tmp_path, allow_private_webhooks=True), clock)
    with Receiver() as receiver, TestClient(app) as client:
        server = Server(app, client, clock)
        sender = server.sender()
        key, master = server.token(sender.project, "edge"), server.token(sender.project, "master")
        told(ask(server, "POST", "/api/v1/alerts/webhooks", master, {"url": receiver.url}), 201)
        agent = registered(server, key)
        beats(server, key, agent)
        server.wait(200)
        beats(server, key, agent)
        server.run(app.dispatcher.one_pass, clock.now_ms())
        (listed,) = told(ask(server, "GET", "/api/v1/alerts", sender.token))["alerts"]
        assert (listed["rule_id"], listed["group_by"], listed["status"]) == (
            "builtin_agent_offline",
            "agent",
            "resolved",
        )
        received = [msgspec.json.decode(request.body) for request in receiver.wait_for(2)]
    assert {(each["type"], each["data"]["rule_name"], each["data"]["group_key"]) for each in received} == {
        ("alert.triggered", "agent_offline", "web-1"),
        ("alert.resolved", "agent_offline", "web-1"),
    }


def test_a_downtime_of_the_server_makes_nobody_silent(clock: FakeClock, tmp_path: Path) -> None:
    def started() -> TestClient:
        return TestClient(Application(settings(tmp_path), clock))

    with started() as client:
        server = Server(client.app, client, clock)  # type: ignore[arg-type]  # it is the one that was given
        sender = server.sender()
        key = server.token(sender.project, "edge")
        back, lost = registered(server, key, "back"), registered(server, key, "lost")
        for agent in (back, lost):
            beats(server, key, agent)
    clock.turn(86_400)
    with started() as client:
        server = Server(client.app, client, clock)  # type: ignore[arg-type]  # as above
        assert (status(server, back), status(server, lost)) == ("online", "online")
        server.wait(85)
        beats(server, key, back)
        assert (status(server, back), status(server, lost)) == ("online", "online")
        server.wait(10)
        assert (status(server, back), status(server, lost)) == ("online", "offline")
        assert summary(server, sender.project) == [("agent_offline", "lost", "open")]


@pytest.mark.parametrize("seconds", [31, 86_400, -40, -86_400])
def test_a_machine_that_slept_or_a_clock_that_was_set_makes_nobody_silent(
    server: Server, sender: Sender, key: str, seconds: int
) -> None:
    back, lost = registered(server, key, "back"), registered(server, key, "lost")
    server.wait(200)
    for agent in (back, lost):
        beats(server, key, agent)
    if seconds > 0:
        server.clock.turn(seconds)
    else:
        server.clock.set_back(-seconds)
    server.wait(60)
    beats(server, key, back)
    assert rung(server, sender.project) == []
    server.wait(85)
    assert (status(server, back), status(server, lost)) == ("online", "offline")
    assert summary(server, sender.project) == [("agent_offline", "lost", "open")]


def test_a_clock_set_back_a_little_makes_nobody_silent(server: Server, sender: Sender, key: str) -> None:
    agent = registered(server, key)
    server.wait(200)
    beats(server, key, agent)
    server.clock.set_back(3)
    server.wait(5)
    assert (status(server, agent), rung(server, sender.project)) == ("online", [])


def test_many_that_fall_silent_at_once_are_told_of_in_passes(tmp_path: Path) -> None:
    clock = FakeClock()
    watch = Presence(clock)
    with transaction(tmp_path) as tx:
        project = projects.create(tx, slug="shop", now_ms=START_MS)
        watch.miss_overdue(tx, clock.now_ms())
        for number in range(5):
            agent = agents.create(tx, name=str(number), project=project, now_ms=START_MS)
            presence.beat(tx, agent, Heartbeat(), START_MS)
        for _ in range(4):
            clock.turn(30)
            more = watch.miss_overdue(tx, clock.now_ms(), limit=2)
        assert more
        assert [watch.miss_overdue(tx, clock.now_ms(), limit=2) for _ in range(3)] == [True, False, False]
        assert len(alerts.page(tx, project.number, limit=100)[0]) == 5


def test_the_agents_of_a_project_go_on_in_its_list_when_it_is_archived(
    server: Server, sender: Sender, key: str, admin: str
) -> None:
    agent = registered(server, key)
    server.administer(projects.archive, sender.project.slug, server.clock.now_ms())
    assert ask(server, "POST", "/api/v1/edge/heartbeat", key, {"agent_id": agent["id"]}).status_code == 401
    assert shown(server, admin, agent)["project_id"] == sender.project.uuid


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tx]:
    """An open transaction that many examples share."""
    with transaction(tmp_path_factory.mktemp("store")) as opened:
        projects.create(opened, slug="shop", now_ms=0)
        yield opened


@hypothesis.settings(deadline=None)
@given(
    since=st.integers(0, 300_000),
    beat=st.integers(0, 400_000) | st.none(),
    until=st.integers(0, 400_000),
    sent=st.sampled_from(["online", "error", "offline"]),
)
def test_what_is_answered_is_what_the_job_would_find(
    lasting: Tx, since: int, beat: int | None, until: int, sent: Any
) -> None:
    """The status at a moment, the filter of the list and the pass of the job are one rule."""
    lasting.execute("SAVEPOINT example")
    try:
        watch, now = Presence(FakeClock(since)), max(until, since)
        agent = agents.create(lasting, name="a", project=projects.by_slug(lasting, "shop"), now_ms=0)
        if beat is not None:
            presence.beat(lasting, agent, Heartbeat(sent), beat)
        for at in range(since, now, 25_000):
            watch.miss_overdue(lasting, at)
        told = agents.read(lasting, agent.uuid, Moment(now, since)).status
        for each in agents.STATUSES:
            found, total = agents.page(lasting, Moment(now, since), offset=0, limit=9, status=each)
            assert [agent.uuid for agent in found] == [agent.uuid] * total == [agent.uuid] * (told == each)
        watch.miss_overdue(lasting, now)
        assert agents.read(lasting, agent.uuid).status == told
        assert (told == "unknown") == (beat is None)
    finally:
        lasting.execute("ROLLBACK TO example")


def an_agent(tx: Tx, project: Project, **values: Any) -> Agent:
    return agents.create(tx, name="web-1", project=project, now_ms=START_MS, **values)


def test_what_is_not_there_is_not_found(tx: Tx, project: Project) -> None:
    other = projects.create(tx, slug="other", now_ms=START_MS)
    agent = an_agent(tx, project)
    assert agents.acting(tx, agent.uuid, project) == agent
    assert agents.by_name(tx, "web-2") is None
    with pytest.raises(NotFound):
        agents.acting(tx, agent.uuid, other)
    with pytest.raises(NotFound):
        agents.read(tx, "web-1")
    with pytest.raises(NotFound):
        agents.configure(tx, "x", {}, 1, START_MS)


def test_names_are_given_once(tx: Tx, project: Project) -> None:
    agent = an_agent(tx, project)
    other = agents.create(tx, name="web-2", project=project, now_ms=START_MS)
    with pytest.raises(Conflict):
        an_agent(tx, project)
    with pytest.raises(Conflict):
        agents.change(tx, other, now_ms=START_MS, name="web-1")
    elsewhere = projects.create(tx, slug="other", now_ms=START_MS)
    with pytest.raises(Conflict):
        registration.register(tx, name="web-1", project=elsewhere, now_ms=START_MS)
    assert registration.register(tx, name="web-1", project=project, now_ms=START_MS + 1) == (agent, False)


def test_a_stale_configuration_says_which_is_current(tx: Tx, project: Project) -> None:
    agent = an_agent(tx, project, config={"a": 1})
    assert agents.configure(tx, agent.uuid, {"b": 2}, 1, START_MS).config_version == 2
    with pytest.raises(Stale) as stale:
        agents.configure(tx, agent.uuid, {}, 1, START_MS)
    assert stale.value.current == 2
    assert agents.read(tx, agent.uuid).config == {"b": 2}


def test_what_is_kept_of_an_agent_alone_goes_with_it(tx: Tx, project: Project) -> None:
    agent = an_agent(tx, project)
    tx.execute("INSERT INTO point_batches VALUES (?, x'00', 1, 0, 0)", (agent.number,))
    agents.delete(tx, agent)
    assert tx.execute("SELECT count(*) FROM point_batches").fetchone() == (0,)
