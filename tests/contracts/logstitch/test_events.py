"""POST /api/v1/events: what is taken in, what becomes of it, and what is refused."""

import gzip
from typing import Any

import msgspec
import pytest
from httpx2 import Response

from logserver.core import projects
from logserver.core.redaction import rules
from logserver.store.ids import ulid_bytes
from tests import agreement
from tests.contracts.logstitch.asked import EVENTS, ask, event, problems
from tests.contracts.logstitch.trails import ago, send, whole
from tests.fakes import START_MS
from tests.serving import Sender, Serve, Server

MIB = 1024 * 1024


def post(server: Server, sender: Sender, body: Any) -> Response:
    return server.post(EVENTS, body, sender.token)


def listed(server: Server, sender: Sender, **query: Any) -> list[dict[str, Any]]:
    answer = ask(server, "GET", EVENTS, sender.token, **query)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["events"]
    return found


def only(server: Server, sender: Sender) -> dict[str, Any]:
    [found] = listed(server, sender)
    return found


FULL: dict[str, Any] = {
    "action": "user.role.updated",
    "category": "admin",
    "actor": {"id": "u1", "type": "api_key", "name": "Ann", "email": "ann@acme.example"},
    "tenant_id": "acme",
    "target": {"id": "u2", "type": "user", "name": "Bob"},
    "context": {"ip_address": "203.0.113.7", "user_agent": "curl", "location": {"city": "Bern"}, "session_id": "s"},
    "metadata": {"ticket": 17, "rate": 0.5, "deep": [{"a": None}], "": True, "é😀": "\x00\x1f"},
    "changes": [{"field": "role", "before": "viewer", "after": ["admin"]}, {"field": "x", "more": 1}],
    "idempotency_key": "k1",
}


def test_one_event_is_shown_as_it_was_sent(server: Server, sender: Sender) -> None:
    answer = post(server, sender, FULL | {"occurred_at": "2026-09-20T10:00:00.250+02:00"})
    assert answer.status_code == 201
    body = answer.json()
    [made] = body["ids"]
    assert body == {"ids": [made], "redacted_count": 0, "request_id": answer.headers["x-request-id"]}
    assert body["request_id"].startswith("req_")
    shown = only(server, sender)
    assert len(shown.pop("content_hash")) == 64
    assert shown == FULL | {
        "id": made,
        "redactions": [],
        "occurred_at": "2026-09-20T08:00:00.250Z",
        "received_at": "2026-09-21T14:13:30.250Z",
    }
    assert agreement.check(server.folder) == 1


def test_an_array_is_answered_in_its_order(server: Server, sender: Sender) -> None:
    times = [ago(server, seconds) for seconds in (5, 50, 0)]
    ids = send(server, sender, *(event(occurred_at=time, metadata={"n": n}) for n, time in enumerate(times)))
    assert len(set(ids)) == 3
    assert all(ulid_bytes(each.removeprefix("evt_")) for each in ids)
    shown = listed(server, sender)
    assert [each["id"] for each in shown] == [ids[2], ids[0], ids[1]]
    assert ids[1] < ids[0] < ids[2]  # ids sort by when the events happened


def test_an_event_is_an_event_like_all_others(server: Server, sender: Sender) -> None:
    send(server, sender, FULL)
    stored = server.event(sender.project)
    assert (stored.type, stored.level, stored.message) == ("audit", "info", "user.role.updated")
    assert server.rows("SELECT d.type, c.n FROM counts AS c JOIN dimensions AS d ON d.id = c.dimension") == [
        ("audit", 1)
    ]
    assert server.count("arrivals") == 1


def test_a_key_that_was_used_is_answered_with_the_first_id(server: Server, sender: Sender) -> None:
    first = send(server, sender, event(idempotency_key="k"), event(), event(idempotency_key="k", action="other.thing"))
    assert first[0] == first[2] != first[1]
    assert send(server, sender, event(idempotency_key="k", tenant_id="other")) == [first[0]]
    again = send(server, sender, event(idempotency_key="k2"), event(idempotency_key="k"))
    assert again[1] == first[0]
    assert len(listed(server, sender)) == 3
    assert agreement.check(server.folder) == 3
    assert whole(server.folder, sender.project).events == 3


