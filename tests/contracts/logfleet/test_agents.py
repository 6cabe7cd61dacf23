"""Agents as people manage them: made, listed, changed, configured, deleted."""

from typing import Any

import msgspec
import pytest

from logserver.core import projects
from logserver.core.fleet import agents
from logserver.store.database import transaction
from tests.contracts.logfleet.fleet import (
    AGENTS,
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


@pytest.fixture
def admin(server: Server) -> str:
    return server.person()


@pytest.fixture
def member(server: Server, admin: str) -> str:
    assert admin
    return server.person("bob@example.com", "member")


def made(server: Server, admin: str, name: str = "web-1", **fields: Any) -> dict[str, Any]:
    return told(ask(server, "POST", AGENTS, admin, {"name": name, **fields}), 201)


def names(server: Server, person: str, *query: tuple[str, Any]) -> list[str]:
    return [agent["name"] for agent in told(ask(server, "GET", AGENTS, person, query=query))["items"]]


def changed(server: Server, admin: str, agent: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return told(ask(server, "PATCH", f"{AGENTS}/{agent['id']}", admin, fields))


def config_of(agent: dict[str, Any]) -> str:
    return f"{AGENTS}/{agent['id']}/config"


def test_a_new_agent_is_all_the_contract_tells_of_it(server: Server, admin: str) -> None:
    agent = made(
        server,
        admin,
        " web-1 ",
        hostname="web-1.example.com",
        version="1.0",
        labels={"role": "web"},
        config={"note": [1, {"a": None}]},
    )
    assert is_uuid4(agent["id"])
    ((project,),) = server.rows("SELECT uuid FROM projects WHERE slug = 'wonderland'")
    assert agent == {
        "id": agent["id"],
        "name": "web-1",
        "hostname": "web-1.example.com",
        "version": "1.0",
        "status": "unknown",
        "labels": {"role": "web"},
        "last_heartbeat_at": None,
        "metrics": {},
        "project_id": project,
        "config": {"note": [1, {"a": None}]},
        "config_version": 1,
        "created_at": START,
        "updated_at": START,
    }
    assert shown(server, admin, agent) == agent
    assert told(ask(server, "GET", AGENTS, admin)) == {"items": [agent], "total": 1, "page": 1, "page_size": 20}


def test_a_name_is_enough(server: Server, admin: str) -> None:
    agent = made(server, admin, "ü" * 200)
    assert (agent["hostname"], agent["version"], agent["labels"], agent["config"]) == ("", "", {}, {})


def test_it_may_land_in_another_project(server: Server, admin: str, sender: Sender) -> None:
    assert made(server, admin, project_id=sender.project.slug)["project_id"] == sender.project.uuid
    assert server.rows("SELECT project FROM organizations") == [(None,)]


def test_a_name_is_given_once(server: Server, admin: str, sender: Sender) -> None:
    agent = made(server, admin)
    other = made(server, admin, "web-2")
    for project_id in (None, sender.project.uuid):
        refused(ask(server, "POST", AGENTS, admin, {"name": "web-1", "project_id": project_id}), 409, "conflict")
    refused(ask(server, "PATCH", f"{AGENTS}/{other['id']}", admin, {"name": "web-1"}), 409, "conflict")
    assert (shown(server, admin, agent), shown(server, admin, other)) == (agent, other)


def deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = {"a": value}
    return value


WRONG = [
    ({"name": " "}, "name"),
    ({"name": "n" * 201}, "name"),
    ({"name": "a\nb"}, "name"),
    ({"name": 7}, "name"),
    ({"hostname": "h" * 256}, "hostname"),
    ({"hostname": "\x1b[31m"}, "hostname"),
    ({"hostname": ["h"]}, "hostname"),
    ({"version": "v" * 101}, "version"),
    ({"version": 1}, "version"),
    ({"labels": ["web"]}, "labels"),
    ({"labels": "role:web"}, "labels"),
    ({"labels": {"": "x"}}, "labels"),
    ({"labels": {"a:b": "x"}}, "labels"),
    ({"labels": {"a\n": "x"}}, "labels"),
    ({"labels": {"k" * 129: "x"}}, "labels"),
    ({"labels": {"role": 1}}, "labels.role"),
    ({"labels": {"role": None}}, "labels.role"),
    ({"labels": {"role": "v" * 256}}, "labels.role"),
    ({"labels": {"role": "a\x85b"}}, "labels.role"),
    ({"labels": {str(n): "" for n in range(65)}}, "labels"),
    ({"project_id": "nowhere"}, "project_id"),
    ({"project_id": 1}, "project_id"),
    ({"project_id": "logserver"}, "project_id"),
]


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        *WRONG,
        ({"name": None}, "name"),
        ({"config": []}, "config"),
        ({"config": "x"}, "config"),
        ({"config": deep(17)}, "config"),
        ({"config": {"a": "x" * 32_768}}, "config"),
        ({"config": {"a": [0] * 10_000}}, "config"),
    ],
)
def test_what_is_no_agent_is_refused_by_its_field(
    server: Server, admin: str, fields: dict[str, Any], named: str
) -> None:
    server.write(projects.ensure_own, server.clock.now_ms())
    assert list(wrong(ask(server, "POST", AGENTS, admin, {"name": "web-1", **fields}))) == [named]
    assert server.count("agents") == 0


