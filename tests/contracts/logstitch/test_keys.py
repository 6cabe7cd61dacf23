"""Project keys: made with a master key, listed, revoked at once."""

from typing import Any

import pytest

from logserver.core import projects, tokens
from tests.contracts.logstitch.asked import EVENTS, KEYS, VIEWER_TOKENS, ask, event, made_key, minted, problems
from tests.fakes import START_MS
from tests.serving import Sender, Server

START = "2026-09-21T14:13:30.250Z"


@pytest.fixture
def master(server: Server, sender: Sender) -> str:
    return server.token(sender.project, "master")


@pytest.mark.parametrize(("mode", "begins"), [({}, "pk_"), ({"mode": "live"}, "pk_"), ({"mode": "test"}, "pk_test_")])
def test_a_key_is_shown_once_and_works(
    server: Server, sender: Sender, master: str, mode: dict[str, str], begins: str
) -> None:
    made = made_key(server, master, project_id=sender.project.uuid, **mode)
    assert list(made) == ["id", "key", "prefix", "type", "name", "request_id"]
    assert made["key"].startswith(begins)
    assert made["prefix"] == made["key"][: len(begins) + 4]
    assert (made["type"], made["name"]) == ("project", "backend")
    assert ask(server, "POST", EVENTS, made["key"], event()).status_code == 201
    assert server.event(sender.project).message == "user.signed_in"
    listed = ask(server, "GET", KEYS, made["key"])
    assert made["key"] not in listed.text
    assert made["key"] not in str(server.rows("SELECT * FROM tokens"))


@pytest.mark.parametrize("named", ["uuid", "slug", "nothing"])
def test_a_project_is_named_by_uuid_or_slug_or_is_the_only_one(
    server: Server, sender: Sender, master: str, named: str
) -> None:
    fields = {} if named == "nothing" else {"project_id": getattr(sender.project, named)}
    assert server.rows("SELECT count(*) FROM tokens WHERE project = ?", sender.project.number) == [(1,)]
    made_key(server, master, **fields)
    assert server.rows("SELECT count(*) FROM tokens WHERE project = ?", sender.project.number) == [(2,)]


def test_among_several_projects_a_master_key_names_one(server: Server, master: str) -> None:
    server.sender()
    answer = ask(server, "POST", KEYS, master, {"name": "x"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "bad_request")
    assert "project_id" in answer.json()["error"]["message"]
    assert ask(server, "POST", KEYS, master, {"name": "x", "project_id": "nope"}).status_code == 404
    assert ask(server, "POST", KEYS, master, {"name": "x", "project_id": 7}).status_code == 400


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({}, ["name"]),
        ({"name": ""}, ["name"]),
        ({"name": "  "}, ["name"]),
        ({"name": "n" * 101}, ["name"]),
        ({"name": 7}, ["name"]),
        ({"name": "n", "type": "master"}, ["type"]),
        ({"name": "n", "mode": "prod"}, ["mode"]),
        ({"type": [], "mode": {}}, ["type", "name", "mode"]),
        ([], [""]),
        ("name", [""]),
    ],
)
def test_what_is_wrong_is_named(server: Server, master: str, body: Any, wrong: list[str]) -> None:
    before = server.count("tokens")
    assert problems(ask(server, "POST", KEYS, master, body)) == wrong
    assert server.count("tokens") == before


def test_a_name_may_have_a_hundred_characters(server: Server, master: str) -> None:
    assert made_key(server, master, name="ü" * 100)["name"] == "ü" * 100


def test_an_archived_project_gets_no_key_and_keeps_its_list(server: Server, sender: Sender, master: str) -> None:
    made = made_key(server, master)
    server.administer(projects.archive, sender.project.slug, START_MS)
    assert ask(server, "POST", KEYS, master, {"name": "x", "project_id": sender.project.slug}).status_code == 409
    listed = ask(server, "GET", KEYS, master, project_id=sender.project.slug).json()["keys"]
    assert [key["revokedAt"] for key in listed] == [START, START]
    assert ask(server, "DELETE", f"{KEYS}/{made['id']}", master).status_code == 200


def test_the_list_is_newest_first_and_holds_project_keys_only(server: Server, sender: Sender, master: str) -> None:
    for kind in ("mobile", "edge", "read"):
        server.token(sender.project, kind)
    made = made_key(server, master, name="newest")
    gone = made_key(server, master, name="gone", mode="test")
    server.clock.turn(1.5)
    assert ask(server, "DELETE", f"{KEYS}/{gone['id']}", master).status_code == 200
    answer = ask(server, "GET", KEYS, master).json()
    assert list(answer) == ["keys", "cursor", "has_more", "request_id"]
    assert (answer["cursor"], answer["has_more"]) == (None, False)
    assert [key["name"] for key in answer["keys"]] == ["gone", "newest", "test"]
    assert answer["keys"][:2] == [
        {
            "id": gone["id"],
            "prefix": gone["prefix"],
            "type": "project",
            "name": "gone",
            "lastUsedAt": None,
            "createdAt": START,
            "revokedAt": "2026-09-21T14:13:31.750Z",
        },
        {
            "id": made["id"],
            "prefix": made["prefix"],
            "type": "project",
            "name": "newest",
            "lastUsedAt": None,
            "createdAt": START,
            "revokedAt": None,
        },
    ]