def test_a_key_is_of_its_project(server: Server) -> None:
    one, other = server.sender(), server.sender()
    assert send(server, one, event(idempotency_key="k")) != send(server, other, event(idempotency_key="k"))
    assert (len(listed(server, one)), len(listed(server, other))) == (1, 1)


def test_what_is_answered_again_is_not_redacted_again(server: Server, sender: Sender) -> None:
    secret = event(idempotency_key="k", metadata={"ssn": "my 078-05-1120"})
    assert [post(server, sender, secret).json()["redacted_count"] for _ in range(2)] == [1, 0]
    assert only(server, sender)["metadata"] == {"ssn": "my [REDACTED]"}
    assert only(server, sender)["redactions"] == [{"field": "metadata.ssn", "rule_id": "builtin_ssn"}]


@pytest.mark.parametrize("token", [None, "pk_nothing", "vt_nothing"])
def test_without_a_credential_nothing_is_taken_in(server: Server, sender: Sender, token: str | None) -> None:
    answer = server.post(EVENTS, event(), token)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "unauthorized")
    assert answer.json()["request_id"] == answer.headers["x-request-id"]
    assert not listed(server, sender)


def test_a_key_of_one_project_does_not_reach_another(server: Server) -> None:
    mine, theirs = server.sender(), server.sender()
    for named in (theirs.project.uuid, theirs.project.slug, "nothing"):
        for answer in (
            ask(server, "POST", EVENTS, mine.token, event(project_id=named)),
            ask(server, "POST", EVENTS, mine.token, [event()], project_id=named),
            ask(server, "GET", EVENTS, mine.token, project_id=named),
        ):
            assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
    assert ask(server, "POST", EVENTS, mine.token, event(project_id=mine.project.uuid)).status_code == 201
    assert "project_id" not in only(server, mine)
    assert not listed(server, theirs)


def test_a_master_key_names_a_project_where_there_are_several(server: Server) -> None:
    one = server.sender()
    with_master = server.token(one.project, kind="master")
    assert ask(server, "POST", EVENTS, with_master, event()).status_code == 201
    other = server.sender()
    answer = ask(server, "POST", EVENTS, with_master, event())
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "bad_request")
    assert ask(server, "POST", EVENTS, with_master, [event()], project_id=other.project.slug).status_code == 201
    assert (len(listed(server, one)), len(listed(server, other))) == (1, 1)


def test_an_archived_project_takes_nothing_in(server: Server, sender: Sender) -> None:
    master = server.token(sender.project, kind="master")
    server.administer(projects.archive, sender.project.slug, server.clock.now_ms())
    answer = ask(server, "POST", EVENTS, master, event(), project_id=sender.project.uuid)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "conflict")


@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff", b'{"a": 1e999}', b'{"a": "\\ud800"}', b"NaN", b"[" * 5_000, b"\xef\xbb\xbf{}"]
)
def test_what_is_no_json_is_400(server: Server, sender: Sender, body: bytes) -> None:
    answer = post(server, sender, body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_json")


@pytest.mark.parametrize("body", [[], "x", 1, None, True])
def test_neither_an_event_nor_events_is_422(server: Server, sender: Sender, body: Any) -> None:
    answer = post(server, sender, body)
    assert problems(answer) == [""]
    assert "array of 1 to 100" in answer.json()["error"]["details"][0]["message"]


def test_an_array_has_a_limit_that_can_be_set(serve: Serve) -> None:
    server = serve()
    sender = server.sender()
    assert post(server, sender, [event()] * 101).status_code == 422
    assert len(send(server, sender, *[event()] * 100)) == 100


def test_a_client_that_sends_its_whole_queue_can_be_let_in(serve: Serve) -> None:
    server = serve(audit_batch_limit=1_000)
    sender = server.sender()
    assert len(set(send(server, sender, *[event()] * 1_000))) == 1_000
    assert post(server, sender, [event()] * 1_001).status_code == 422


def sized(size: int) -> bytes:
    bare = len(msgspec.json.encode(event(metadata={"x": ""})))
    return msgspec.json.encode(event(metadata={"x": "y" * (size - bare)}))


def test_a_body_has_a_limit(server: Server, sender: Sender) -> None:
    assert post(server, sender, sized(2 * MIB)).status_code == 201
    answer = post(server, sender, sized(2 * MIB + 1))
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "payload_too_large")
    assert len(listed(server, sender)) == 1


