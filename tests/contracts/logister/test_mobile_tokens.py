"""Mobile tokens: short-lived, for events and check-ins, bound to an app."""

from typing import Any

import pytest

from tests.contracts.logister.sending import (
    BATCH,
    CHECK_INS,
    DEPLOYMENTS,
    EVENTS,
    MOBILE_TOKENS,
    NDJSON,
    check_in,
    deployment,
    event,
    lines,
    mobile_token,
    span,
    uuid,
)
from tests.serving import Sender, Server

TYPES = ["error", "log", "metric", "transaction", "span", "check_in"]
BOUND = {"platform": "ios", "service": "shop-app", "environment": "beta", "release": "1.4.0+42", "session_id": "s1"}


def mint(server: Server, sender: Sender, **fields: Any) -> Any:
    answer = server.post(MOBILE_TOKENS, mobile_token(**fields), sender.token)
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_the_answer_says_everything_it_is_bound_to(server: Server, sender: Sender) -> None:
    answer = mint(server, sender, **BOUND, expires_in_seconds=60, allowed_event_types=["error", "log"])
    assert answer.pop("token").startswith("logister_mobile_")
    assert answer == BOUND | {
        "expires_at": "2026-09-21T14:14:30.250Z",
        "expires_in_seconds": 60,
        "allowed_event_types": ["error", "log"],
    }


def test_it_has_defaults(server: Server, sender: Sender) -> None:
    answer = mint(server, sender, platform="ANDROID")
    assert (answer["platform"], answer["expires_in_seconds"]) == ("android", 900)
    assert (answer["release"], answer["session_id"]) == (None, None)
    assert sorted(answer["allowed_event_types"]) == sorted(TYPES)


def test_the_secret_is_kept_nowhere(server: Server, sender: Sender) -> None:
    secret = mint(server, sender)["token"]
    assert mint(server, sender)["token"] != secret
    kept = server.rows("SELECT * FROM tokens WHERE kind = 'mobile'")
    assert len(kept) == 2
    assert not any(secret in str(value) for row in kept for value in row)


def test_camel_case_is_read(server: Server, sender: Sender) -> None:
    answer = mint(server, sender, sessionId="s1", expiresInSeconds="120", allowedEventTypes=["log"])
    assert (answer["session_id"], answer["expires_in_seconds"]) == ("s1", 120)
    assert answer["allowed_event_types"] == ["log"]


@pytest.mark.parametrize("seconds", [60, 3_600])
def test_the_edges_of_its_life_belong_to_it(server: Server, sender: Sender, seconds: int) -> None:
    assert mint(server, sender, expires_in_seconds=seconds)["expires_in_seconds"] == seconds


@pytest.mark.parametrize(
    ("fields", "start"),
    [
        ({"platform": ...}, "Platform "),
        ({"platform": "web"}, "Platform "),
        ({"service": " "}, "Service can't be blank"),
        ({"environment": None}, "Environment can't be blank"),
        ({"expires_in_seconds": 59}, "Expires "),
        ({"expires_in_seconds": 3_601}, "Expires "),
        ({"expires_in_seconds": -60}, "Expires "),
        ({"expires_in_seconds": "soon"}, "Expires "),
        ({"expires_in_seconds": 10**30}, "Expires "),
        ({"allowed_event_types": ["log", "trace"]}, "Allowed event types contains unsupported values: trace"),
        ({"allowed_event_types": []}, "Allowed event types "),
        ({"allowed_event_types": "log"}, "Allowed event types "),
        ({"allowed_event_types": [None, [1], {}]}, "Allowed event types contains unsupported values"),
    ],
)
def test_what_breaks_a_rule_is_422(server: Server, sender: Sender, fields: Any, start: str) -> None:
    answer = server.post(MOBILE_TOKENS, mobile_token(**fields), sender.token)
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error.startswith(start)
    assert not server.rows("SELECT 1 FROM tokens WHERE kind = 'mobile'")


def test_everything_wrong_is_said_at_once(server: Server, sender: Sender) -> None:
    answer = server.post(MOBILE_TOKENS, {"mobile_ingest_token": {"expires_in_seconds": 1}}, sender.token)
    assert (answer.status_code, len(answer.json()["errors"])) == (422, 4)


