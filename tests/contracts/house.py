"""A house with walls: Alice, who has something of everything, and those who should not get at it."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from logserver.core.people import accounts, links
from tests.contracts.logister.sending import NDJSON, check_in, deployment, identified, lines, mobile_token
from tests.contracts.logister.sending import event as logged
from tests.contracts.logstitch.asked import EVENTS, ask, event, made_key, minted
from tests.serving import Sender, Server

SECRET = "what-only-alice-may-know"
STREAM = "0d0f6c4e-6a0e-4b57-9c3d-0c8a1f2e3b4d"
"""The claim token of Alice's stream."""

TRACE = "a-trace-of-hers"

METRICS_TOKEN = "what-only-her-scraper-knows"

PASSWORD = "nine lives, nine looms"


class Sent(NamedTuple):
    """A request its owner could make: its body, and what stands in its path: ids of things of hers."""

    body: Any = None
    path: Mapping[str, str] = {}
    headers: Mapping[str, str] = {}
    query: Mapping[str, str] = {}


class House:
    """A server with Alice, Charlie, who has a project too, a master key, and everybody else who might come."""

    def __init__(self, server: Server) -> None:
        self.server = server
        server.administer(accounts.ensure_organization, "Looking-Glass House", server.clock.now_ms())
        self.alice = server.sender("wonderland")
        self.charlie = server.sender("elsewhere")
        self.master = server.token(self.alice.project, "master")
        self.edge = server.token(self.alice.project, "edge")
        self.admin = server.person("admin@example.com", "admin")
        self.key = self.made_key(self.alice, name=SECRET)
        self.redaction_rule = self.made("redaction/rules", type="pattern", name=SECRET, pattern="EMP-[0-9]{6}")
        self.alert_rule = self.made("alerts/rules", **alert_rule(name=SECRET))
        self.webhook = self.made("alerts/webhooks", **webhook(SECRET))
        mine = event(metadata={"note": SECRET}, idempotency_key="hers")
        assert ask(server, "POST", EVENTS, self.alice.token, mine).status_code == 201
        assert ask(server, "POST", f"/api/v1/streams/{STREAM}/events", None, mine).status_code == 201
        assert server.post("/api/v1/ingest_events", logged(message=SECRET), self.alice.token).status_code == 201
        assert server.post("/api/v1/check_ins", check_in(slug=SECRET), self.alice.token).status_code == 201
        self.agent = self.registered(SECRET)
        (self.alert,) = ask(server, "GET", "/api/v1/alerts", self.alice.token).json()["alerts"]
        for sent in (
            {"event_type": "span", "name": SECRET, "trace_id": TRACE, "span_id": "1", "duration_ms": 5},
            {"event_type": "metric", "message": SECRET, "context": {"value": 1}},
            {"event_type": "error", "message": SECRET},
        ):
            assert server.post("/api/v1/ingest_events", {"event": sent}, self.alice.token).status_code == 201
        expired = minted(server, self.alice.token, expires_in=60)
        server.clock.turn(60)
        self.visitors: dict[str, str | None] = {
            "nobody": None,
            "unknown": "pk_unknown",
            "forged viewer": minted(server, self.alice.token)[:-3] + "AAA",
            "expired viewer": expired,
            "charlie": self.charlie.token,
            "charlie's test key": self.made_key(self.charlie, mode="test")["key"],
            "charlie's viewer": minted(server, self.charlie.token),
            "other tenant's viewer": minted(server, self.alice.token, tenant_id="other"),
            "mobile": server.token(self.alice.project, "mobile"),
            "edge": self.edge,
            "charlie's edge": server.token(self.charlie.project, "edge"),
            "member": server.person("member@example.com", "member"),
            "admin": self.admin,
            "read": server.token(self.alice.project, "read"),
            "master": self.master,
        }

    def place(self, **ids: str) -> dict[str, str]:
        """What stands in a path of the read API."""
        return {"project": self.alice.project.slug, **ids}

    def listed(self, what: str) -> dict[str, Any]:
        """The first of a list of the read API."""
        path = f"/api/v1/cli/projects/{self.alice.project.slug}/{what}"
        first: dict[str, Any] = ask(self.server, "GET", path, self.alice.token).json()["items"][0]
        return first

    def lodger(self, email: str = "dormouse@example.com") -> str:
        """The address of one more person, who has a password."""
        self.server.person(email, "member")
        self.password_of(email)
        return email

    def password_of(self, email: str) -> str:
        """The password of a person, who is given one."""
        self.server.give_password(email, PASSWORD)
        return PASSWORD

    def link(self) -> str:
        """What stands in a link to set a password."""
        user = self.server.administer(accounts.by_email, self.lodger())
        return self.server.administer(links.issue, user.number, self.server.clock.now_ms()).token

    def made_key(self, sender: Sender, **fields: Any) -> dict[str, Any]:
        return made_key(self.server, self.master, project_id=sender.project.uuid, **fields)

    def made(self, what: str, **body: Any) -> dict[str, Any]:
        """Something of Alice's, made with the master key."""
        answer = ask(
            self.server, "POST", f"/api/v1/{what}", self.master, {**body, "project_id": self.alice.project.uuid}
        )
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def registered(self, name: str) -> dict[str, Any]:
        """An agent of Alice's."""
        answer = ask(self.server, "POST", "/api/v1/edge/register", self.edge, {"name": name})
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def api_key(self) -> dict[str, str]:
        """The id of a key of the organization, where it stands in a path."""
        wanted = {"name": SECRET, "permissions": ["edge:register"], "project_id": self.alice.project.uuid}
        answer = ask(self.server, "POST", "/api/v1/api-keys", self.admin, wanted)
        assert answer.status_code == 201, answer.text
        return {"id": answer.json()["api_key"]["id"]}

    def stream(self) -> str:
        """A live stream of the administrator's."""
        wanted = {"agent_id": self.agent["id"], "filters": {"pattern": SECRET}}
        answer = ask(self.server, "POST", "/api/v1/stream/start", self.admin, wanted)
        assert answer.status_code == 201, answer.text
        session: str = answer.json()["session_id"]
        return session

    def metric_config(self) -> dict[str, str]:
        """The id of a metric config, where it stands in a path."""
        answer = ask(self.server, "POST", "/api/v1/metric-configs", self.admin, {**METRICS, "name": SECRET})
        assert answer.status_code == 201, answer.text
        return {"id": answer.json()["id"]}

    def marks(self) -> list[str]:
        """What may stand in no answer to anybody else."""
        project = self.alice.project
        things = (self.key, self.redaction_rule, self.alert_rule, self.webhook, self.alert, self.agent)
        return [SECRET, STREAM, project.slug, project.uuid, self.key["prefix"], *(thing["id"] for thing in things)]