def test_a_window_that_is_used_up_is_429(serve: Serve) -> None:
    server = serve(public_api_rate_limit_requests=2)
    sender = server.sender()
    assert [post(server, sender, event()).status_code for _ in range(3)] == [201, 201, 429]
    answer = post(server, sender, event())
    assert answer.json()["error"]["code"] == "rate_limited"
    assert int(answer.headers["retry-after"]) >= 1
    # Reading has a window of its own.
    assert len(listed(server, sender)) == 2


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in event().items() if key != name}


REFUSED: dict[str, tuple[dict[str, Any], str, str]] = {
    "no action": (without("action"), "action", "Required"),
    "null action": (event(action=None), "action", "Required"),
    "action of another type": (event(action=1), "action", "Expected string"),
    "empty action": (event(action=""), "action", "Must not be empty"),
    "action without a dot": (event(action="created"), "action", "Must be lower-case words joined by dots"),
    "action with a capital": (event(action="user.Created"), "action", "Must be lower-case words"),
    "action that begins with a digit": (event(action="1user.created"), "action", "Must be lower-case words"),
    "action with an empty part": (event(action="user..created"), "action", "Must be lower-case words"),
    "action that ends with a dot": (event(action="user.created."), "action", "Must be lower-case words"),
    "action with a line feed": (event(action="user.created\n"), "action", "Must be lower-case words"),
    "action beyond ASCII": (event(action="user.créated"), "action", "Must be lower-case words"),
    "action too long": (event(action="a." + "b" * 127), "action", "Must be at most 128 characters"),
    "no category": (without("category"), "category", "Required"),
    "unknown category": (event(category="other"), "category", "Must be one of auth, access, mutation"),
    "category of another type": (event(category=["auth"]), "category", "Must be one of"),
    "no tenant": (without("tenant_id"), "tenant_id", "Required"),
    "blank tenant": (event(tenant_id=" "), "tenant_id", "Must not be empty"),
    "tenant of another type": (event(tenant_id=7), "tenant_id", "Expected string"),
    "tenant too long": (event(tenant_id="t" * 256), "tenant_id", "Must be at most 255 characters"),
    "no actor": (without("actor"), "actor", "Required"),
    "actor of another type": (event(actor="u1"), "actor", "Expected object"),
    "actor without an id": (event(actor={"type": "user"}), "actor.id", "Required"),
    "actor without a type": (event(actor={"id": "u"}), "actor.type", "Required"),
    "actor of an unknown type": (event(actor={"id": "u", "type": "robot"}), "actor.type", "Must be one of user"),
    "actor id of another type": (event(actor={"id": 1, "type": "user"}), "actor.id", "Expected string"),
    "actor id too long": (event(actor={"id": "u" * 256, "type": "user"}), "actor.id", "Must be at most 255"),
    "actor name of another type": (event(actor={"id": "u", "type": "user", "name": 1}), "actor.name", "Expected"),
    "actor email of another type": (event(actor={"id": "u", "type": "user", "email": []}), "actor.email", "Expected"),
    "target of another type": (event(target=[]), "target", "Expected object"),
    "target without an id": (event(target={"type": "doc"}), "target.id", "Required"),
    "target without a type": (event(target={"id": "d"}), "target.type", "Required"),
    "target name of another type": (event(target={"id": "d", "type": "x", "name": {}}), "target.name", "Expected"),
    "context of another type": (event(context=[]), "context", "Expected object"),
    "address of another type": (event(context={"ip_address": 1}), "context.ip_address", "Expected string"),
    "agent of another type": (event(context={"user_agent": {}}), "context.user_agent", "Expected string"),
    "session of another type": (event(context={"session_id": 5}), "context.session_id", "Expected string"),
    "metadata of another type": (event(metadata="x"), "metadata", "Expected object"),
    "changes of another type": (event(changes={}), "changes", "Expected array"),
    "a change of another type": (event(changes=[{"field": "a"}, 1]), "changes.1", "Expected object"),
    "a change without a field": (event(changes=[{"before": 1}]), "changes.0.field", "Required"),
    "a field of another type": (event(changes=[{"field": 1}]), "changes.0.field", "Expected string"),
    "empty key": (event(idempotency_key=""), "idempotency_key", "Must not be empty"),
    "key of another type": (event(idempotency_key=1), "idempotency_key", "Expected string"),
    "key too long": (event(idempotency_key="k" * 256), "idempotency_key", "Must be at most 255"),
    "time that is none": (event(occurred_at="yesterday"), "occurred_at", "Must be an ISO 8601 time"),
    "time of another type": (event(occurred_at=True), "occurred_at", "Must be an ISO 8601 time"),
    "empty time": (event(occurred_at=""), "occurred_at", "Must be an ISO 8601 time"),
    "large integer": (event(metadata={"n": 2**53}), "metadata", "Integers beyond 2^53 - 1 must be sent as strings"),
    "large negative integer": (event(changes=[{"field": "a", "after": -(2**53)}]), "changes", "Integers beyond"),
    "large integer of one's own": (event(secret_name=10**30), "event", "Integers beyond"),
    **{
        f"own {name}": (event(**{name: "x"}), name, "Is given by the server")
        for name in ("id", "content_hash", "received_at", "redactions", "redacted_count", "request_id")
    },
}


