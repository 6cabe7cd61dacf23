"""Who may read what, and how the read API says no."""

import pytest

from logserver.api.endpoint import Auth
from logserver.contracts.logister.reads import monitors, traces
from logserver.contracts.logister.reads.asking import in_project
from logserver.core import projects
from logserver.core.tokens import READ_SCOPES, Credential
from logserver.store.slow_reads import SlowReads
from logserver.store.tx import Tx
from tests.contracts.logister.reads.asked import ROOT, Desk, read, read_token
from tests.contracts.logstitch.asked import ask
from tests.examples import endpoints
from tests.fakes import FakeClock
from tests.serving import Serve

READS = {endpoint.name: endpoint for endpoint in endpoints() if endpoint.path.startswith(ROOT)}


def test_the_capabilities_are_what_is_declared(desk: Desk) -> None:
    told = read(desk.server, desk.token, "capabilities").json()
    listed = {each["path"] for each in told["resources"]}
    assert listed == {endpoint.public_path() for endpoint in READS.values()}
    assert {each["scope"] for each in told["resources"]} == {None, *READ_SCOPES}
    assert all(endpoint.auth == Auth.PROJECT_TOKEN | Auth.READ_TOKEN for endpoint in READS.values())


@pytest.mark.parametrize("scope", READ_SCOPES)
def test_a_read_token_reads_what_its_scope_says(desk: Desk, scope: str) -> None:
    token = read_token(desk.server, desk.project, scope)
    for each in read(desk.server, desk.token, "capabilities").json()["resources"]:
        path = each["path"].removeprefix(f"{ROOT}/").format(project=desk.project.slug, id="x", uuid="x", trace_id="x")
        answer = read(desk.server, token, path)
        if each["scope"] in {None, scope}:
            assert answer.status_code in {200, 400, 404}, (each, answer.text)
        else:
            assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope"), each


def test_a_slow_question_is_listed_by_what_was_asked() -> None:
    slow = SlowReads(FakeClock().now_ms)
    asker = Credential(1, "read", "reader", None, (), {}, None)
    for each in (traces.one, monitors.every):
        slow.note(in_project(each, asker, "shop"), 1.0, ("SELECT 1", 1.0))
    assert {each.name.rpartition(".reads.")[2] for each in slow.listed()} == {"traces.one", "monitors.every"}


def test_the_session_tells_who_asks(desk: Desk) -> None:
    mine = read(desk.server, desk.token, "session").json()
    assert (mine["token"]["kind"], mine["project"]["slug"]) == ("project", desk.project.slug)
    assert mine["token"]["scopes"] == list(READ_SCOPES)
    whole = read(desk.server, read_token(desk.server, None, "events:read"), "session").json()
    assert (whole["token"]["kind"], whole["token"]["scopes"], whole["project"]) == ("read", ["events:read"], None)


def test_a_token_of_the_server_reads_every_project(desk: Desk) -> None:
    other = Desk(desk.server, desk.server.sender("other"))
    token = read_token(desk.server, None)
    listed = [each["slug"] for each in read(desk.server, token, "projects").json()["items"]]
    assert {desk.project.slug, "other"} <= set(listed)
    other.send(message="there")
    for named in ("other", other.project.uuid):
        items = read(desk.server, token, f"projects/{named}/events").json()["items"]
        assert [each["message"] for each in items] == ["there"]


def test_a_project_token_sees_no_other_project(desk: Desk) -> None:
    desk.server.sender("other")
    assert [each["slug"] for each in read(desk.server, desk.token, "projects").json()["items"]] == [desk.project.slug]
    for named in ("other", "nowhere", "%00", "x" * 3_000):
        answer = read(desk.server, desk.token, f"projects/{named}/summary")
        assert (answer.status_code, answer.json()) == (404, {"error": "there is no such project", "code": "not_found"})
    assert desk.get()["uuid"] == desk.project.uuid


@pytest.mark.parametrize("kind", ["mobile", "edge", "master"])
def test_other_tokens_read_nothing(desk: Desk, kind: str) -> None:
    answer = read(desk.server, desk.server.token(desk.project, kind), "session")
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")


def test_a_token_of_an_archived_project_reads_nothing(desk: Desk) -> None:
    token = read_token(desk.server, desk.project)
    desk.server.administer(projects.archive, desk.project.slug, desk.server.clock.now_ms())
    assert read(desk.server, token, "session").status_code == 401


def test_what_there_is_not_is_said_in_the_same_words(desk: Desk) -> None:
    for method, path, status, code in (
        ("GET", "nothing", 404, "not_found"),
        ("POST", "session", 405, "method_not_allowed"),
    ):
        answer = ask(desk.server, method, f"{ROOT}/{path}", desk.token)
        assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_resource_has_a_limit_of_its_own(serve: Serve) -> None:
    server = serve(public_api_rate_limit_requests=2)
    desk = Desk(server, server.sender())
    assert [read(server, desk.token, "session").headers["x-ratelimit-remaining"] for _ in range(2)] == ["1", "0"]
    answer = read(server, desk.token, "session")
    assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")
    assert int(answer.headers["retry-after"]) > 0
    assert desk.get("events")["items"] == []


def _deployed(tx: Tx, number: int) -> None:
    tx.executemany(
        "INSERT INTO deployments (uuid, project, repository, environment, release, deployed_at, commit_sha, details)"
        " VALUES (?, ?, 'a/b', 'live', '1', ?, 'abc', '{}')",
        [(str(n), number, n) for n in range(5_000)],
    )


def test_a_read_that_takes_too_long_is_ended(serve: Serve) -> None:
    # Time stands still in a test, so what takes a while at all takes too long.
    server = serve(read_seconds=-1.0)
    desk = Desk(server, server.sender())
    server.administer(_deployed, desk.project.number)
    assert desk.refused("deployments", environment="test") == (503, "query_timeout")
    assert len(desk.get("deployments", limit=1)["items"]) == 1


def test_a_search_that_takes_too_long_goes_on_where_it_ended(serve: Serve) -> None:
    server = serve(read_seconds=-1.0)
    desk = Desk(server, server.sender())
    for n in range(200):
        desk.send(message="a", n=n)
    cursor: dict[str, str] = {}
    pages, found = 0, []
    while True:
        answer = desk.get("events", q="n:<3", **cursor)
        pages += 1
        found += [each["context"]["n"] for each in answer["items"]]
        if answer["next_cursor"] is None:
            break
        assert answer["partial"]
        cursor = {"cursor": answer["next_cursor"]}
    assert pages > 1
    assert found == [2, 1, 0]
