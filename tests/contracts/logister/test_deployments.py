"""Deployments: what they need, and that the same one again is the same one."""

from typing import Any

import msgspec
import pytest

from logserver.core.deployments import Deployment
from logserver.core.deployments import every as every_deployment
from logserver.store.database import snapshot
from tests.contracts.logister.sending import DEPLOYMENTS, deployment
from tests.fakes import START_MS
from tests.serving import Sender, Serve, Server

SHA = "0123456789abcdef0123456789abcdef01234567"
AT = "2026-09-21T16:00:00+02:00"
DETAILS = {
    "branch": "main",
    "pull_request_number": 7,
    "pull_request_url": "https://example.com/pull/7",
    "release_tag": "v1",
    "release_url": "https://example.com/v1",
    "compare_url": "https://example.com/compare",
    "workflow_run_url": "https://example.com/run",
    "deployment_url": "https://example.com",
}


def stored(server: Server, sender: Sender) -> list[Deployment]:
    with snapshot(server.folder) as tx:
        return every_deployment(tx, sender.project.number, since_ms=0, until_ms=2**62)


def send(server: Server, sender: Sender, **fields: Any) -> Any:
    answer = server.post(DEPLOYMENTS, deployment(**fields), sender.token)
    assert answer.status_code == 201, answer.text
    assert list(answer.json()) == ["id", "legacy_id", "status"]
    return answer.json()


def test_everything_sent_is_kept(server: Server, sender: Sender) -> None:
    send(server, sender, environment="staging", deployed_at="2026-09-21T14:00:00Z", other=[1], **DETAILS)
    assert stored(server, sender) == [
        Deployment("1.2.3", "staging", "acme/shop", "0123abc", 1_789_999_200_000, DETAILS | {"other": [1]})
    ]


@pytest.mark.parametrize(
    "fields",
    [
        {"Release": "1", "repository": "a/b", "commitSha": SHA, "deployedAt": 1_789_999_200},
        {"RELEASE": "1", "REPOSITORY": "a/b", "COMMIT_SHA": SHA, "DEPLOYED_AT": 1_789_999_200_000},
        {"release": "1", "repository": " a/b ", "commit-sha": SHA.upper(), "deployed-at": "1789999200"},
        {"release": 1, "repository": "https://github.com/a/b.git", "commit_sha": SHA, "deployed_at": AT},
        {"release": "1", "repository": "git@github.com:a/b.git", "commit_sha": SHA, "deployed_at": AT},
    ],
)
def test_every_spelling_is_read(server: Server, sender: Sender, fields: Any) -> None:
    for root in ("deployment", "DEPLOYMENT"):
        assert server.post(DEPLOYMENTS, {root: fields}, sender.token).status_code == 201
    assert stored(server, sender) == [Deployment("1", "production", "a/b", SHA, 1_789_999_200_000, {})]


def test_defaults_are_the_servers_environment_and_the_receipt(serve: Serve) -> None:
    server = serve(environment="qa")
    sender = server.sender()
    send(server, sender)
    assert [(each.environment, each.deployed_at) for each in stored(server, sender)] == [("qa", START_MS)]


@pytest.mark.parametrize(
    ("fields", "errors"),
    [
        ({"release": ...}, ["Release can't be blank"]),
        ({"release": " "}, ["Release can't be blank"]),
        ({"repository": None}, ["Repository can't be blank"]),
        ({"commit_sha": ""}, ["Commit sha can't be blank"]),
        (
            {"release": ..., "repository": ..., "commit_sha": ..., "branch": "main"},
            ["Release can't be blank", "Repository can't be blank", "Commit sha can't be blank"],
        ),
    ],
)
def test_what_is_required_is_said_at_once(server: Server, sender: Sender, fields: Any, errors: list[str]) -> None:
    answer = server.post(DEPLOYMENTS, deployment(**fields), sender.token)
    assert (answer.status_code, answer.json()) == (422, {"errors": errors})
    assert not stored(server, sender)


