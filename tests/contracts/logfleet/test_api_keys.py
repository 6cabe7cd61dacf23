"""Keys of agents: made by an admin, shown once, listed by anybody of the organization, refused once deleted."""

from typing import Any

import pytest

from logserver.core import projects
from logserver.core.fleet import edge_keys
from logserver.core.tokens import EDGE_SCOPES
from logserver.store.database import transaction
from tests.contracts.logfleet.fleet import (
    HEARTBEAT,
    KEYS,
    NOBODY,
    REGISTER,
    ask,
    is_uuid4,
    refused,
    registered,
    told,
    wrong,
)
from tests.serving import Sender, Server

START = "2026-09-21T14:13:30.250Z"


@pytest.fixture
def admin(server: Server) -> str:
    return server.person()


@pytest.fixture
def member(server: Server, admin: str) -> str:
    assert admin
    return server.person("bob@example.com", "member")


def made(server: Server, admin: str, **fields: Any) -> dict[str, Any]:
    wanted = {"name": "web", "permissions": list(EDGE_SCOPES), **fields}
    return told(ask(server, "POST", KEYS, admin, wanted), 201)


def listed(server: Server, person: str, **query: Any) -> dict[str, Any]:
    return told(ask(server, "GET", KEYS, person, query=[*query.items()]))


def test_a_new_key_is_shown_once_with_all_the_contract_tells_of_it(server: Server, admin: str) -> None:
    answer = made(server, admin, permissions=["edge:stream", "edge:register", "edge:stream"], name=" web ")
    assert list(answer) == ["api_key", "raw_key"]
    key, secret = answer["api_key"], answer["raw_key"]
    me = told(ask(server, "GET", "/api/v1/auth/me", admin))
    assert is_uuid4(key["id"])
    assert secret.startswith("lf_prod_")
    assert secret.startswith(key["key_prefix"])
    assert len(key["key_prefix"]) < len(secret) - 20
    assert key == {
        "id": key["id"],
        "organization_id": me["organization"]["id"],
        "name": "web",
        "key_prefix": key["key_prefix"],
        "permissions": ["edge:stream", "edge:register"],
        "last_used_at": None,
        "expires_at": None,
        "revoked_at": None,
        "created_by": me["user"]["id"],
        "created_at": START,
    }
    assert told(ask(server, "GET", f"{KEYS}/{key['id']}", admin)) == key
    assert listed(server, admin) == {"items": [key], "total": 1, "page": 1, "page_size": 20}
    assert secret not in str(server.rows("SELECT * FROM tokens"))


@pytest.mark.parametrize("header", ["Authorization", "X-Api-Key"])
def test_it_opens_what_its_permissions_say(server: Server, admin: str, header: str) -> None:
    secret = made(server, admin, permissions=["edge:register"])["raw_key"]
    headers = {header: f"Bearer {secret}" if header == "Authorization" else secret}
    answer = server.client.post(REGISTER, json={"name": "web-1"}, headers=headers)
    agent = told(answer, 201)
    refusal = server.client.post(HEARTBEAT, json={"agent_id": agent["id"]}, headers=headers)
    assert refused(refusal, 403, "forbidden") == "the key lacks the permission edge:heartbeat"


def test_its_agents_land_in_the_organizations_project_which_is_made_on_demand(server: Server, admin: str) -> None:
    assert server.rows("SELECT project FROM organizations") == [(None,)]
    first, second = (made(server, admin)["raw_key"] for _ in range(2))
    ((slug, name, number),) = server.rows("SELECT slug, name, number FROM projects WHERE NOT system")
    assert (slug, name) == ("wonderland", "Wonderland")
    assert server.rows("SELECT project FROM organizations") == [(number,)]
    agent = registered(server, first)
    assert told(ask(server, "POST", REGISTER, second, {"name": "web-1"}))["id"] == agent["id"]
    assert server.rows("SELECT project FROM agents") == [(number,)]


def test_a_project_that_only_has_the_name_is_left_to_its_owner(server: Server, admin: str) -> None:
    server.sender("wonderland")
    server.sender("wonderland-2")
    made(server, admin)
    assert server.rows("SELECT slug, name FROM projects WHERE slug LIKE 'wonder%' ORDER BY number")[2:] == [
        ("wonderland-3", "Wonderland")
    ]


def test_an_organization_called_like_the_servers_own_project_gets_another(server: Server, admin: str) -> None:
    server.administer(lambda tx: tx.execute("UPDATE organizations SET slug = 'logserver'"))
    made(server, admin)
    assert server.rows("SELECT slug FROM projects WHERE NOT system") == [("logserver-2",)]


