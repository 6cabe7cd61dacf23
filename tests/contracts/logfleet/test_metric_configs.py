"""Metric configs: made, listed, changed and tried by people, and read by agents."""

from typing import Any

import pytest

from tests.contracts.logfleet.fleet import NOBODY, ask, edge_key, is_uuid4, refused, registered, told, wrong
from tests.contracts.logfleet.metering import CONFIGS, config, made, rule
from tests.serving import Sender, Server

TRY = f"{CONFIGS}/test"
SYNC = "/api/v1/edge/sync-config"
TIMED = rule(
    name="seconds",
    type="histogram",
    pattern="took=(?P<ms>[0-9]+)ms (?P<path>/\\S*)",
    labels={"path": "$path"},
    value_capture="$1",
    value_transform=0.001,
    buckets=[0.1, 1],
)


@pytest.fixture
def admin(server: Server) -> str:
    return server.person()


@pytest.fixture
def member(server: Server) -> str:
    return server.person("member@example.com", "member")


@pytest.fixture
def key(server: Server, sender: Sender) -> str:
    return server.token(sender.project, "edge")


def test_a_config_is_shown_as_it_was_made(server: Server, admin: str, member: str, key: str) -> None:
    agent = registered(server, key)
    fields = {"description": "of the proxy", "log_source": "/var/log/*.log", "agent_ids": [agent["id"].upper()]}
    sent = config(rule(labels=["a"], pattern="(?P<a>x)"), TIMED, **fields)
    answer = made(server, admin, sent)
    assert is_uuid4(answer["id"])
    assert answer == {
        "id": answer["id"],
        "name": "nginx",
        "description": "of the proxy",
        "log_source": "/var/log/*.log",
        "enabled": True,
        "agent_ids": [agent["id"]],
        "metrics": [
            {
                "name": "errors_total",
                "type": "counter",
                "description": "",
                "pattern": "(?P<a>x)",
                "labels": ["a"],
                "value_capture": None,
                "value_transform": None,
                "buckets": None,
            },
            {**TIMED, "description": "", "buckets": [0.1, 1.0]},
        ],
        "version": 1,
        "created_at": "2026-09-21T14:13:30.250Z",
        "updated_at": "2026-09-21T14:13:30.250Z",
    }
    assert told(ask(server, "GET", f"{CONFIGS}/{answer['id']}", member)) == answer
    assert told(ask(server, "GET", CONFIGS, member)) == {"items": [answer], "total": 1, "page": 1, "page_size": 20}


def test_what_is_left_out_has_its_default(server: Server, admin: str) -> None:
    answer = made(server, admin, config())
    fields = ("description", "log_source", "enabled", "agent_ids", "version")
    assert [answer[field] for field in fields] == ["", "", True, None, 1]


def test_what_was_answered_can_be_put_again(server: Server, admin: str) -> None:
    answer = made(server, admin, config(TIMED))
    server.clock.turn(1)
    again = told(ask(server, "PUT", f"{CONFIGS}/{answer['id']}", admin, answer))
    assert again == {**answer, "version": 2, "updated_at": "2026-09-21T14:13:31.250Z"}


def test_a_stale_version_is_a_conflict_that_names_the_current_one(server: Server, admin: str) -> None:
    path = f"{CONFIGS}/{made(server, admin, config())['id']}"
    assert told(ask(server, "PUT", path, admin, config(enabled=False, version=1)))["version"] == 2
    answer = ask(server, "PUT", path, admin, config(name="other", version=1))
    refused(answer, 409, "version_conflict")
    assert answer.json()["details"] == {"current_version": 2}
    assert told(ask(server, "GET", path, admin))["name"] == "nginx"
    assert wrong(ask(server, "PUT", path, admin, config())) == {"version": "Required"}


def test_a_name_is_taken_once(server: Server, admin: str) -> None:
    made(server, admin, config())
    refused(ask(server, "POST", CONFIGS, admin, config()), 409, "conflict")
    other = made(server, admin, config(name="other"))
    refused(ask(server, "PUT", f"{CONFIGS}/{other['id']}", admin, config(version=1)), 409, "conflict")


def test_lists_are_read_by_page(server: Server, admin: str) -> None:
    for number in range(3):
        made(server, admin, config(name=f"c{number}"))
    second = told(ask(server, "GET", CONFIGS, admin, query=[("page", 2), ("page_size", 2)]))
    assert ([item["name"] for item in second["items"]], second["total"], second["page"]) == (["c2"], 3, 2)
    assert wrong(ask(server, "GET", CONFIGS, admin, query=[("page", 0), ("page_size", 101)])).keys() == {
        "page",
        "page_size",
    }