@pytest.mark.parametrize("sha", ["0123ab", SHA + "0", "0123abg", "0123 abc", "\u0661123456"])
def test_a_commit_is_7_to_40_hexadecimal_digits(server: Server, sender: Sender, sha: str) -> None:
    answer = server.post(DEPLOYMENTS, deployment(commit_sha=sha), sender.token)
    assert answer.status_code == 422
    assert [error for error in answer.json()["errors"] if error.startswith("Commit sha")]


@pytest.mark.parametrize("sha", [SHA[:7], SHA[:39], SHA])
def test_the_edges_of_a_commit_belong_to_it(server: Server, sender: Sender, sha: str) -> None:
    send(server, sender, commit_sha=sha)
    assert [each.commit_sha for each in stored(server, sender)] == [sha]


@pytest.mark.parametrize("repository", ["shop", "/shop", "acme/", "a/b/c", "acme shop/x", "acme/sh op"])
def test_a_repository_is_owner_and_name(server: Server, sender: Sender, repository: str) -> None:
    answer = server.post(DEPLOYMENTS, deployment(repository=repository), sender.token)
    assert answer.status_code == 422
    assert [error for error in answer.json()["errors"] if error.startswith("Repository")]


def test_the_same_deployment_again_is_the_same(server: Server, sender: Sender) -> None:
    at = "2026-09-21T14:00:00Z"
    first = send(server, sender, branch="main", deployed_at=at)
    assert send(server, sender, commit_sha=SHA, release_tag="v1", deployed_at=at) == first
    assert send(server, sender, commit_sha=SHA, branch="other") == first
    assert stored(server, sender) == [
        Deployment("1.2.3", "production", "acme/shop", SHA, 1_789_999_200_000, {"branch": "other", "release_tag": "v1"})
    ]


def test_the_same_release_at_another_time_is_another_mark(server: Server, sender: Sender) -> None:
    first = send(server, sender, deployed_at="2026-09-21T14:00:00Z")
    assert send(server, sender, deployed_at="2026-09-21T16:00:00Z")["id"] != first["id"]
    assert [each.deployed_at for each in stored(server, sender)] == [1_789_999_200_000, 1_790_006_400_000]


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"deployment_url": "javascript:alert(1)"}, "Deployment url must be an http or https address"),
        ({"compare_url": "/relative"}, "Compare url must be an http or https address"),
        ({"pull_request_number": "abc"}, "Pull request number must be a number"),
    ],
)
def test_what_is_shown_as_a_link_is_one(server: Server, sender: Sender, fields: Any, error: str) -> None:
    answer = server.post(DEPLOYMENTS, deployment(**fields), sender.token)
    assert (answer.status_code, answer.json()) == (422, {"errors": [error]})
    assert not stored(server, sender)


@pytest.mark.parametrize("fields", [{"release": "1.2.4"}, {"environment": "staging"}, {"repository": "acme/other"}])
def test_another_release_environment_or_repository_is_another(server: Server, sender: Sender, fields: Any) -> None:
    first, second = send(server, sender), send(server, sender, **fields)
    assert first["id"] != second["id"]
    assert first["legacy_id"] != second["legacy_id"]
    assert len(stored(server, sender)) == 2


def test_the_same_deployment_of_another_project_is_another(server: Server, sender: Sender) -> None:
    other = server.sender()
    assert send(server, sender)["id"] != send(server, other)["id"]
    assert len(stored(server, sender)) == len(stored(server, other)) == 1


def test_a_number_of_any_size_comes_through(server: Server, sender: Sender) -> None:
    send(server, sender, pull_request_number=10**30, other=10**400)
    (found,) = stored(server, sender)
    assert found.details == {"pull_request_number": 10**30, "other": 10**400}
    assert msgspec.json.encode(found.details)