@pytest.mark.parametrize(
    ("fields", "named"),
    [*WRONG, ({"config": {}}, "config"), ({"config": {"a": 1}}, "config"), ({"status": "online"}, "status")],
)
def test_what_is_no_change_is_refused_by_its_field(
    server: Server, admin: str, fields: dict[str, Any], named: str
) -> None:
    server.write(projects.ensure_own, server.clock.now_ms())
    agent = made(server, admin, "mine")
    assert list(wrong(ask(server, "PATCH", f"{AGENTS}/{agent['id']}", admin, fields))) == [named]
    assert shown(server, admin, agent) == agent


def test_at_the_bounds_it_is_taken(server: Server, admin: str) -> None:
    agent = made(
        server,
        admin,
        "n" * 200,
        hostname="h" * 255,
        version="v" * 100,
        labels={"k" * 128: "v" * 255, **{str(n): "" for n in range(63)}},
        config={"a": "x" * (32_768 - 8)},
    )
    assert (len(agent["labels"]), len(msgspec.json.encode(agent["config"]))) == (64, 32_768)
    assert ask(server, "POST", AGENTS, admin, {"name": "deep", "config": deep(16)}).status_code == 201


def test_a_change_leaves_the_rest_as_it_was(server: Server, admin: str, sender: Sender) -> None:
    agent = made(server, admin, hostname="h", labels={"a": "1", "b": "2"}, config={"x": 1})
    server.clock.turn(1)
    now = agent | {"updated_at": LATER}
    changes: list[dict[str, Any]] = [
        {"name": "web-2"},
        {"hostname": ""},
        {"version": "2"},
        {"labels": {"b": "3"}},
        {"labels": {}},
    ]
    for fields in changes:
        now |= fields
        assert changed(server, admin, agent, **fields) == now
    assert changed(server, admin, agent, project_id=sender.project.slug) == now | {"project_id": sender.project.uuid}


@pytest.mark.parametrize(
    "fields", [{}, {"name": None, "labels": None}, {"other": 1}, {"name": "web-1", "labels": {}, "hostname": ""}]
)
def test_a_change_of_nothing_changes_nothing(server: Server, admin: str, fields: dict[str, Any]) -> None:
    agent = made(server, admin)
    server.clock.turn(1)
    assert changed(server, admin, agent, **fields) == agent


def test_a_deleted_agent_is_gone_and_may_come_back_as_another(server: Server, admin: str, sender: Sender) -> None:
    key = server.token(sender.project, "edge")
    agent = registered(server, key)
    deleted = ask(server, "DELETE", f"{AGENTS}/{agent['id']}", admin)
    assert (deleted.status_code, deleted.content) == (204, b"")
    refused(ask(server, "DELETE", f"{AGENTS}/{agent['id']}", admin), 404, "not_found")
    refused(ask(server, "POST", f"/api/v1/edge/agents/{agent['id']}/heartbeat", key, {}), 404, "not_found")
    assert registered(server, key)["id"] != agent["id"]


@pytest.mark.parametrize("agent_id", [NOBODY, "x", "1", "%00", "ü", "' OR 1=1 --", "x" * 2_000])
@pytest.mark.parametrize(
    ("request_line", "body"),
    [
        ("GET {}", None),
        ("PATCH {}", {"hostname": "x"}),
        ("DELETE {}", None),
        ("GET {}/config", None),
        ("PUT {}/config", {"config": {}, "version": 1}),
    ],
)
def test_what_is_not_there_is_not_found(
    server: Server, admin: str, agent_id: str, request_line: str, body: Any
) -> None:
    method, path = request_line.format(f"{AGENTS}/{agent_id}").split(" ", 1)
    refused(ask(server, method, path, admin, body), 404, "not_found")