@pytest.mark.parametrize("spelled", ["slug", "uuid"])
def test_a_key_may_be_of_another_project(server: Server, admin: str, sender: Sender, spelled: str) -> None:
    named = getattr(sender.project, spelled)
    agent = registered(server, made(server, admin, project_id=named)["raw_key"])
    assert agent["project_id"] == sender.project.uuid


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"name": None}, "name"),
        ({"name": " "}, "name"),
        ({"name": "n" * 101}, "name"),
        ({"name": 1}, "name"),
        ({"permissions": None}, "permissions"),
        ({"permissions": []}, "permissions"),
        ({"permissions": "edge:stream"}, "permissions"),
        ({"permissions": ["edge:stream", "edge:everything"]}, "permissions"),
        ({"permissions": [["edge:stream"]]}, "permissions"),
        ({"permissions": [{}]}, "permissions"),
        ({"expires_at": START}, "expires_at"),
        ({"expires_at": "2020-01-01"}, "expires_at"),
        ({"expires_at": "tomorrow"}, "expires_at"),
        ({"expires_at": 4_000_000_000}, "expires_at"),
        ({"project_id": "nowhere"}, "project_id"),
        ({"project_id": 7}, "project_id"),
        ({"project_id": "logserver"}, "project_id"),
    ],
)
def test_what_is_no_key_is_refused_by_its_field(server: Server, admin: str, fields: dict[str, Any], named: str) -> None:
    server.write(projects.ensure_own, server.clock.now_ms())
    before = server.count("tokens")
    wanted = {"name": "web", "permissions": ["edge:stream"], **fields}
    assert list(wrong(ask(server, "POST", KEYS, admin, wanted))) == [named]
    assert server.count("tokens") == before


def test_everything_that_is_wrong_is_told_at_once(server: Server, admin: str) -> None:
    sent = {"permissions": ["x"], "expires_at": "x", "project_id": ""}
    assert set(wrong(ask(server, "POST", KEYS, admin, sent))) == {"name", "permissions", "expires_at", "project_id"}


def test_an_archived_project_gets_no_key(server: Server, admin: str, sender: Sender) -> None:
    server.administer(projects.archive, sender.project.slug, server.clock.now_ms())
    wanted = {"name": "web", "permissions": ["edge:stream"], "project_id": sender.project.slug}
    assert "archived" in wrong(ask(server, "POST", KEYS, admin, wanted))["project_id"]


def test_an_expired_key_is_refused(server: Server, admin: str) -> None:
    secret = made(server, admin, expires_at="2026-09-21T16:13:31+02:00")["raw_key"]
    assert listed(server, admin)["items"][0]["expires_at"] == "2026-09-21T14:13:31.000Z"
    agent = registered(server, secret)
    server.clock.turn(0.5)
    assert ask(server, "POST", HEARTBEAT, secret, {"agent_id": agent["id"]}).status_code == 200
    server.clock.turn(0.25)
    refused(ask(server, "POST", HEARTBEAT, secret, {"agent_id": agent["id"]}), 401, "unauthorized")


def test_a_deleted_key_is_refused_at_once_and_stays_listed(server: Server, admin: str) -> None:
    answer = made(server, admin)
    key, secret = answer["api_key"], answer["raw_key"]
    agent = registered(server, secret)
    server.clock.turn(1)
    for _ in range(2):
        deleted = ask(server, "DELETE", f"{KEYS}/{key['id']}", admin)
        assert (deleted.status_code, deleted.content) == (204, b"")
        refused(ask(server, "POST", HEARTBEAT, secret, {"agent_id": agent["id"]}), 401, "unauthorized")
        server.clock.turn(1)
    (kept,) = listed(server, admin)["items"]
    assert kept | {"last_used_at": None} == key | {"revoked_at": "2026-09-21T14:13:31.250Z"}


def test_its_last_use_is_told(server: Server, admin: str) -> None:
    answer = made(server, admin)
    server.clock.turn(2)
    registered(server, answer["raw_key"])
    server.run(server.app.credentials.flush_uses)
    assert listed(server, admin)["items"][0]["last_used_at"] == "2026-09-21T14:13:32.250Z"


def test_keys_of_the_shell_are_listed_and_can_be_deleted(server: Server, admin: str, sender: Sender) -> None:
    secret = server.token(sender.project, "edge")
    (key,) = listed(server, admin)["items"]
    assert (key["created_by"], key["permissions"]) == (None, list(EDGE_SCOPES))
    assert ask(server, "DELETE", f"{KEYS}/{key['id']}", admin).status_code == 204
    refused(ask(server, "POST", REGISTER, secret, {"name": "x"}), 401, "unauthorized")


def test_no_other_token_is_seen_or_deleted(server: Server, admin: str, sender: Sender) -> None:
    assert listed(server, admin)["total"] == 0
    ((other,),) = server.rows("SELECT uuid FROM tokens WHERE kind = 'project'")
    for key_id in (other, NOBODY, "x", "lf_prod_"):
        for method in ("GET", "DELETE"):
            refused(ask(server, method, f"{KEYS}/{key_id}", admin), 404, "not_found")
    assert server.rows("SELECT revoked_at FROM tokens") == [(None,)]
    assert sender.token