def test_a_deleted_config_is_gone(server: Server, admin: str) -> None:
    path = f"{CONFIGS}/{made(server, admin, config())['id']}"
    assert ask(server, "DELETE", path, admin).status_code == 204
    for method, body in (("GET", None), ("DELETE", None), ("PUT", config(version=1))):
        refused(ask(server, method, path, admin, body), 404, "not_found")


def test_members_read_and_try_but_change_nothing(server: Server, admin: str, member: str) -> None:
    path = f"{CONFIGS}/{made(server, admin, config())['id']}"
    for method, where, body in (("POST", CONFIGS, config()), ("PUT", path, config(version=1)), ("DELETE", path, None)):
        refused(ask(server, method, where, member, body), 403, "forbidden")
    assert told(ask(server, "POST", TRY, member, {"config": config(), "lines": []})) == {"results": []}


def test_a_minute_has_room_for_sixty_requests(server: Server, admin: str) -> None:
    answers = [ask(server, "GET", CONFIGS, admin) for _ in range(61)]
    assert [answer.status_code for answer in answers] == [200] * 60 + [429]
    assert answers[0].headers["x-ratelimit-limit"] == "60"


@pytest.mark.parametrize(
    ("sent", "field", "message"),
    [
        (config(name=...), "name", "Required"),
        (config(name=" "), "name", "Must not be empty"),
        (config(name="x" * 201), "name", "at most 200"),
        (config(description=1), "description", "Expected string"),
        (config(enabled="yes"), "enabled", "Expected boolean"),
        (config(log_source="x" * 1001), "log_source", "at most 1000"),
        (config(log_source="[z-a]"), "log_source", "no glob"),
        (config(agent_ids="all"), "agent_ids", "Expected array"),
        (config(agent_ids=[NOBODY]), "agent_ids[0]", "no such agent"),
        (config(agent_ids=[NOBODY] * 1001), "agent_ids", "at most 1000"),
        (config(metrics=...), "metrics", "Required"),
        (config(metrics=[]), "metrics", "non-empty array"),
        (config(metrics={}), "metrics", "non-empty array"),
        (config(metrics=[1]), "metrics[0]", "Expected object"),
        (config(metrics=[rule()] * 101), "metrics", "at most 100"),
        (config(rule(name=...)), "metrics[0].name", "Required"),
        (config(rule(name="9lives")), "metrics[0].name", "not begin with a digit"),
        (config(rule(name="a-b")), "metrics[0].name", "letters, digits"),
        (config(rule(name="x" * 201)), "metrics[0].name", "at most 200"),
        (config(rule(), rule(type="timer")), "metrics[1].type", "counter, gauge, histogram"),
        (config(rule(description=1)), "metrics[0].description", "Expected string"),
        (config(rule(pattern=...)), "metrics[0].pattern", "Required"),
        (config(rule(pattern="")), "metrics[0].pattern", "Must not be empty"),
        (config(rule(pattern="x" * 1001)), "metrics[0].pattern", "at most 1000"),
        (config(rule(pattern="(unfinished")), "metrics[0].pattern", "'(unfinished' cannot be used: missing )"),
        (config(rule(pattern="(a)\\1")), "metrics[0].pattern", "(a)"),
        (config(rule(pattern="(?=ahead)")), "metrics[0].pattern", "(?=ahead)"),
        (config(rule(pattern=r"[\pL]{900}")), "metrics[0].pattern", "cannot be used"),
        (config(rule(labels="a")), "metrics[0].labels", "Expected an array"),
        (config(rule(labels=["a"])), "metrics[0].labels[0]", "no group named a"),
        (config(rule(labels=["a", "a"], pattern="(?P<a>x)")), "metrics[0].labels[1]", "already"),
        (config(rule(labels=[1])), "metrics[0].labels[0]", "letters"),
        (config(rule(labels=["a-b"])), "metrics[0].labels[0]", "letters"),
        (config(rule(labels=["__name__"], pattern="(?P<__name__>x)")), "metrics[0].labels[0]", "reserved"),
        (config({**TIMED, "labels": {"le": "$1"}}), "metrics[0].labels.le", "reserved"),
        (config(rule(labels={"a": "$1"})), "metrics[0].labels.a", "no group $1"),
        (config(rule(labels={"a": "$0"}, pattern="(x)")), "metrics[0].labels.a", "no group $0"),
        (config(rule(labels={"a": "$b"})), "metrics[0].labels.a", "no group named b"),
        (config(rule(labels={"a": "literal"})), "metrics[0].labels.a", "must be $1"),
        (config(rule(labels={"a": 1})), "metrics[0].labels.a", "must be $1"),
        (config(rule(labels={f"l{n}": "$1" for n in range(11)})), "metrics[0].labels", "at most 10"),
        (config(rule(type="gauge")), "metrics[0].value_capture", "Required for a gauge"),
        (config(rule(type="histogram")), "metrics[0].value_capture", "Required for a histogram"),
        (config(rule(value_capture="$1")), "metrics[0].value_capture", "no group $1"),
        (config(rule(value_capture=1)), "metrics[0].value_capture", "must be $1"),
        (config(rule(value_transform=2)), "metrics[0].value_transform", "Needs value_capture"),
        (config({**TIMED, "value_transform": "x"}), "metrics[0].value_transform", "must be a number"),
        (config({**TIMED, "value_transform": True}), "metrics[0].value_transform", "must be a number"),
        (config({**TIMED, "value_transform": 0}), "metrics[0].value_transform", "other than 0"),
        (config({**TIMED, "value_transform": 10**400}), "metrics[0].value_transform", "finite"),
        (config({**TIMED, "value_transform": {"divide": 2}}), "metrics[0].value_transform", "must be a number"),
        (
            config({**TIMED, "value_transform": {"type": "add", "value": 2}}),
            "metrics[0].value_transform",
            "must be a number",
        ),
        (
            config(rule(pattern="(x)", value_capture="$1", value_transform=-1)),
            "metrics[0].value_transform",
            "positive",
        ),
        (config(rule(buckets=[1])), "metrics[0].buckets", "Only a histogram"),
        (config({**TIMED, "buckets": []}), "metrics[0].buckets", "1 to 50"),
        (config({**TIMED, "buckets": list(range(51))}), "metrics[0].buckets", "1 to 50"),
        (config({**TIMED, "buckets": ["1"]}), "metrics[0].buckets", "finite numbers"),
        (config({**TIMED, "buckets": [10**400]}), "metrics[0].buckets", "finite numbers"),
        (config({**TIMED, "buckets": [1, 1]}), "metrics[0].buckets", "ascend"),
        (config(TIMED, {**TIMED, "buckets": [5]}), "metrics[1].buckets", "other buckets"),
        (config(rule(), rule(type="gauge", pattern="(x)", value_capture="$1")), "metrics[1].type", "is a counter"),
    ],
)
def test_a_config_that_does_not_hold_together(
    server: Server, admin: str, sent: dict[str, Any], field: str, message: str
) -> None:
    details = wrong(ask(server, "POST", CONFIGS, admin, sent))
    assert details.keys() == {field}
    assert message in details[field]
    if not field.startswith(("agent_ids", "name")):
        tried = wrong(ask(server, "POST", TRY, admin, {"config": sent, "lines": ["x"]}))
        assert tried == {f"config.{field}": details[field]}