def test_an_id_may_be_spelled_in_capitals(server: Server, admin: str) -> None:
    agent = made(server, admin)
    assert told(ask(server, "GET", f"{AGENTS}/{agent['id'].upper()}", admin)) == agent


def test_agents_are_listed_by_name_and_page(server: Server, admin: str) -> None:
    for name in ("c", "a", "e", "b", "d"):
        made(server, admin, name)
    assert names(server, admin) == list("abcde")
    page = told(ask(server, "GET", AGENTS, admin, query=[("page", 2), ("page_size", 2)]))
    assert ([agent["name"] for agent in page.pop("items")], page) == (
        ["c", "d"],
        {"total": 5, "page": 2, "page_size": 2},
    )
    assert names(server, admin, ("page", 4), ("page_size", 2)) == []


def test_agents_are_listed_by_label(server: Server, admin: str) -> None:
    made(server, admin, "a", labels={"role": "web", "env": "prod"})
    made(server, admin, "b", labels={"role": "web", "env": "a:b"})
    made(server, admin, "c", labels={"role": 'd"b', "env": ""})
    made(server, admin, "d")
    for labels, found in (
        (["role:web"], "ab"),
        (["role:web", "env:prod"], "a"),
        (["env:prod", "role:web"], "a"),
        (["role:web", "role:db"], ""),
        (["env:a:b"], "b"),
        (["env:"], "c"),
        (['role:d"b'], "c"),
        (["Role:web"], ""),
        (["role:we"], ""),
    ):
        query = [("label", label) for label in labels]
        page = told(ask(server, "GET", AGENTS, admin, query=query))
        assert "".join(agent["name"] for agent in page["items"]) == found, labels
        assert page["total"] == len(found)


def test_agents_are_listed_by_what_they_are_now(server: Server, admin: str, sender: Sender) -> None:
    key = server.token(sender.project, "edge")
    said = {name: registered(server, key, name, labels={"n": name}) for name in ("bad", "silent", "up", "ended")}
    made(server, admin, "new")
    server.wait(100)
    for name, agent in said.items():
        beats(server, key, agent, status={"bad": "error", "ended": "offline"}.get(name, "online"))
    server.clock.turn(60)
    for name in ("bad", "up"):
        beats(server, key, said[name], status="error" if name == "bad" else "online")
    server.clock.turn(30.001)
    # The job has not come by, but the answer need not wait for it.
    for status, found in (
        ("online", ["up"]),
        ("offline", ["ended", "silent"]),
        ("error", ["bad"]),
        ("unknown", ["new"]),
    ):
        page = told(ask(server, "GET", AGENTS, admin, query=[("status", status)]))
        assert [agent["name"] for agent in page["items"]] == found
        assert {agent["status"] for agent in page["items"]} == {status}
        assert page["total"] == len(found)
    assert shown(server, admin, said["silent"])["status"] == "offline"
    assert names(server, admin, ("status", "offline"), ("label", "n:ended")) == ["ended"]


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ([("status", "up")], "status"),
        ([("status", "")], "status"),
        ([("label", "role")], "label"),
        ([("label", "")], "label"),
        ([("label", ":web")], "label"),
        ([("label", "k" * 129 + ":x")], "label"),
        ([("label", "x:" + "v" * 256)], "label"),
        ([("label", "a:b")] * 11, "label"),
        ([("page", "0")], "page"),
        ([("page_size", "101")], "page_size"),
        ([("page_size", "")], "page_size"),
    ],
)
def test_a_list_that_cannot_be_is_refused(server: Server, admin: str, query: list[tuple[str, Any]], named: str) -> None:
    assert list(wrong(ask(server, "GET", AGENTS, admin, query=query))) == [named]