def test_it_expires_by_the_clock(server: Server, sender: Sender) -> None:
    token = mint(server, sender, expires_in_seconds=60)["token"]
    server.clock.turn(59.75)
    assert server.post(EVENTS, event(), token).status_code == 201
    server.clock.turn(0.25)
    for _ in range(2):
        answer = server.post(EVENTS, event(), token)
        assert (answer.status_code, answer.json()) == (401, {"error": "Unauthorized"})
    assert len(server.events(sender.project)) == 1


@pytest.mark.parametrize(("path", "body"), [(MOBILE_TOKENS, mobile_token()), (DEPLOYMENTS, deployment())])
def test_it_may_neither_deploy_nor_make_tokens(server: Server, sender: Sender, path: str, body: Any) -> None:
    answer = server.post(path, body, mint(server, sender)["token"])
    assert (answer.status_code, answer.json()) == (403, {"error": "Forbidden"})
    assert len(server.rows("SELECT 1 FROM tokens WHERE kind = 'mobile'")) == 1


@pytest.mark.parametrize("kind", TYPES)
def test_it_sends_the_types_it_may(server: Server, sender: Sender, kind: str) -> None:
    body = span() if kind == "span" else event(event_type=kind)
    assert server.post(EVENTS, body, mint(server, sender, allowed_event_types=[kind])["token"]).status_code == 201
    others = [each for each in TYPES if each != kind]
    token = mint(server, sender, allowed_event_types=others)["token"]
    for path, sent, headers in (
        (EVENTS, body, {}),
        (BATCH, lines({"event": {"uuid": uuid(1), **body["event"]}}), NDJSON),
    ):
        answer = server.post(path, sent, token, headers)
        assert (answer.status_code, answer.json()) == (
            403,
            {"error": "Mobile ingest token cannot send this event type"},
        )
    assert len(server.events(sender.project)) == 1


def test_check_ins_are_a_type_as_well(server: Server, sender: Sender) -> None:
    assert server.post(CHECK_INS, check_in(), mint(server, sender)["token"]).status_code == 201
    token = mint(server, sender, allowed_event_types=["log"])["token"]
    assert server.post(CHECK_INS, check_in(), token).status_code == 403
    assert len(server.events(sender.project)) == 1


def test_everything_sent_carries_what_it_is_bound_to(server: Server, sender: Sender) -> None:
    token = mint(server, sender, **BOUND)["token"]
    assert server.post(EVENTS, event(), token).status_code == 201
    assert server.post(CHECK_INS, check_in(), token).status_code == 201
    assert server.post(BATCH, lines(event(uuid=uuid(1))), token, NDJSON).status_code == 202
    for found in server.events(sender.project):
        assert BOUND.items() <= found.context.items()
    assert [monitor.environment for monitor in server.monitors(sender.project)] == ["beta"]


@pytest.mark.parametrize("name", BOUND)
@pytest.mark.parametrize("place", ["beside", "inside"])
def test_a_value_that_contradicts_is_422(server: Server, sender: Sender, name: str, place: str) -> None:
    token = mint(server, sender, **BOUND)["token"]
    sent = {name: "other"} if place == "beside" else {"context": {name: "other"}}
    for path, body in ((EVENTS, event(**sent)), (CHECK_INS, check_in(**sent))):
        answer = server.post(path, body, token)
        assert answer.status_code == 422
        assert answer.json()["errors"] == [
            f'{name} must match the mobile ingest token binding (got "other", expected "{BOUND[name]}")'
        ]
    assert not server.events(sender.project)


@pytest.mark.parametrize("name", BOUND)
@pytest.mark.parametrize("value", [None, "", " ", ...], ids=["null", "empty", "blank", "equal"])
def test_a_blank_or_equal_value_does_not_contradict(server: Server, sender: Sender, name: str, value: Any) -> None:
    token = mint(server, sender, **BOUND)["token"]
    sent = {name: BOUND[name] if value is ... else value}
    assert server.post(EVENTS, event(**sent), token).status_code == 201
    assert server.event(sender.project).context[name] == BOUND[name]


def test_what_it_is_not_bound_to_is_free(server: Server, sender: Sender) -> None:
    token = mint(server, sender)["token"]
    assert server.post(EVENTS, event(release="any", session_id="any"), token).status_code == 201
    assert server.event(sender.project).context["release"] == "any"
