"""What agents say of themselves: registering, and heartbeats on both paths."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from httpx2 import Response

from tests.contracts.logfleet.fleet import (
    AGENTS,
    HEARTBEAT,
    NOBODY,
    REGISTER,
    ask,
    beats,
    edge_key,
    is_uuid4,
    refused,
    registered,
    shown,
    told,
    wrong,
)
from tests.serving import Sender, Server

START = "2026-09-21T14:13:30.250Z"
LATER = "2026-09-21T14:13:31.250Z"
Beat = Callable[..., Response]


@pytest.fixture
def admin(server: Server) -> str:
    return server.person()


@pytest.fixture
def key(server: Server, sender: Sender) -> str:
    return server.token(sender.project, "edge")


@pytest.fixture(params=["body", "path"])
def beat(request: pytest.FixtureRequest, server: Server) -> Beat:
    """Sends a heartbeat on one of the two paths."""

    def by_body(token: str | None, agent_id: str, **fields: Any) -> Response:
        return ask(server, "POST", HEARTBEAT, token, {"agent_id": agent_id, **fields})

    def by_path(token: str | None, agent_id: str, **fields: Any) -> Response:
        return ask(server, "POST", f"/api/v1/edge/agents/{agent_id}/heartbeat", token, fields)

    return by_body if request.param == "body" else by_path


def test_an_agent_becomes_known_by_its_name(server: Server, admin: str, sender: Sender, key: str) -> None:
    agent = registered(server, key, hostname="web-1.example.com", version="1.0.0", labels={"role": "web"})
    assert is_uuid4(agent["id"])
    assert agent == {
        "id": agent["id"],
        "name": "web-1",
        "hostname": "web-1.example.com",
        "version": "1.0.0",
        "status": "unknown",
        "labels": {"role": "web"},
        "last_heartbeat_at": None,
        "metrics": {},
        "project_id": sender.project.uuid,
        "config": {},
        "config_version": 1,
        "created_at": START,
        "updated_at": START,
    }
    assert shown(server, admin, agent) == agent


def test_the_same_name_is_the_same_agent_as_it_now_says(server: Server, key: str) -> None:
    agent = registered(server, key, hostname="old", version="1", labels={"a": "1", "b": "2"})
    server.clock.turn(1)
    assert told(ask(server, "POST", REGISTER, key, {"name": " web-1 "})) == agent
    assert told(ask(server, "POST", REGISTER, key, {"name": "web-1", "hostname": "old", "labels": None})) == agent
    said = {"hostname": "new", "version": "2", "labels": {"b": "3"}}
    now = told(ask(server, "POST", REGISTER, key, {"name": "web-1", **said}))
    assert now == agent | said | {"updated_at": LATER}
    assert server.count("agents") == 1


def test_registering_again_does_not_change_how_an_agent_is(server: Server, key: str) -> None:
    agent = registered(server, key)
    beats(server, key, agent, status="error", metrics={"cpu": 1})
    again = told(ask(server, "POST", REGISTER, key, {"name": "web-1"}))
    assert (again["status"], again["metrics"], again["last_heartbeat_at"]) == ("error", {"cpu": 1}, START)


def test_an_agent_made_ready_before_is_taken(server: Server, admin: str, sender: Sender, key: str) -> None:
    wanted = {"name": "web-1", "project_id": sender.project.slug, "config": {"rack": 7}}
    ready = told(ask(server, "POST", AGENTS, admin, wanted), 201)
    agent = told(ask(server, "POST", REGISTER, key, {"name": "web-1"}))
    assert (agent["id"], agent["config"]) == (ready["id"], {"rack": 7})


def test_an_agent_of_another_project_is_not_taken_over(server: Server, admin: str, key: str) -> None:
    agent = registered(server, key, hostname="mine")
    other = server.sender()
    for stranger in (server.token(other.project, "edge"), edge_key(server, other.project, "edge:register")):
        message = refused(ask(server, "POST", REGISTER, stranger, {"name": "web-1", "hostname": "x"}), 409, "conflict")
        assert agent["id"] not in message
    assert shown(server, admin, agent) == agent


def test_every_key_of_the_project_acts_for_its_agents(server: Server, sender: Sender, key: str, beat: Beat) -> None:
    agent = registered(server, key)
    assert beat(edge_key(server, sender.project, "edge:heartbeat"), agent["id"]).status_code == 200
    assert beat(server.token(server.sender().project, "edge"), agent["id"]).status_code == 404


def test_an_agent_that_was_moved_is_its_new_projects(server: Server, admin: str, key: str, beat: Beat) -> None:
    agent = registered(server, key)
    other = server.sender()
    told(ask(server, "PATCH", f"{AGENTS}/{agent['id']}", admin, {"project_id": other.project.uuid}))
    refused(beat(key, agent["id"]), 404, "not_found")
    assert beat(server.token(other.project, "edge"), agent["id"]).status_code == 200
    refused(ask(server, "POST", REGISTER, key, {"name": "web-1"}), 409, "conflict")


DESCRIBED = [
    ({"version": 1}, "version"),
    ({"version": "v" * 101}, "version"),
    ({"version": "a\tb"}, "version"),
]


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        *DESCRIBED,
        ({"name": None}, "name"),
        ({"name": ""}, "name"),
        ({"name": "n" * 201}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"name": {}}, "name"),
        ({"hostname": 1}, "hostname"),
        ({"labels": []}, "labels"),
        ({"labels": {"role": True}}, "labels.role"),
    ],
)
def test_what_is_no_registration_is_refused(server: Server, key: str, fields: dict[str, Any], named: str) -> None:
    assert list(wrong(ask(server, "POST", REGISTER, key, {"name": "web-1", **fields}))) == [named]
    assert server.count("agents") == 0


def test_a_heartbeat_is_acknowledged_and_noted(server: Server, admin: str, key: str, beat: Beat) -> None:
    agent = registered(server, key)
    server.clock.turn(1)
    metrics = {"cpu": 12.5, "memory": 48, "disk": 71.25, "load": -1}
    said = {"status": "online", "version": "1.1", "metrics": metrics}
    assert told(beat(key, agent["id"], **said)) == {
        "status": "acknowledged",
        "server_time": LATER,
        "config_version": 1,
        "streams": [],
    }
    assert shown(server, admin, agent) == agent | said | {"last_heartbeat_at": LATER}


def test_what_a_heartbeat_does_not_say_stays(server: Server, admin: str, key: str, beat: Beat) -> None:
    agent = registered(server, key, version="1")
    told(beat(key, agent["id"], version="2", metrics={"cpu": 1, "disk": 2}, status="error"))
    assert shown(server, admin, agent)["status"] == "error"
    told(beat(key, agent["id"], version=None, metrics=None, status=None))
    now = shown(server, admin, agent)
    assert (now["version"], now["metrics"], now["status"]) == ("2", {"cpu": 1, "disk": 2}, "online")
    told(beat(key, agent["id"], metrics={"memory": 3}))
    assert shown(server, admin, agent)["metrics"] == {"memory": 3}


@pytest.mark.parametrize("status", ["online", "offline", "error"])
def test_the_status_is_kept_as_it_was_sent(server: Server, admin: str, key: str, beat: Beat, status: str) -> None:
    agent = registered(server, key)
    told(beat(key, agent["id"], status=status))
    assert shown(server, admin, agent)["status"] == status


def test_it_tells_of_another_configuration(server: Server, admin: str, key: str, beat: Beat) -> None:
    agent = registered(server, key)
    wanted = {"config": {"a": 1}, "version": 1}
    told(ask(server, "PUT", f"{AGENTS}/{agent['id']}/config", admin, wanted))
    assert told(beat(key, agent["id"]))["config_version"] == 2


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        *DESCRIBED,
        ({"status": "unknown"}, "status"),
        ({"status": "ONLINE"}, "status"),
        ({"status": 1}, "status"),
        ({"metrics": []}, "metrics"),
        ({"metrics": {"cpu": "12"}}, "metrics.cpu"),
        ({"metrics": {"cpu": None}}, "metrics.cpu"),
        ({"metrics": {"cpu": True}}, "metrics.cpu"),
        ({"metrics": {"cpu": {"user": 1}}}, "metrics.cpu"),
        ({"metrics": {"cpu": 10**19}}, "metrics.cpu"),
        ({"metrics": {"cpu": 10**400}}, "metrics.cpu"),
        ({"metrics": {"cpu": -1e300}}, "metrics.cpu"),
        ({"metrics": {"": 1}}, "metrics"),
        ({"metrics": {"a\n": 1}}, "metrics"),
        ({"metrics": {"m" * 65: 1}}, "metrics"),
        ({"metrics": {str(n): n for n in range(33)}}, "metrics"),
    ],
)
def test_what_is_no_heartbeat_is_refused(
    server: Server, key: str, beat: Beat, fields: dict[str, Any], named: str
) -> None:
    agent = registered(server, key)
    assert list(wrong(beat(key, agent["id"], **fields))) == [named]
    assert told(ask(server, "POST", REGISTER, key, {"name": "web-1"})) == agent


def test_an_agent_must_be_named_and_one_that_is_there(server: Server, key: str) -> None:
    agent = registered(server, key)
    for agent_id in (None, "", 1, ["x"], "x" * 101):
        assert list(wrong(ask(server, "POST", HEARTBEAT, key, {"agent_id": agent_id}))) == ["agent_id"]
    for agent_id in (NOBODY, "x", "web-1"):
        refused(ask(server, "POST", HEARTBEAT, key, {"agent_id": agent_id}), 404, "not_found")
        refused(ask(server, "POST", f"/api/v1/edge/agents/{agent_id}/heartbeat", key, {}), 404, "not_found")
    path = f"/api/v1/edge/agents/{agent['id']}/heartbeat"
    assert list(wrong(ask(server, "POST", path, key, {"agent_id": NOBODY}))) == ["agent_id"]
    assert ask(server, "POST", path, key, {"agent_id": agent["id"].upper()}).status_code == 200


def test_each_needs_its_permission(server: Server, sender: Sender, key: str, beat: Beat) -> None:
    agent = registered(server, key)
    others = ("edge:metrics", "edge:stream")
    message = refused(beat(edge_key(server, sender.project, "edge:register", *others), agent["id"]), 403, "forbidden")
    assert message == "the key lacks the permission edge:heartbeat"
    weak = edge_key(server, sender.project, "edge:heartbeat", *others)
    message = refused(ask(server, "POST", REGISTER, weak, {"name": "x"}), 403, "forbidden")
    assert message == "the key lacks the permission edge:register"


@pytest.mark.parametrize("kind", [None, "project", "master", "read", "person"])
def test_nobody_else_is_let_in(server: Server, sender: Sender, key: str, beat: Beat, kind: str | None) -> None:
    agent = registered(server, key)
    token = server.person() if kind == "person" else server.token(sender.project, kind) if kind else None
    wanted = (403, "forbidden") if kind else (401, "unauthorized")
    refused(ask(server, "POST", REGISTER, token, {"name": "x"}), *wanted)
    refused(beat(token, agent["id"]), *wanted)


@pytest.mark.parametrize("path", [REGISTER, HEARTBEAT, f"/api/v1/edge/agents/{NOBODY}/heartbeat"])
@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"metrics": {"cpu": 1e999}}', b"\xff\xfe"])
def test_what_is_no_object_is_refused(server: Server, key: str, path: str, body: bytes) -> None:
    answer = server.post(path, body, key)
    assert answer.status_code == 400
    assert answer.json()["error"] in {"invalid_json", "validation_error"}


@pytest.mark.parametrize("path", [REGISTER, HEARTBEAT, f"/api/v1/edge/agents/{NOBODY}/heartbeat"])
def test_a_body_that_is_too_large_is_refused(server: Server, key: str, path: str) -> None:
    refused(server.post(path, b" " * 65_537, key), 413, "payload_too_large")


def test_a_key_has_a_thousand_requests_a_minute(server: Server, sender: Sender, key: str) -> None:
    agent = registered(server, key)
    body = msgspec.json.encode({"agent_id": agent["id"]})
    for left in (998, 997):
        assert server.post(HEARTBEAT, body, key).headers["x-ratelimit-remaining"] == str(left)
    for _ in range(997):
        server.post(f"/api/v1/edge/agents/{NOBODY}/heartbeat", b"{}", key)
    answer = server.post(HEARTBEAT, body, key)
    refused(answer, 429, "rate_limited")
    assert (answer.headers["x-ratelimit-limit"], answer.headers["retry-after"]) == ("1000", "60")
    assert server.post(HEARTBEAT, body, server.token(sender.project, "edge")).status_code == 200


def test_what_was_refused_is_noted_without_its_values(server: Server, key: str) -> None:
    ask(server, "POST", REGISTER, key, {"name": "", "hostname": "secret-host"})
    (note,) = server.refusals()
    assert (note.context["status"], note.context["endpoint"]) == (400, f"POST {REGISTER}")
    assert "secret-host" not in str(note)
