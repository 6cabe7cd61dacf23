"""Who may write through each door, and into which project."""

import pytest

from logserver.core import projects, tokens
from tests.contracts.logister.sending import DOORS, EVENTS, Door, chunks, event, exchange, written
from tests.fakes import START_MS
from tests.serving import Sender, Serve, Server

FIRST_RESET = str(-(-START_MS // 1000) + 60)


def test_what_is_accepted_tells_where_the_sender_stands(server: Server, sender: Sender, door: Door) -> None:
    answer = server.post(door.path, door.body, sender.token, door.headers)
    assert answer.status_code == door.status
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-ratelimit-limit"] == "1200"
    assert answer.headers["x-ratelimit-remaining"] == "1199"
    assert answer.headers["x-ratelimit-reset"] == FIRST_RESET
    assert "retry-after" not in answer.headers
    assert written(server, sender.project)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer   "},
        {"Authorization": "Basic dXNlcjpwYXNz"},
        {"Authorization": "Bearer logister_unknown"},
        {"Authorization": b"Bearer \xff\xfe"},
        {"X-Api-Key": "logister_unknown"},
        {"X-Api-Key": ""},
    ],
    ids=["none", "empty", "no value", "blank", "basic", "unknown", "bytes", "unknown key", "empty key"],
)
def test_without_a_token_nothing_is_written(server: Server, door: Door, headers: dict[str, str | bytes]) -> None:
    answer = server.post(door.path, door.body, None, door.headers | headers)
    assert (answer.status_code, answer.json()) == (401, {"error": "Unauthorized"})
    assert not any(server.count(table) for table in ("events", "deployments", "monitors", "tokens"))


@pytest.mark.parametrize("spelled", ["Authorization: Bearer", "authorization: bearer", "X-Api-Key:"])
def test_a_token_comes_in_either_header(server: Server, sender: Sender, door: Door, spelled: str) -> None:
    name, _, scheme = spelled.partition(":")
    answer = server.post(door.path, door.body, None, door.headers | {name: f"{scheme} {sender.token}".strip()})
    assert answer.status_code == door.status


def test_an_api_key_counts_beside_another_scheme(server: Server, sender: Sender) -> None:
    headers: dict[str, str | bytes] = {"Authorization": "Basic dXNlcjpwYXNz", "X-Api-Key": sender.token}
    assert server.post(EVENTS, event(), None, headers).status_code == 201


def test_a_token_writes_into_its_own_project_only(server: Server, sender: Sender, door: Door) -> None:
    other = server.sender()
    assert server.post(door.path, door.body, other.token, door.headers).status_code == door.status
    assert written(server, other.project)
    assert not written(server, sender.project)


def test_a_revoked_token_is_refused(server: Server, sender: Sender, door: Door) -> None:
    assert server.post(door.path, door.body, sender.token, door.headers).status_code == door.status
    before = written(server, sender.project)
    server.administer(tokens.revoke, sender.token, START_MS)
    answer = server.post(door.path, door.body, sender.token, door.headers)
    assert (answer.status_code, answer.json()) == (401, {"error": "Unauthorized"})
    assert written(server, sender.project) == before


def test_an_archived_projects_token_is_refused_for_good(server: Server, sender: Sender, door: Door) -> None:
    assert server.post(door.path, door.body, sender.token, door.headers).status_code == door.status
    server.administer(projects.archive, sender.project.slug, START_MS)
    assert server.post(door.path, door.body, sender.token, door.headers).status_code == 401
    server.administer(projects.restore, sender.project.slug)
    assert server.post(door.path, door.body, sender.token, door.headers).status_code == 401
    fresh = server.token(sender.project)
    assert server.post(door.path, door.body, fresh, door.headers).status_code == door.status


@pytest.mark.parametrize("kind", ["master", "edge", "read"])
def test_other_kinds_of_key_are_refused(server: Server, sender: Sender, door: Door, kind: str) -> None:
    key = server.token(sender.project, kind)
    assert server.post(door.path, door.body, key, door.headers).status_code == 401
    assert not written(server, sender.project)


@pytest.mark.parametrize("name", DOORS)
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_another_method_is_405_in_the_contracts_words(server: Server, name: str, method: str) -> None:
    answer = server.client.request(method, DOORS[name].path)
    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST"
    assert list(answer.json()) == ["error"]


@pytest.mark.parametrize("path", [f"{EVENTS}/nope", "/api/v1/check_ins/1", "/api/v1/nope"])
def test_an_unknown_path_is_404_in_the_contracts_words(server: Server, path: str) -> None:
    answer = server.client.post(path, follow_redirects=False)
    assert answer.status_code == 404
    assert list(answer.json()) == ["error"]


def test_a_post_is_never_redirected(server: Server, sender: Sender, door: Door) -> None:
    headers = {"Content-Type": door.kind, "Authorization": f"Bearer {sender.token}"}
    answer = server.client.post(f"{door.path}/", content=door.body, headers=headers, follow_redirects=False)
    assert answer.status_code in {door.status, 404}


def test_failures_are_counted_by_address_and_successes_are_not(server: Server, sender: Sender) -> None:
    def ask(token: str, address: str) -> int:
        async def asked() -> int:
            answer = await exchange(
                server, EVENTS, chunks([DOORS["ingest_events"].body]), {"Authorization": f"Bearer {token}"}, address
            )
            assert answer is not None
            return answer.status

        return server.run(asked)

    assert [ask("wrong", "192.0.2.1") for _ in range(121)] == [401] * 120 + [429]
    assert ask("wrong", "192.0.2.2") == 401
    assert ask(sender.token, "192.0.2.1") == 201
    server.clock.turn(60)
    assert ask("wrong", "192.0.2.1") == 401


def test_too_many_failures_are_answered_as_a_rate_limit(serve: Serve) -> None:
    server = serve(public_api_auth_failure_rate_limit_requests=1)
    assert server.post(EVENTS, event(), "wrong").status_code == 401
    answer = server.post(EVENTS, event(), "wrong")
    assert answer.status_code == 429
    assert answer.json() == {"error": "Rate limit exceeded", "limit": 1, "window_seconds": 60, "retry_after": 60}
    assert answer.headers["retry-after"] == "60"
    assert answer.headers["x-ratelimit-limit"] == "1"
    assert answer.headers["x-ratelimit-remaining"] == "0"
    assert answer.headers["x-ratelimit-reset"] == FIRST_RESET