def test_the_list_is_newest_first_by_page(server: Server, admin: str) -> None:
    for number in range(5):
        made(server, admin, name=str(number))
    page = listed(server, admin, page=2, page_size=2)
    assert [key["name"] for key in page.pop("items")] == ["2", "1"]
    assert page == {"total": 5, "page": 2, "page_size": 2}
    assert listed(server, admin, page=9)["items"] == []


@pytest.mark.parametrize(
    "query", [{"page": 0}, {"page": "x"}, {"page_size": 0}, {"page_size": 101}, {"page": 10_000_000}]
)
def test_a_page_out_of_range_is_refused(server: Server, admin: str, query: dict[str, Any]) -> None:
    assert list(wrong(ask(server, "GET", KEYS, admin, query=[*query.items()]))) == list(query)


def test_a_member_reads_and_an_admin_changes(server: Server, admin: str, member: str) -> None:
    key = made(server, admin)["api_key"]
    assert listed(server, member)["items"] == [key]
    assert told(ask(server, "GET", f"{KEYS}/{key['id']}", member)) == key
    wanted = {"name": "web", "permissions": ["edge:stream"]}
    refused(ask(server, "POST", KEYS, member, wanted), 403, "forbidden")
    refused(ask(server, "DELETE", f"{KEYS}/{key['id']}", member), 403, "forbidden")


@pytest.mark.parametrize("kind", [None, "edge", "project", "master"])
def test_nobody_else_is_let_in(server: Server, sender: Sender, kind: str | None) -> None:
    token = server.token(sender.project, kind) if kind else None
    for method, path in (("GET", KEYS), ("POST", KEYS), ("GET", f"{KEYS}/{NOBODY}"), ("DELETE", f"{KEYS}/{NOBODY}")):
        refused(ask(server, method, path, token), 403 if kind else 401, "forbidden" if kind else "unauthorized")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b'{"name": NaN}'])
def test_what_is_no_object_is_refused(server: Server, admin: str, body: bytes) -> None:
    assert server.post(KEYS, body, admin).status_code == 400


def test_a_body_that_is_too_large_is_refused(server: Server, admin: str) -> None:
    refused(server.post(KEYS, b" " * 65_537, admin), 413, "payload_too_large")


def test_keys_and_agents_share_a_hundred_requests_a_minute(server: Server, admin: str) -> None:
    for number in range(100):
        answer = ask(server, "GET", KEYS if number % 2 else "/api/v1/agents", admin)
        assert answer.headers["x-ratelimit-limit"] == "100"
        assert answer.headers["x-ratelimit-remaining"] == str(99 - number)
    answer = ask(server, "GET", KEYS, admin)
    refused(answer, 429, "rate_limited")
    assert (answer.headers["retry-after"], answer.headers["x-ratelimit-remaining"]) == ("60", "0")
    server.clock.turn(60)
    assert ask(server, "GET", KEYS, admin).status_code == 200


def test_there_is_an_end_to_valid_keys(server: Server, admin: str) -> None:
    key = made(server, admin, expires_at="2026-09-21T14:13:40Z")["api_key"]
    with transaction(server.folder) as tx:
        tx.execute(
            "WITH RECURSIVE n (i) AS (VALUES (2) UNION ALL SELECT i + 1 FROM n WHERE i < ?)"
            " INSERT INTO tokens (uuid, kind, name, project, digest, prefix, scopes, bound, created_at)"
            " SELECT i, kind, name, project, CAST(i AS BLOB), prefix, scopes, bound, created_at FROM tokens, n",
            (edge_keys.MOST,),
        )
    wanted = {"name": "web", "permissions": ["edge:stream"]}
    refused(ask(server, "POST", KEYS, admin, wanted), 409, "conflict")
    server.clock.turn(10)
    assert ask(server, "DELETE", f"{KEYS}/{key['id']}", admin).status_code == 204
    made(server, admin)
    refused(ask(server, "POST", KEYS, admin, wanted), 409, "conflict")
    assert ask(server, "DELETE", f"{KEYS}/2", admin).status_code == 204
    made(server, admin)


def test_the_id_of_a_key_may_be_spelled_in_capitals(server: Server, admin: str) -> None:
    key = made(server, admin)["api_key"]
    path = f"{KEYS}/{key['id'].upper()}"
    assert told(ask(server, "GET", path, admin))["id"] == key["id"]
    assert ask(server, "DELETE", path, admin).status_code == 204
    assert told(ask(server, "GET", path, admin))["revoked_at"] == START
