"""Webhooks by HTTP: made, listed, changed and deleted, and what arrives at a server that listens."""

from typing import Any

import pytest
from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError

from logserver.core import monitors
from logserver.core.clock import SystemClock
from logserver.core.errors import groups
from logserver.core.posting import webhooks
from tests.contracts.logister.sending import CHECK_INS, check_in
from tests.contracts.logister.sending import EVENTS as INGEST
from tests.contracts.logister.sending import event as logged
from tests.contracts.logstitch.asked import EVENTS, ask, event, problems
from tests.contracts.logstitch.refusing import ROWS, Route, refused, scene_of, told
from tests.fakes import START_MS, FakeClock
from tests.receiver import Receiver, Request, answer, hang
from tests.serving import Sender, Serve, Server

ALERTS = "/api/v1/alerts"
WEBHOOKS = f"{ALERTS}/webhooks"
PUBLIC = "https://hooks.example.com/alerts?to=us"

ROUTES = {
    "list": Route("GET", WEBHOOKS, 200, master=True),
    "create": Route("POST", WEBHOOKS, 201, {"url": PUBLIC}, master=True),
    "change": Route("PATCH", f"{WEBHOOKS}/{{id}}", 200, {"enabled": False}, master=True),
    "replace": Route("PUT", f"{WEBHOOKS}/{{id}}", 200, {"enabled": False}, master=True),
    "delete": Route("DELETE", f"{WEBHOOKS}/{{id}}", 200, master=True),
}


def a_webhook(server: Server, sender: Sender) -> str:
    values: dict[str, Any] = {"url": PUBLIC, "now_ms": START_MS, "allow_private": False, "mail": False}
    return server.administer(webhooks.create, sender.project.number, **values)[0].id


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("route", ROUTES)
def test_every_route_refuses_what_all_refuse(serve: Serve, route: str, row: str) -> None:
    ROWS[row](scene_of(serve, ROUTES[route], a_webhook))


@pytest.fixture
def clock() -> FakeClock:
    """Stands at the true time: who checks a signature looks at its age."""
    return FakeClock(SystemClock().now_ms())


@pytest.fixture
def home(serve: Serve) -> Server:
    """A server in a home network."""
    return serve(allow_private_webhooks=True)