def test_a_project_key_lists_its_own_project_a_master_key_all_or_one(
    server: Server, sender: Sender, master: str
) -> None:
    other = server.sender()

    def names(token: str, **query: Any) -> int:
        return len(ask(server, "GET", KEYS, token, **query).json()["keys"])

    made_key(server, master, project_id=other.project.uuid)
    assert (names(sender.token), names(other.token), names(master)) == (1, 2, 3)
    assert names(master, project_id=other.project.uuid) == names(other.token, project_id=other.project.slug) == 2
    assert ask(server, "GET", KEYS, sender.token, project_id=other.project.uuid).status_code == 404
    assert ask(server, "GET", KEYS, master, project_id="nope").status_code == 404


def test_the_last_use_is_told_once_it_is_written_down(server: Server, master: str) -> None:
    made = made_key(server, master)
    server.clock.turn(2)
    writes = server.app.database.commits()[0]
    for _ in range(3):
        assert ask(server, "GET", EVENTS, made["key"]).status_code == 200
    assert server.app.database.commits()[0] == writes
    server.run(server.app.credentials.flush_uses)
    first = ask(server, "GET", KEYS, master).json()["keys"][0]
    assert (first["id"], first["lastUsedAt"]) == (made["id"], "2026-09-21T14:13:32.250Z")


@pytest.mark.parametrize("by", ["master", "itself", "another key"])
def test_a_revoked_key_is_refused_by_the_very_next_request(
    server: Server, sender: Sender, master: str, by: str
) -> None:
    made = made_key(server, master)
    viewer = minted(server, made["key"])
    for token in (made["key"], viewer):
        assert ask(server, "GET", EVENTS, token).status_code == 200
    assert server.app.credentials.remembered(made["key"].encode())
    revoker = {"master": master, "itself": made["key"], "another key": sender.token}[by]
    answer = ask(server, "DELETE", f"{KEYS}/{made['id']}", revoker)
    assert (answer.status_code, answer.json()["revoked"]) == (200, True)
    for token in (made["key"], viewer):
        assert ask(server, "GET", EVENTS, token).status_code == 401
    assert ask(server, "POST", VIEWER_TOKENS, made["key"], {"tenant_id": "acme"}).status_code == 401
    assert ask(server, "POST", "/api/v1/ingest_events", made["key"], {"event": {"message": "x"}}).status_code == 401
    assert ask(server, "GET", EVENTS, sender.token).status_code == 200


def test_revoking_twice_is_revoked_once(server: Server, master: str) -> None:
    made = made_key(server, master)
    for _ in range(2):
        assert ask(server, "DELETE", f"{KEYS}/{made['id']}", master).status_code == 200
        server.clock.turn(1)
    (listed, _) = ask(server, "GET", KEYS, master).json()["keys"]
    assert listed["revokedAt"] == START


@pytest.mark.parametrize("which", ["nope", "00000000-0000-4000-8000-000000000000", "%00", "ü", "a" * 2_000, "prefix"])
def test_what_is_no_key_is_not_found(server: Server, master: str, which: str) -> None:
    made = made_key(server, master)
    answer = ask(server, "DELETE", f"{KEYS}/{made['prefix'] if which == 'prefix' else which}", master)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


@pytest.mark.parametrize("kind", ["master", "edge", "read", "mobile"])
def test_other_kinds_of_token_are_no_keys(server: Server, sender: Sender, master: str, kind: str) -> None:
    server.token(sender.project, kind)
    (token_id,) = server.rows("SELECT uuid FROM tokens ORDER BY id DESC LIMIT 1")[0]
    assert ask(server, "DELETE", f"{KEYS}/{token_id}", master).status_code == 404
    assert server.rows("SELECT count(*) FROM tokens WHERE revoked_at IS NOT NULL") == [(0,)]


def test_another_projects_key_is_not_found(server: Server, sender: Sender, master: str) -> None:
    other = server.sender()
    made = made_key(server, master, project_id=sender.project.uuid)
    place = f"{KEYS}/{made['id']}"
    assert ask(server, "DELETE", place, other.token).status_code == 404
    assert ask(server, "DELETE", place, other.token, project_id=sender.project.uuid).status_code == 404
    assert ask(server, "DELETE", place, master, project_id=other.project.uuid).status_code == 404
    assert ask(server, "GET", EVENTS, made["key"]).status_code == 200
    assert ask(server, "DELETE", place, master).status_code == 200


def test_the_shells_tokens_are_keys_too(server: Server, sender: Sender, master: str) -> None:
    (listed,) = ask(server, "GET", KEYS, master).json()["keys"]
    assert listed["prefix"] == sender.token[: len("logister_") + 4]
    assert ask(server, "DELETE", f"{KEYS}/{listed['id']}", master).status_code == 200
    assert ask(server, "GET", EVENTS, sender.token).status_code == 401


def test_the_shell_revokes_a_key_by_how_it_begins(server: Server, master: str) -> None:
    made = made_key(server, master)
    server.administer(tokens.revoke, made["prefix"], START_MS)
    assert ask(server, "GET", EVENTS, made["key"]).status_code == 401