def test_everything_that_is_wrong_is_told_at_once(server: Server, admin: str) -> None:
    sent = config(rule(pattern="("), rule(name="", labels=["a"]), name=..., enabled=1, log_source="[z-a]")
    assert wrong(ask(server, "POST", CONFIGS, admin, sent)).keys() == {
        "name",
        "enabled",
        "log_source",
        "metrics[0].pattern",
        "metrics[1].name",
        "metrics[1].labels[0]",
    }


@pytest.mark.parametrize("transform", [0.001, {"multiply": 0.001}, {"type": "multiply", "value": 0.001}])
def test_a_config_is_tried_on_lines(server: Server, admin: str, transform: Any) -> None:
    sent = {
        "config": config(rule(), {**TIMED, "value_transform": transform}, name=...),
        "lines": ["took=250ms /a ERROR", "nothing", "ü ERROR"],
    }
    error = {"metric": "errors_total", "type": "counter", "value": 1.0, "labels": {}}
    assert told(ask(server, "POST", TRY, admin, sent)) == {
        "results": [
            {
                "line": "took=250ms /a ERROR",
                "matches": [
                    error,
                    {"metric": "seconds", "type": "histogram", "value": 0.25, "labels": {"path": "/a"}},
                ],
            },
            {"line": "nothing", "matches": []},
            {"line": "ü ERROR", "matches": [error]},
        ]
    }
    assert server.count("metric_configs") == 0


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"config": config()}, "lines"),
        ({"config": config(), "lines": "x"}, "lines"),
        ({"config": config(), "lines": ["x"] * 1001}, "lines"),
        ({"config": config(), "lines": ["x" * 8193]}, "lines"),
        ({"lines": ["x"]}, "config"),
        ({"config": 1, "lines": ["x"]}, "config"),
    ],
)
def test_a_trial_needs_a_config_and_lines(server: Server, admin: str, sent: dict[str, Any], field: str) -> None:
    assert wrong(ask(server, "POST", TRY, admin, sent)).keys() == {field}