def test_a_configuration_changes_only_on_top_of_the_one_that_is_there(server: Server, admin: str) -> None:
    agent = made(server, admin)
    assert told(ask(server, "GET", config_of(agent), admin)) == {"config": {}, "version": 1}
    server.clock.turn(1)
    wanted = {"config": {"rack": 7, "nested": {"a": [None, 1.5]}}, "version": 1}
    now = {"config": wanted["config"], "version": 2}
    assert told(ask(server, "PUT", config_of(agent), admin, wanted)) == now
    for version in (1, 3, 999_999_999):
        stale = told(ask(server, "PUT", config_of(agent), admin, {"config": {}, "version": version}), 409)
        assert (stale["error"], stale["details"]) == ("version_conflict", {"current_version": 2})
    assert told(ask(server, "GET", config_of(agent), admin)) == now
    whole = shown(server, admin, agent)
    assert (whole["config"], whole["config_version"], whole["updated_at"]) == (now["config"], 2, LATER)
    assert told(ask(server, "PUT", config_of(agent), admin, {"config": {}, "version": 2})) == {
        "config": {},
        "version": 3,
    }


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, ["config", "version"]),
        ({"config": {}}, ["version"]),
        ({"version": 1}, ["config"]),
        ({"config": {}, "version": "1"}, ["version"]),
        ({"config": {}, "version": True}, ["version"]),
        ({"config": {}, "version": 1.5}, ["version"]),
        ({"config": {}, "version": 0}, ["version"]),
        ({"config": [], "version": 1}, ["config"]),
        ({"config": deep(17), "version": 1}, ["config"]),
        ({"config": {"a": "x" * 32_768}, "version": 1}, ["config"]),
    ],
)
def test_what_is_no_configuration_is_refused(server: Server, admin: str, body: Any, named: list[str]) -> None:
    agent = made(server, admin)
    assert sorted(wrong(ask(server, "PUT", config_of(agent), admin, body))) == named
    assert shown(server, admin, agent) == agent


def test_a_member_reads_and_an_admin_changes(server: Server, admin: str, member: str) -> None:
    agent = made(server, admin)
    assert shown(server, member, agent) == agent
    assert names(server, member) == ["web-1"]
    assert told(ask(server, "GET", config_of(agent), member))["version"] == 1
    path = f"{AGENTS}/{agent['id']}"
    for method, where, body in (
        ("POST", AGENTS, {"name": "x"}),
        ("PATCH", path, {"hostname": "x"}),
        ("DELETE", path, None),
        ("PUT", config_of(agent), {"config": {}, "version": 1}),
    ):
        refused(ask(server, method, where, member, body), 403, "forbidden")
    assert shown(server, admin, agent) == agent


@pytest.mark.parametrize("kind", [None, "edge", "project", "master", "read"])
def test_nobody_else_is_let_in(server: Server, sender: Sender, kind: str | None) -> None:
    token = server.token(sender.project, kind) if kind else None
    for method, path in (
        ("GET", AGENTS),
        ("POST", AGENTS),
        *((method, f"{AGENTS}/{NOBODY}") for method in ("GET", "PATCH", "DELETE")),
        *((method, f"{AGENTS}/{NOBODY}/config") for method in ("GET", "PUT")),
    ):
        refused(ask(server, method, path, token), 403 if kind else 401, "forbidden" if kind else "unauthorized")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"name": 1e999}', b'{"name": "\\ud800"}', b"\xff"])
def test_what_is_no_object_is_refused(server: Server, admin: str, body: bytes) -> None:
    answer = server.post(AGENTS, body, admin)
    assert answer.status_code == 400
    assert answer.json()["error"] in {"invalid_json", "validation_error"}


def test_a_body_that_is_too_large_is_refused(server: Server, admin: str) -> None:
    refused(server.post(AGENTS, b" " * 65_537, admin), 413, "payload_too_large")


def test_there_is_an_end_to_agents(server: Server, admin: str, sender: Sender) -> None:
    key = edge_key(server, sender.project, "edge:register")
    made(server, admin, "n1")
    with transaction(server.folder) as tx:
        tx.execute(
            "WITH RECURSIVE n (i) AS (VALUES (2) UNION ALL SELECT i + 1 FROM n WHERE i < ?)"
            " INSERT INTO agents (uuid, name, hostname, version, status, labels, metrics, project, config,"
            " config_version, created_at, updated_at) SELECT i, 'n' || i, hostname, version, status, labels, metrics,"
            " project, config, config_version, created_at, updated_at FROM agents, n",
            (agents.MOST,),
        )
    refused(ask(server, "POST", AGENTS, admin, {"name": "one more"}), 409, "conflict")
    refused(ask(server, "POST", REGISTER, key, {"name": "one more"}), 409, "conflict")
    assert ask(server, "DELETE", f"{AGENTS}/2", admin).status_code == 204
    made(server, admin, "one more")
