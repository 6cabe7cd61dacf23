"""Claiming a stream: all of it or nothing, chained and redacted, and silent."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from logserver.contracts.logstitch.links import BEGINNING, content_hash
from logserver.core import projects
from logserver.core.redaction import rules
from logserver.core.retention import Retention
from tests.contracts.logstitch.streaming import (
    CARD,
    DAY,
    PLACEHOLDER,
    claim,
    event,
    info,
    master_key,
    numbered_token,
    redacts,
    send,
    sent,
    several,
    token,
    totals,
    trail,
)
from tests.serving import Sender, Serve, Server

TOKEN = "a1b2c3d4-e5f6-4a7b-8c9d-0e1f2a3b4c5d"


@pytest.fixture
def server(serve: Serve) -> Server:
    return serve(stream_requests_per_minute=10_000, streams_per_day=10_000, stream_events_per_day=500)


@pytest.fixture
def key(server: Server, sender: Sender) -> str:
    return master_key(server, sender.project)


def chained(server: Server, sender: Sender) -> list[dict[str, Any]]:
    """The trail of a project in the order of its chain, which must be whole."""
    shown = {each["content_hash"]: each for each in trail(server, sender.token)}
    links = server.rows("SELECT seq, hash FROM audit_links WHERE project = ? ORDER BY seq", sender.project.number)
    assert [seq for seq, _ in links] == list(range(1, len(shown) + 1))
    before = BEGINNING
    ordered = []
    for _, linked in links:
        each = dict(shown[linked.hex()])
        assert content_hash(before, {name: each[name] for name in each if name != "content_hash"}) == linked
        ordered.append(each)
        before = linked
    return ordered


def test_every_event_moves_with_its_id(server: Server, sender: Sender, key: str) -> None:
    mine = server.post("/api/v1/events", event(), sender.token).json()["ids"]
    ids: list[str] = []
    for _ in range(5):
        ids += sent(server, TOKEN, several(100))
    server.clock.turn(DAY)
    answer = claim(server, TOKEN, key)
    assert answer.status_code == 200
    assert answer.json() == {"event_count": 500, "request_id": answer.headers["x-request-id"]}
    mine += server.post("/api/v1/events", event(), sender.token).json()["ids"]
    assert [each["id"] for each in chained(server, sender)] == [mine[0], *ids, mine[1]]
    assert server.count("stream_events") == 0
    assert totals(server) == (0, 0)
    assert info(server, TOKEN).json()["event_count"] == 500


def test_claimed_events_are_as_they_were_sent(server: Server, sender: Sender, key: str) -> None:
    whole = {
        "action": "user.role.updated",
        "category": "admin",
        "actor": {"id": "user_123", "type": "user", "name": "Ann", "email": "ann@acme.example"},
        "tenant_id": "acme_corp",
        "target": {"id": "user_456", "type": "user"},
        "context": {"ip_address": "203.0.113.7", "location": {"city": "Oslo", "at": [59.91, 10.75]}},
        "metadata": {"ticket": "OPS-17", "n": 2**53 - 1, "deep": [[{"x": None}], True, 1e-7]},
        "changes": [{"field": "role", "before": "viewer", "after": "admin"}],
        "idempotency_key": "a-key",
        "occurred_at": "2026-09-20T08:00:00.500Z",
        "of the sender's own": "\u2603",
    }
    (first,) = sent(server, TOKEN, whole)
    (direct,) = server.post("/api/v1/events", whole, server.sender("other").token).json()["ids"]
    assert first != direct
    assert claim(server, TOKEN, key, project_id=sender.project.uuid).status_code == 200
    (found,) = chained(server, sender)
    added = {name: found.pop(name) for name in ("id", "redactions", "received_at", "content_hash")}
    assert found == whole
    assert added["id"] == first
    assert server.post("/api/v1/events", whole, sender.token).json()["ids"] == [first]


def test_found_like_any_other(server: Server, sender: Sender, key: str) -> None:
    ids = sent(server, TOKEN, [event(metadata={"word": "needle"}), event(tenant_id="other")])
    assert trail(server, sender.token) == []
    claim(server, TOKEN, key)
    assert [each["id"] for each in trail(server, sender.token, search="needle")] == ids[:1]
    assert [each["id"] for each in trail(server, sender.token, tenant_id="other")] == ids[1:]
    assert len(trail(server, sender.token, action="user.*", actor_type="user")) == 2


def test_with_several_projects_one_is_named(server: Server, sender: Sender, key: str) -> None:
    other = server.sender("other")
    sent(server, TOKEN, event())
    answer = claim(server, TOKEN, key)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "bad_request")
    assert "project_id" in answer.json()["error"]["message"]
    assert claim(server, TOKEN, key, project_id="8f1b7c1e-0000-4000-8000-000000000000").status_code == 404
    assert claim(server, TOKEN, key, project_id=7).status_code == 400
    assert claim(server, TOKEN, key, project_id=other.project.uuid).json()["event_count"] == 1
    second = token()
    sent(server, second, event())
    path = f"/api/v1/streams/claim?project_id={other.project.slug}"
    assert server.post(path, {"claim_token": second}, key).status_code == 200
    assert (len(trail(server, other.token)), len(trail(server, sender.token))) == (2, 0)


def test_an_archived_project_takes_nothing(server: Server, sender: Sender, key: str) -> None:
    sent(server, TOKEN, event())
    server.sender("other")
    server.administer(projects.archive, sender.project.slug, server.clock.now_ms())
    answer = claim(server, TOKEN, key, project_id=sender.project.uuid)
    assert (answer.status_code, answer.json()["error"]["message"]) == (409, "the project is archived")
    assert info(server, TOKEN).json()["status"] == "active"
    assert server.events(sender.project) == []
    server.administer(projects.restore, sender.project.slug)
    assert claim(server, TOKEN, key, project_id=sender.project.uuid).status_code == 200


REFUSED = {
    "nothing": ({}, 422, "claim_token"),
    "null": ({"claim_token": None}, 422, "claim_token"),
    "a number": ({"claim_token": 7}, 422, "claim_token"),
    "a list": ([TOKEN], 422, ""),
    "no JSON": (b"{", 400, None),
    "an unknown one": ({"claim_token": TOKEN}, 404, None),
    "too much": ({"claim_token": "x" * 70_000}, 413, None),
}


@pytest.mark.parametrize(("body", "status", "field"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_claimed(server: Server, key: str, body: Any, status: int, field: str | None) -> None:
    answer = server.post("/api/v1/streams/claim", body, key)
    assert answer.status_code == status
    details = answer.json()["error"].get("details", [])
    assert [detail["field"] for detail in details] == ([field] if field is not None else [])


def test_only_a_master_key_claims(server: Server, sender: Sender, key: str) -> None:
    sent(server, TOKEN, event())
    for credential, status in ((None, 401), ("mk_nonsense", 401), (TOKEN, 401), (sender.token, 403)):
        answer = claim(server, TOKEN, credential)
        assert answer.status_code == status
        assert TOKEN not in answer.text
    assert info(server, TOKEN).json()["status"] == "active"
    assert claim(server, TOKEN.upper(), key).status_code == 200


def test_a_key_that_is_taken_is_dropped_and_the_event_kept(server: Server, sender: Sender, key: str) -> None:
    mine = server.post("/api/v1/events", event(idempotency_key="a"), sender.token).json()["ids"]
    ids = sent(server, TOKEN, [event(idempotency_key="a"), event(idempotency_key="b")])
    assert claim(server, TOKEN, key).json()["event_count"] == 2
    shown = {each["id"]: each.get("idempotency_key") for each in chained(server, sender)}
    assert shown == {mine[0]: "a", ids[0]: None, ids[1]: "b"}
    assert server.post("/api/v1/events", event(idempotency_key="a"), sender.token).json()["ids"] == mine
    assert server.post("/api/v1/events", event(idempotency_key="b"), sender.token).json()["ids"] == ids[1:]


def test_two_streams_with_the_same_keys(server: Server, sender: Sender, key: str) -> None:
    ids = []
    for number in range(2):
        ids += sent(server, numbered_token(number), [event(idempotency_key="a"), event(idempotency_key="b")])
    assert [claim(server, numbered_token(number), key).json()["event_count"] for number in range(2)] == [2, 2]
    assert [each["id"] for each in chained(server, sender)] == ids


def test_the_rules_of_the_project_run_before_the_chain(server: Server, sender: Sender, key: str) -> None:
    own = redacts(server, sender.project, "second")
    sent(
        server,
        TOKEN,
        [
            event(metadata={"text": f"{CARD} second"}, second="a key of its own", idempotency_key="of the second"),
            event(metadata={"text": CARD}),
        ],
    )
    assert claim(server, TOKEN, key).status_code == 200
    found, other = chained(server, sender)
    assert found["metadata"] == {"text": f"{PLACEHOLDER} {PLACEHOLDER}"}
    assert found[PLACEHOLDER] == "a key of its own"
    assert "second" not in found
    assert "idempotency_key" not in found
    first = {"field": "metadata.text", "rule_id": "builtin_credit_card"}
    assert found["redactions"][0] == first
    assert {each["rule_id"] for each in found["redactions"][1:]} == {own}
    assert len(found["redactions"]) == 3
    assert other["redactions"] == [first]
    stored = str(server.rows("SELECT message, context FROM events"))
    assert "second" not in stored
    assert trail(server, sender.token, search="second") == []


def test_a_tenant_that_would_be_redacted_stops_the_claim(server: Server, sender: Sender, key: str) -> None:
    sent(server, TOKEN, [event(), event(tenant_id="second")])
    own = redacts(server, sender.project, "second")
    answer = claim(server, TOKEN, key)
    assert answer.status_code == 422
    assert [detail["field"] for detail in answer.json()["error"]["details"]] == ["events.1.tenant_id"]
    assert "second" not in answer.text
    assert trail(server, sender.token) == []
    assert info(server, TOKEN).json() | {"request_id": ""} == {
        "claim_token": TOKEN,
        "event_count": 2,
        "status": "active",
        "created_at": "2026-09-21T14:13:30.250Z",
        "expires_at": "2026-09-28T14:13:30.250Z",
        "request_id": "",
    }
    server.administer(rules.delete, sender.project.number, own)
    assert claim(server, TOKEN, key).json()["event_count"] == 2


def test_claimed_events_do_not_count_in_the_windows_of_alerts(server: Server, sender: Sender, key: str) -> None:
    judged: list[list[str]] = []

    class Listening(type(server.app.trail._engine)):  # type: ignore[misc] # noqa: SLF001 - whichever engine there is
        def judge(self, tx: Any, project: int, occurrences: Any, **more: Any) -> None:
            recent = more["recent"](tx, project, 0)
            judged.append([each.public_id for each in recent] + [each.public_id for each in occurrences])

    vars(server.app.trail)["_engine"] = Listening.__new__(Listening)
    sent(server, TOKEN, several(5))
    (first,) = server.post("/api/v1/events", event(), sender.token).json()["ids"]
    assert claim(server, TOKEN, key).status_code == 200
    assert len(judged) == 1
    (second,) = server.post("/api/v1/events", event(), sender.token).json()["ids"]
    assert judged[1] == [second, first, second]


def test_what_is_older_than_its_project_keeps_goes_in_its_turn(server: Server, sender: Sender, key: str) -> None:
    server.administer(projects.set_values, sender.project.slug, audit_retention_days=1)
    sent(server, TOKEN, several(3))
    keeping = Retention(server.app.trail.retire)
    server.clock.turn(6 * DAY)
    server.post("/api/v1/events", event(), sender.token)
    while server.write(keeping.expire, server.clock.now_ms()):
        continue
    assert claim(server, TOKEN, key).json()["event_count"] == 3
    assert len(chained(server, sender)) == 4
    server.clock.turn(120)
    while server.write(keeping.expire, server.clock.now_ms()):
        continue
    assert len(server.events(sender.project)) == 1


PARTS = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(allow_nan=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
EVENTS = st.fixed_dictionaries({"metadata": st.dictionaries(st.text(max_size=5), PARTS, max_size=4)})


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bodies=st.lists(EVENTS, min_size=1, max_size=4))
def test_by_way_of_a_stream_or_not_an_event_is_the_same(bodies: list[dict[str, Any]], server: Server) -> None:
    sender, other, stream = server.sender(), server.sender(), token()
    events = [event(**body) for body in bodies]
    assert send(server, stream, events).status_code == 201
    assert server.post("/api/v1/events", events, other.token).status_code == 201
    key = master_key(server, sender.project)
    assert claim(server, stream, key, project_id=sender.project.slug).status_code == 200
    shown = [
        [{name: each[name] for name in each if name not in {"id", "content_hash"}} for each in chained(server, whose)]
        for whose in (sender, other)
    ]
    assert shown[0] == shown[1]