class Ann:
    """A project of a server, its key, and a master key."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.sender = server.sender()
        self.master = server.token(self.sender.project, "master")

    def hook(self, url: str = PUBLIC, **values: Any) -> dict[str, Any]:
        made: dict[str, Any] = told(ask(self.server, "POST", WEBHOOKS, self.master, {"url": url, **values}), 201)
        return made

    def changes(self, hook: dict[str, Any], method: str = "PATCH", **values: Any) -> dict[str, Any]:
        place = f"{WEBHOOKS}/{hook['id']}"
        changed: dict[str, Any] = told(ask(self.server, method, place, self.master, values), 200)
        return changed

    def listed(self) -> list[dict[str, Any]]:
        page = told(ask(self.server, "GET", WEBHOOKS, self.master), 200)
        assert (list(page), page["cursor"], page["has_more"]) == (
            ["webhooks", "cursor", "has_more", "request_id"],
            None,
            False,
        )
        found: list[dict[str, Any]] = page["webhooks"]
        return found

    def rings(self, actor_id: str = "u1", action: str = "auth.failed", times: int = 5) -> dict[str, Any]:
        """The alert of so many events, as it is shown."""
        sent = event(action=action, actor={"id": actor_id, "type": "user"})
        told(ask(self.server, "POST", EVENTS, self.sender.token, [sent] * times), 201)
        return self.alerts()[0]

    def alerts(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = told(ask(self.server, "GET", ALERTS, self.sender.token), 200)["alerts"]
        return found

    def becomes(self, alert: dict[str, Any], status: str) -> dict[str, Any]:
        place = f"{ALERTS}/{alert['id']}"
        changed: dict[str, Any] = told(ask(self.server, "PATCH", place, self.sender.token, {"status": status}), 200)
        del changed["request_id"]
        return changed

    def delivers(self) -> None:
        """What is due is sent."""
        self.server.run(self.server.app.dispatcher.one_pass, self.server.clock.now_ms())
        self.server.run(self.server.app.dispatcher.settled)


@pytest.fixture
def ann(home: Server) -> Ann:
    return Ann(home)


def test_a_webhook_is_shown_with_its_secret_once(ann: Ann) -> None:
    made = ann.hook(events=["high", "alert.triggered", "high"])
    assert made.keys() == {"id", "url", "enabled", "events", "created_at", "secret", "request_id"}
    assert made["secret"].startswith("whsec_")
    assert (made["url"], made["enabled"], made["events"]) == (PUBLIC, True, ["high", "alert.triggered"])
    kept = {name: made[name] for name in ("id", "url", "enabled", "events", "created_at")}
    assert ann.listed() == [{**kept, "deliveries": []}]
    changed = ann.changes(made, enabled=False)
    assert changed == {**kept, "enabled": False, "request_id": changed["request_id"]}
    assert made["secret"] != ann.hook()["secret"]
    assert "whsec_" not in str(ann.listed())


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8080/hook",
        "http://127.1/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://localhost/",
        "http://a.localhost/",
        "http://10.0.0.1/",
        "http://172.16.0.1/",
        "http://192.168.1.1/",
        "http://169.254.169.254/latest/meta-data",
        "http://100.64.0.1/",
        "http://0.0.0.0/",
        "http://224.0.0.1/",
        "http://[::1]/",
        "http://[fe80::1]/",
        "http://[fd00::1]/",
        "http://[::ffff:10.0.0.1]/",
        "mailto:ops@example.com",
        "ftp://example.com/",
        "file:///etc/passwd",
        "example.com/hook",
        "https://",
        "https://ann:secret@example.com/",
        "https://example.com:0/",
        "https://exa mple.com/",
        "https://example.com/" + "x" * 2_000,
        "",
        7,
        None,
    ],
)
def test_where_a_webhook_may_not_go(server: Server, url: Any) -> None:
    ann = Ann(server)
    made = ann.hook()
    answer = ask(server, "POST", WEBHOOKS, ann.master, {"url": url})
    assert problems(answer) == ["url"]
    assert "secret" not in answer.text
    assert "passwd" not in answer.text
    if url is not None:
        for method in ("PATCH", "PUT"):
            assert problems(ask(server, method, f"{WEBHOOKS}/{made['id']}", ann.master, {"url": url})) == ["url"]
    assert [hook["url"] for hook in ann.listed()] == [PUBLIC]


def test_a_setting_allows_a_home_network_another_makes_mailboxes(serve: Serve) -> None:
    ann = Ann(serve(allow_private_webhooks=True, smtp_host="mail.example.com"))
    urls = ["http://192.168.1.1/", "http://localhost:1/", "mailto:ops@example.com"]
    for url in urls:
        ann.hook(url)
    assert [hook["url"] for hook in ann.listed()] == urls


@pytest.mark.parametrize(
    ("sent", "wrong"),
    [
        ({}, ["url"]),
        ({"url": PUBLIC, "events": ["loud"]}, ["events.0"]),
        ({"url": PUBLIC, "events": ["high", "alert.closed", ""]}, ["events.1", "events.2"]),
        ({"url": PUBLIC, "events": "high"}, ["events"]),
        ({"url": PUBLIC, "events": [7]}, ["events"]),
        ({"url": PUBLIC, "enabled": "no"}, ["enabled"]),
        ({"url": "http://10.0.0.1/", "events": ["loud"], "enabled": 1}, ["url", "events.0", "enabled"]),
    ],
)
def test_what_is_wrong_with_a_webhook_is_named(server: Server, sent: Any, wrong: list[str]) -> None:
    ann = Ann(server)
    assert problems(ask(server, "POST", WEBHOOKS, ann.master, sent)) == wrong
    assert ann.listed() == []


def test_a_project_has_fifty_webhooks_at_most(server: Server) -> None:
    ann = Ann(server)
    for _ in range(50):
        ann.hook()
    refused(ask(server, "POST", WEBHOOKS, ann.master, {"url": PUBLIC}), 409, "conflict")
    assert len(ann.listed()) == 50


def checked(hook: dict[str, Any], request: Request) -> dict[str, Any]:
    """What a request says, once its signature was checked as the published package does."""
    message: dict[str, Any] = Verifier(hook["secret"]).verify(request.body, request.headers)
    return message


def test_what_becomes_of_an_alert_arrives_signed(ann: Ann, clock: FakeClock) -> None:
    with Receiver() as receiver:
        hook = ann.hook(receiver.url)
        rung = ann.rings()
        ann.delivers()
        clock.turn(1)
        acknowledged = ann.becomes(rung, "acknowledged")
        ann.delivers()
        clock.turn(1)
        resolved = ann.becomes(rung, "resolved")
        ann.delivers()
        ann.delivers()
        messages = [checked(hook, request) for request in receiver.requests]
    assert [(message["type"], message["data"]) for message in messages] == [
        ("alert.triggered", rung),
        ("alert.acknowledged", acknowledged),
        ("alert.resolved", resolved),
    ]
    assert [list(message) for message in messages] == [["type", "timestamp", "data"]] * 3
    assert [message["timestamp"] for message in messages] == [
        rung["triggered_at"],
        acknowledged["acknowledged_at"],
        resolved["resolved_at"],
    ]
    (listed,) = ann.listed()
    assert [(each["type"], each["status"], each["error"], each["next_try"]) for each in listed["deliveries"]] == [
        ("alert.resolved", 200, None, None),
        ("alert.acknowledged", 200, None, None),
        ("alert.triggered", 200, None, None),
    ]
    assert [each["webhook_id"] for each in listed["deliveries"]][::-1] == [
        request.headers["webhook-id"] for request in receiver.requests
    ]
    assert {(request.method, request.path) for request in receiver.requests} == {("POST", "/hook")}


def test_another_secret_or_another_body_does_not_verify(ann: Ann) -> None:
    with Receiver() as receiver:
        hook, other = ann.hook(receiver.url), ann.hook(enabled=False)
        ann.rings()
        ann.delivers()
        (request,) = receiver.requests
    assert checked(hook, request)["type"] == "alert.triggered"
    forged = request._replace(body=request.body.replace(b"high", b"low"))
    for secret, sent in ((other, request), (hook, forged)):
        with pytest.raises(WebhookVerificationError, match="No matching signature found"):
            checked(secret, sent)


@pytest.mark.parametrize(
    ("events", "told_of"),
    [
        ([], ["triggered high", "triggered critical", "acknowledged high", "resolved high"]),
        (["alert.triggered"], ["triggered high", "triggered critical"]),
        (["alert.resolved", "alert.acknowledged"], ["acknowledged high", "resolved high"]),
        (["critical"], ["triggered critical"]),
        (["critical", "low"], ["triggered critical"]),
        (["high", "alert.triggered"], ["triggered high"]),
        (["medium"], []),
    ],
)
def test_a_webhook_is_told_what_it_asks_for(ann: Ann, events: list[str], told_of: list[str]) -> None:
    with Receiver() as receiver:
        hook = ann.hook(receiver.url, events=events)
        rung = ann.rings()
        ann.rings(action="user.role.updated", times=3)
        ann.becomes(rung, "acknowledged")
        ann.becomes(rung, "resolved")
        ann.delivers()
        messages = [checked(hook, request) for request in receiver.requests]
    said = [f"{each['type'].removeprefix('alert.')} {each['data']['severity']}" for each in messages]
    assert said == told_of


def test_every_webhook_is_told_and_none_of_another_project(ann: Ann) -> None:
    with Receiver() as receiver:
        hooks = [ann.hook(f"{receiver.url}/{number}") for number in range(3)]
        other = ann.server.sender()
        place = {"url": f"{receiver.url}/other", "project_id": other.project.uuid}
        told(ask(ann.server, "POST", WEBHOOKS, ann.master, place), 201)
        sent = [event(action="auth.failed")] * 5
        told(ask(ann.server, "POST", EVENTS, ann.sender.token, sent), 201)
        ann.delivers()
        arrived = {request.path: request for request in receiver.requests}
    assert sorted(arrived) == ["/hook/0", "/hook/1", "/hook/2"]
    for number, hook in enumerate(hooks):
        assert checked(hook, arrived[f"/hook/{number}"])["type"] == "alert.triggered"


def test_one_that_is_off_is_told_nothing_new(ann: Ann) -> None:
    with Receiver() as receiver:
        hook = ann.hook(receiver.url, enabled=False)
        ann.rings("ann")
        ann.changes(hook, "PUT", enabled=True)
        ann.rings("bob")
        ann.changes(hook, enabled=False)
        ann.delivers()
        assert receiver.requests == [], "what waited waits on"
        ann.changes(hook, enabled=True)
        ann.delivers()
        (request,) = receiver.requests
    assert checked(hook, request)["data"]["group_key"] == "bob"


def test_one_that_was_deleted_is_told_nothing_more(ann: Ann) -> None:
    with Receiver() as receiver:
        hook = ann.hook(receiver.url)
        ann.rings("ann")
        place = f"{WEBHOOKS}/{hook['id']}"
        assert told(ask(ann.server, "DELETE", place, ann.master), 200)["deleted"] is True
        ann.rings("bob")
        ann.delivers()
        assert receiver.requests == []
    assert ann.listed() == []
    for method, body in (("DELETE", None), ("PATCH", {}), ("PUT", {})):
        refused(ask(ann.server, method, place, ann.master, body), 404, "not_found")


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_one_that_is_changed_keeps_its_secret(ann: Ann, method: str) -> None:
    with Receiver() as receiver:
        hook = ann.hook(PUBLIC, events=["low"])
        changed = ann.changes(hook, method, url=receiver.url, events=[])
        assert (changed["url"], changed["events"], changed["enabled"]) == (receiver.url, [], True)
        assert ann.changes(hook, method) | {"request_id": ""} == changed | {"request_id": ""}
        ann.rings()
        ann.delivers()
        (request,) = receiver.requests
    assert checked(hook, request)["type"] == "alert.triggered"


def test_one_that_fails_is_tried_again_under_the_same_id_and_each_attempt_is_listed(ann: Ann, clock: FakeClock) -> None:
    with Receiver(answer(500), answer(503, retry_after="60"), answer(204)) as receiver:
        hook = ann.hook(receiver.url)
        rung = ann.rings()
        for _ in range(3):
            ann.delivers()
            clock.turn(120)
        assert len({request.headers["webhook-id"] for request in receiver.requests}) == 1
        assert checked(hook, receiver.requests[0])["data"] == rung
    attempts = ann.listed()[0]["deliveries"][::-1]
    assert [each["status"] for each in attempts] == [500, 503, 204]
    assert [each["error"] is None for each in attempts] == [False, False, True]
    assert [each["next_try"] is None for each in attempts] == [False, False, True]
    assert rung["triggered_at"] < attempts[0]["next_try"] < attempts[1]["time"]


def test_the_first_retry_comes_within_five_seconds(ann: Ann, clock: FakeClock) -> None:
    with Receiver(answer(500), answer(200)) as receiver:
        ann.hook(receiver.url)
        ann.rings()
        ann.delivers()
        ann.delivers()
        assert len(receiver.requests) == 1
        clock.turn(5)
        ann.delivers()
        assert len(receiver.requests) == 2


def test_the_last_twenty_attempts_are_listed_newest_first(ann: Ann) -> None:
    with Receiver() as receiver:
        ann.hook(receiver.url)
        for number in range(23):
            ann.rings(f"u{number}")
            ann.delivers()
        assert len(receiver.requests) == 23
    deliveries = ann.listed()[0]["deliveries"]
    assert [each["webhook_id"] for each in deliveries] == [
        request.headers["webhook-id"] for request in receiver.requests[:2:-1]
    ]


def test_what_has_not_been_answered_yet_is_listed(ann: Ann) -> None:
    with Receiver(hang) as receiver:
        ann.hook(receiver.url)
        rung = ann.rings()
        (waiting,) = ann.listed()[0]["deliveries"]
        assert (waiting["type"], waiting["status"], waiting["error"]) == ("alert.triggered", None, None)
        assert waiting["time"] == waiting["next_try"] == rung["triggered_at"]
        receiver.over.set()
        ann.delivers()


def test_a_target_is_judged_again_when_it_is_called(server: Server) -> None:
    ann = Ann(server)
    with Receiver() as receiver:
        ann.hook(PUBLIC)
        # As a name does that led elsewhere when the webhook was made.
        server.write(lambda tx: tx.execute("UPDATE webhooks SET url = ?", (receiver.url,)))
        ann.rings()
        ann.delivers()
        assert receiver.requests == []
    (attempt,) = ann.listed()[0]["deliveries"]
    assert attempt["status"] is None
    assert "private" in attempt["error"]


def test_a_monitor_that_misses_and_recovers_is_told_to_a_webhook(ann: Ann, clock: FakeClock) -> None:
    server = ann.server

    def checks_in() -> None:
        sent = check_in(expected_interval_seconds=60)
        assert server.post(CHECK_INS, sent, ann.sender.token).status_code == 201

    with Receiver() as receiver:
        hook = ann.hook(receiver.url)
        checks_in()
        clock.turn(100)
        server.write(monitors.miss_overdue, clock.now_ms())
        ann.delivers()
        checks_in()
        ann.delivers()
        messages = [checked(hook, request) for request in receiver.requests]
    assert [(each["type"], each["data"]["rule_name"], each["data"]["group_key"]) for each in messages] == [
        ("alert.triggered", "monitor_missed", "nightly (production)"),
        ("alert.resolved", "monitor_missed", "nightly (production)"),
    ]
    assert messages[1]["data"] == ann.alerts()[0]


def test_an_error_group_that_is_new_or_comes_back_is_told_to_a_webhook(ann: Ann) -> None:
    server = ann.server

    def fails() -> None:
        sent = logged(event_type="error", message="no such order")
        assert server.post(INGEST, sent, ann.sender.token).status_code == 201

    with Receiver() as receiver:
        hook = ann.hook(receiver.url)
        fails()
        fails()
        (group,) = server.rows("SELECT id FROM error_groups")[0]
        server.write(groups.set_status, group, "resolved", server.clock.now_ms())
        server.clock.turn(1)
        fails()
        ann.delivers()
        messages = [checked(hook, request) for request in receiver.requests]
    assert [(each["type"], each["data"]["rule_name"]) for each in messages] == [
        ("alert.triggered", "error_group_new"),
        ("alert.triggered", "error_group_regressed"),
    ]