def test_a_config_has_a_size(server: Server, admin: str) -> None:
    sent = {"config": config(), "lines": ["x" * 300_000]}
    refused(ask(server, "POST", TRY, admin, sent), 413, "payload_too_large")


@pytest.fixture(params=["path", "query"])
def asked(request: pytest.FixtureRequest, server: Server, key: str) -> Any:
    """Asks what an agent is to apply, on one of the two paths."""

    def ask_for(agent_id: str, token: str = key, known: str | None = None) -> Any:
        by_query = request.param == "query"
        path = f"{SYNC}?agent_id={agent_id}" if by_query else f"/api/v1/edge/agents/{agent_id}/metric-config"
        headers = {"Authorization": f"Bearer {token}"} | ({"If-None-Match": known} if known is not None else {})
        return server.client.get(path, headers=headers)

    return ask_for


def test_an_agent_is_told_what_concerns_it(server: Server, admin: str, key: str, asked: Any) -> None:
    mine, other = registered(server, key, "web-1"), registered(server, key, "web-2")
    everybody = made(server, admin, config(name="everybody"))
    hers = made(server, admin, config(name="hers", agent_ids=[mine["id"]]))
    made(server, admin, config(name="off", enabled=False))
    made(server, admin, config(name="nobody", agent_ids=[]))
    assert told(asked(mine["id"]))["configs"] == [everybody, hers]
    assert told(asked(other["id"]))["configs"] == [everybody]


def test_an_agent_is_told_once(server: Server, admin: str, key: str, asked: Any) -> None:
    agent = registered(server, key)
    first = asked(agent["id"])
    tag = first.headers["etag"]
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = asked(agent["id"], known=known)
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    answer = made(server, admin, config())
    second = asked(agent["id"], known=tag)
    assert told(second)["version"] > told(first)["version"]
    ask(server, "PUT", f"{CONFIGS}/{answer['id']}", admin, config(enabled=False, version=1))
    third = asked(agent["id"], known=second.headers["etag"])
    assert told(third)["configs"] == []
    assert told(third)["version"] > told(second)["version"]


def test_an_agent_is_of_the_project_of_the_key(server: Server, key: str, asked: Any) -> None:
    agent = registered(server, key)
    other = server.token(server.sender().project, "edge")
    refused(asked(agent["id"], other), 404, "not_found")
    refused(asked(NOBODY), 404, "not_found")


def test_a_key_needs_the_permission(server: Server, sender: Sender, key: str, asked: Any) -> None:
    agent = registered(server, key)
    message = refused(asked(agent["id"], edge_key(server, sender.project, "edge:heartbeat")), 403, "forbidden")
    assert "edge:metrics" in message


def test_the_agent_must_be_named(server: Server, key: str) -> None:
    assert wrong(ask(server, "GET", SYNC, key)) == {"agent_id": "Required"}


def test_an_agent_that_is_gone_is_named_no_more(server: Server, admin: str, key: str) -> None:
    agent = registered(server, key)
    answer = made(server, admin, config(agent_ids=[agent["id"]]))
    assert ask(server, "DELETE", f"/api/v1/agents/{agent['id']}", admin).status_code == 204
    assert told(ask(server, "GET", f"{CONFIGS}/{answer['id']}", admin))["agent_ids"] == []


def test_the_id_of_a_config_may_be_spelled_in_capitals(server: Server, admin: str) -> None:
    path = f"{CONFIGS}/{made(server, admin, config())['id'].upper()}"
    assert told(ask(server, "GET", path, admin))["version"] == 1
    assert told(ask(server, "PUT", path, admin, {**config(), "version": 1}))["version"] == 2
    assert ask(server, "DELETE", path, admin).status_code == 204
    assert ask(server, "GET", path, admin).status_code == 404