@pytest.mark.parametrize(("body", "field", "message"), REFUSED.values(), ids=REFUSED)
def test_a_broken_rule_is_told_with_the_path_of_its_field(
    server: Server, sender: Sender, body: dict[str, Any], field: str, message: str
) -> None:
    answer = post(server, sender, body)
    assert problems(answer) == [field]
    assert message in answer.json()["error"]["details"][0]["message"]
    assert answer.json()["error"]["code"] == "validation_error"
    answer = post(server, sender, [event(), body, event()])
    assert problems(answer) == [f"1.{field}"]
    assert not listed(server, sender)


def test_an_element_that_is_no_event_is_told_by_its_index(server: Server, sender: Sender) -> None:
    answer = post(server, sender, [event(), 7, None, event(action="x"), without("actor") | {"tenant_id": ""}])
    assert problems(answer) == ["1", "2", "3.action", "4.tenant_id", "4.actor"]


def test_no_more_problems_are_told_than_can_be_read(server: Server, sender: Sender) -> None:
    assert len(problems(post(server, sender, [{}] * 100))) == 100


def test_values_that_are_refused_are_not_repeated(server: Server, sender: Sender) -> None:
    answer = post(server, sender, event(action="SECRET", category="SECRET", occurred_at="SECRET", SECRET=2**60))
    assert answer.status_code == 422
    assert "SECRET" not in answer.text


def nested(levels: int) -> Any:
    value: Any = 1
    for level in range(levels):
        value = [value] if level % 2 else {"a": value}
    return value


def test_depth_has_a_limit(server: Server, sender: Sender) -> None:
    assert post(server, sender, event(metadata={"a": nested(12)})).status_code == 201
    assert problems(post(server, sender, event(metadata={"a": nested(13)}))) == ["metadata"]
    assert problems(post(server, sender, event(mine=nested(200)))) == ["event"]


def test_the_number_of_keys_has_a_limit(server: Server, sender: Sender) -> None:
    used = 4 + 3 + 1  # its own, those of the actor, and metadata
    assert post(server, sender, event(metadata={str(n): n for n in range(2_000 - used)})).status_code == 201
    assert problems(post(server, sender, event(metadata={str(n): n for n in range(2_001 - used)}))) == ["metadata"]
    assert problems(post(server, sender, event(metadata={"a": [0] * 2_000}))) == ["metadata"]
    assert post(server, sender, event(**{f"k{n}": n for n in range(2_001)})).status_code == 422
    assert agreement.check(server.folder) == 1