METRICS = {"name": "one more", "metrics": [{"name": "errors_total", "type": "counter", "pattern": "ERROR"}]}
POINTS = [{"name": "errors_total", "type": "counter", "value": 1, "labels": {"note": SECRET}}]


def alert_rule(**fields: Any) -> dict[str, Any]:
    usual = {
        "name": "anything",
        "action_pattern": "*",
        "threshold": 1,
        "window_seconds": 600,
        "group_by": "actor_id",
        "severity": "low",
    }
    return usual | fields


def webhook(path: str) -> dict[str, Any]:
    return {"url": f"https://example.com/{path}", "enabled": False}


def shipped_line(**fields: Any) -> dict[str, Any]:
    usual = {"id": "6f1c1b52-4f43-4d9c-8d10-9a1f2b3c4d5e", "message": "hello", "source": "/var/log/app.log"}
    return usual | fields


_TRIED = {"type": "pattern", "name": "one more", "pattern": "[0-9]+"}

REQUESTS: dict[str, Callable[[House], Sent]] = {
    "ingest_event": lambda _: Sent(logged()),
    "ingest_event_batch": lambda _: Sent(lines(*identified(1)), headers=NDJSON),
    "check_in": lambda _: Sent(check_in()),
    "record_deployment": lambda _: Sent(deployment()),
    "mint_mobile_ingest_token": lambda _: Sent(mobile_token()),
    "read_capabilities": lambda _: Sent(),
    "read_session": lambda _: Sent(),
    "read_projects": lambda _: Sent(),
    "read_project": lambda house: Sent(path=house.place()),
    "read_summary": lambda house: Sent(path=house.place()),
    "read_events": lambda house: Sent(path=house.place()),
    "read_event": lambda house: Sent(path=house.place(id=house.listed("events")["id"])),
    "read_error_groups": lambda house: Sent(path=house.place()),
    "read_error_group": lambda house: Sent(path=house.place(uuid=house.listed("error_groups")["uuid"])),
    "read_monitors": lambda house: Sent(path=house.place()),
    "read_deployments": lambda house: Sent(path=house.place()),
    "read_traces": lambda house: Sent(path=house.place()),
    "read_trace": lambda house: Sent(path=house.place(trace_id=TRACE)),
    "read_insights": lambda house: Sent(path=house.place()),
    "read_metrics_catalog": lambda house: Sent(path=house.place()),
    "read_metrics_query": lambda house: Sent(path=house.place(), query={"name": SECRET}),
    "send_audit_events": lambda _: Sent(event(idempotency_key="hers")),
    "list_audit_events": lambda _: Sent(),
    "create_key": lambda _: Sent({"name": "one more"}),
    "list_keys": lambda _: Sent(),
    "revoke_key": lambda house: Sent(path={"id": house.key["id"]}),
    "mint_viewer_token": lambda _: Sent({"tenant_id": "acme"}),
    "list_redaction_rules": lambda _: Sent(),
    "create_redaction_rule": lambda _: Sent(_TRIED),
    "change_redaction_rule": lambda house: Sent({"enabled": False}, {"id": house.redaction_rule["id"]}),
    "delete_redaction_rule": lambda house: Sent(path={"id": house.redaction_rule["id"]}),
    "test_redaction": lambda _: Sent({"event": event()}),
    "list_alert_rules": lambda _: Sent(),
    "create_alert_rule": lambda _: Sent(alert_rule()),
    "change_alert_rule": lambda house: Sent({"enabled": False}, {"id": house.alert_rule["id"]}),
    "delete_alert_rule": lambda house: Sent(path={"id": house.alert_rule["id"]}),
    "list_alerts": lambda _: Sent(),
    "change_alert": lambda house: Sent({"status": "resolved"}, {"id": house.alert["id"]}),
    "list_webhooks": lambda _: Sent(),
    "create_webhook": lambda _: Sent(webhook("more")),
    "change_webhook": lambda house: Sent({"events": ["high"]}, {"id": house.webhook["id"]}),
    "replace_webhook": lambda house: Sent({"events": ["high"]}, {"id": house.webhook["id"]}),
    "delete_webhook": lambda house: Sent(path={"id": house.webhook["id"]}),
    "send_stream_events": lambda _: Sent(event(), {"token": STREAM}),
    "show_stream": lambda _: Sent(path={"token": STREAM}),
    "claim_stream": lambda _: Sent({"claim_token": STREAM}),
    "register": lambda _: Sent({"email": "eve@example.com", "password": PASSWORD, "name": "Eve"}),
    "login": lambda house: Sent({"email": house.lodger(), "password": PASSWORD}),
    "forgot_password": lambda house: Sent({"email": house.lodger()}),
    "reset_password": lambda house: Sent({"token": house.link(), "new_password": PASSWORD}),
    "change_password": lambda house: Sent(
        {"current_password": house.password_of("admin@example.com"), "new_password": "nine looms, ten lives"}
    ),
    "show_me": lambda _: Sent(),
    "create_api_key": lambda _: Sent({"name": "one more", "permissions": ["edge:stream"]}),
    "list_api_keys": lambda _: Sent(),
    "show_api_key": lambda house: Sent(path=house.api_key()),
    "delete_api_key": lambda house: Sent(path=house.api_key()),
    "create_agent": lambda _: Sent({"name": "one more"}),
    "list_agents": lambda _: Sent(),
    "show_agent": lambda house: Sent(path={"id": house.agent["id"]}),
    "change_agent": lambda house: Sent({"hostname": "other"}, {"id": house.agent["id"]}),
    "delete_agent": lambda house: Sent(path={"id": house.agent["id"]}),
    "show_agent_config": lambda house: Sent(path={"id": house.agent["id"]}),
    "replace_agent_config": lambda house: Sent({"config": {}, "version": 1}, {"id": house.agent["id"]}),
    "register_agent": lambda _: Sent({"name": "one more"}),
    "heartbeat": lambda house: Sent({"agent_id": house.agent["id"]}),
    "heartbeat_of_agent": lambda house: Sent({}, {"id": house.agent["id"]}),
    "ship_logs": lambda house: Sent({"logs": [shipped_line()]}, {"id": house.agent["id"]}),
    "start_stream": lambda house: Sent({"agent_id": house.agent["id"]}),
    "list_streams": lambda _: Sent(),
    "stop_stream": lambda house: Sent({"session_id": house.stream()}),
    "stop_one_stream": lambda house: Sent(path={"id": house.stream()}),
    "push_stream_lines": lambda house: Sent(
        {"session_id": house.stream(), "logs": [{"message": "hers"}]}, {"id": house.agent["id"]}
    ),
    "list_metric_configs": lambda _: Sent(),
    "create_metric_config": lambda _: Sent(METRICS),
    "test_metric_config": lambda _: Sent({"config": METRICS, "lines": [SECRET]}),
    "show_metric_config": lambda house: Sent(path=house.metric_config()),
    "replace_metric_config": lambda house: Sent({**METRICS, "version": 1}, house.metric_config()),
    "delete_metric_config": lambda house: Sent(path=house.metric_config()),
    "show_agent_metric_config": lambda house: Sent(path={"id": house.agent["id"]}),
    "sync_metric_config": lambda house: Sent(query={"agent_id": house.agent["id"]}),
    "send_metrics": lambda house: Sent({"agent_id": house.agent["id"], "points": POINTS}),
    "send_agent_metrics": lambda house: Sent({"points": POINTS}, {"id": house.agent["id"]}),
    "scrape_agent_metrics": lambda _: Sent(),
    "ingest_logs": lambda _: Sent({"logs": [{"timestamp": "2026-09-21T14:00:00Z", "level": "info", "message": "hi"}]}),
    "healthz": lambda _: Sent(),
    "readyz": lambda _: Sent(),
    "metrics": lambda _: Sent(headers={"X-Api-Key": METRICS_TOKEN}),
}
"""What the owner of a thing sends to each endpoint, and, where something stands in the path, whose id goes there."""