def test_the_largest_integers_that_all_can_tell_apart_are_kept(server: Server, sender: Sender) -> None:
    metadata = {"most": 2**53 - 1, "least": -(2**53) + 1, "float": 1e300, "text": str(10**30)}
    send(server, sender, event(metadata=metadata))
    assert only(server, sender)["metadata"] == metadata
    assert whole(server.folder, sender.project).events == 1


def test_keys_that_nobody_knows_are_kept_and_null_is_absence(server: Server, sender: Sender) -> None:
    more = {
        "severity": 3,
        "Action": "x",
        "actor.id": "somebody",
        "trace": {"id": "t"},
        "message": "m",
        "level": "error",
    }
    sent = event(**more, target=None, metadata=None, changes=None, context=None, nothing=None, idempotency_key=None)
    send(server, sender, sent)
    shown = only(server, sender)
    assert {name: shown[name] for name in more} == more
    assert not {"target", "metadata", "changes", "context", "nothing", "idempotency_key"} & set(shown)
    assert server.event(sender.project).level == "info"


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("2026-09-21T14:00:00Z", "2026-09-21T14:00:00.000Z"),
        ("2026-09-21T14:00:00", "2026-09-21T14:00:00.000Z"),
        ("2026-09-21T16:00:00.5+02:00", "2026-09-21T14:00:00.500Z"),
        ("2026-09-21T14:00:00.123456789Z", "2026-09-21T14:00:00.123Z"),
        ("2026-09-21 14:00:00", "2026-09-21T14:00:00.000Z"),
        ("2026-09-21", "2026-09-21T00:00:00.000Z"),
        ("20260921T140000Z", "2026-09-21T14:00:00.000Z"),
        ("1789999200", "2026-09-21T14:00:00.000Z"),
        ("1789999200123", "2026-09-21T14:00:00.123Z"),
        (None, "2026-09-21T14:13:30.250Z"),
        ("2019-01-01T00:00:00Z", "2019-01-01T00:00:00.000Z"),
        ("2031-01-01T00:00:00Z", "2031-01-01T00:00:00.000Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z"),
    ],
)
def test_forms_of_time(server: Server, sender: Sender, sent: str | None, shown: str) -> None:
    send(server, sender, event(occurred_at=sent))
    assert only(server, sender)["occurred_at"] == shown
    assert whole(server.folder, sender.project).events == 1


def test_events_of_one_moment_keep_their_order(server: Server, sender: Sender) -> None:
    time = ago(server, 60)
    ids = [*send(server, sender, *[event(occurred_at=time)] * 5), *send(server, sender, event(occurred_at=time))]
    assert [each["id"] for each in listed(server, sender)] == ids[::-1]
    assert {each.received for each in server.events(sender.project)} == {START_MS}


@pytest.mark.parametrize("field", ["tenant_id", "idempotency_key"])
def test_an_identifier_that_would_be_redacted_is_refused(server: Server, sender: Sender, field: str) -> None:
    secret = "078-05-1120"
    answer = post(server, sender, event(**{field: secret}))
    assert problems(answer) == [field]
    assert problems(post(server, sender, [event(), event(**{field: secret})])) == [f"1.{field}"]
    assert problems(post(server, sender, [event(**{field: secret})])) == [f"0.{field}"]
    assert secret not in answer.text
    server.administer(rules.change, sender.project.number, "builtin_ssn", enabled=False)
    assert post(server, sender, event(**{field: secret})).status_code == 201


def test_the_answer_comes_whatever_slash_or_encoding(server: Server, sender: Sender) -> None:
    assert server.post(f"{EVENTS}/", event(), sender.token).status_code == 201
    packed = gzip.compress(msgspec.json.encode([event()] * 3))
    assert server.post(EVENTS, packed, sender.token, {"Content-Encoding": "gzip"}).status_code == 201
    assert len(listed(server, sender)) == 4
