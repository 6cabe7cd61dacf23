"""The README's tables of limits: each is what the program holds senders to, and each limit has its line."""

import gzip
from typing import Any
from uuid import uuid4

from logserver.agent import parcels
from logserver.api import fields
from logserver.contracts.logfleet import agent_fields, asking, edge_metrics, paging, points, shipping
from logserver.contracts.logister import batch, bounds
from logserver.contracts.logstitch import events as audit
from logserver.contracts.logstitch import reading
from logserver.contracts.luminalog import bounds as entries
from logserver.contracts.luminalog import wire
from logserver.core.alerting import alert_rules
from logserver.core.fleet import agents, edge_keys
from logserver.core.live import live, watching
from logserver.core.metrics import checks, configs, patterns, rules, standing
from logserver.core.people import accounts
from logserver.core.posting import webhooks
from logserver.core.redaction import rules as redaction
from logserver.settings import Settings
from tests.docs.user import User, table
from tests.whole.raw import BATCH, EVENTS, NDJSON, ask, head, log_event, request
from tests.whole.talking import Talk


def oversized(code: str, limit: int) -> bytes:
    """A request, for the token ``TOKEN``, that is over one limit and no other."""
    if code == "event_count":
        lines = [log_event("one of many", uuid=str(uuid4())) for _ in range(limit + 1)]
        return request(BATCH, "TOKEN", lines, media=NDJSON)
    if code == "compressed_bytes":
        return head(BATCH, "TOKEN", {"Content-Type": NDJSON, "Content-Length": limit + 1})
    if code == "decompressed_bytes":
        body = gzip.compress(b" " * (limit + 1))
        fields: dict[str, str | int] = {"Content-Type": NDJSON, "Content-Encoding": "gzip", "Content-Length": len(body)}
        return head(BATCH, "TOKEN", fields) + body
    if code == "body_bytes":
        return head(EVENTS, "TOKEN", {"Content-Type": "application/json", "Content-Length": limit + 1})
    nested: Any = 1
    for _ in range(limit if code == "context_depth" else 0):
        nested = [nested]
    events: dict[str, Any] = {
        "event_bytes": log_event("large", context={str(n): "x" * 250_000 for n in range(limit // 250_000 + 1)}),
        "context_depth": log_event("deep", context={"nested": nested}),
        "context_keys": log_event("wide", context={str(n): n for n in range(limit + 1)}),
        "array_length": log_event("long", context={"array": [0] * (limit + 1)}),
        "string_bytes": log_event("long", context={"string": "x" * (limit + 1)}),
        "message_bytes": log_event("x" * (limit + 1)),
    }
    return request(EVENTS, "TOKEN", events[code])


def test_each_limit_is_answered_with_its_code(user: User) -> None:
    token = user.token().encode()
    for code, limit, _ in table("Code | Limit"):
        answer = ask(user.server, oversized(code, int(limit)).replace(b"TOKEN", token))
        assert (answer.status, answer.json()["code"], answer.json()["limit"]) == (413, code, int(limit))
    assert user.finds() == []


def test_every_limit_is_in_the_table() -> None:
    limits = {name.lower(): value for name, value in vars(bounds).items() if name.isupper() and isinstance(value, int)}
    limits |= {
        "event_count": batch.MOST_EVENTS,
        "compressed_bytes": batch.WIRE_BYTES,
        "decompressed_bytes": batch.UNPACKED_BYTES,
    }
    assert {code: int(limit) for code, limit, _ in table("Code | Limit")} == limits


def test_every_limit_of_the_audit_trail_is_in_its_table() -> None:
    assert {what: int(limit) for what, limit in table("Audit trail |")} == {
        "bytes of a body with a project's events": audit.BODY_BYTES,
        "bytes of any other body": fields.CONTROL_BYTES,
        "events of an array (`LOGSERVER_AUDIT_BATCH_LIMIT`)": Settings.audit_batch_limit,
        "characters of an `action": audit.MAX_ACTION,
        "characters of an id, `tenant_id` or `idempotency_key": audit.MAX_NAME,
        "keys and elements of an event": audit.MAX_KEYS,
        "levels of nesting in an event": audit.MAX_DEPTH,
        "events or alerts of a page": reading.MOST,
        "redaction rules of a project's own": redaction.MAX_CUSTOM,
        "alert rules of a project's own": alert_rules.MOST_CUSTOM,
        "webhooks of a project": webhooks.MOST,
    }


def test_every_limit_of_luminalog_is_in_its_table() -> None:
    assert {what: int(limit) for what, limit in table("LuminaLog | At most")} == {
        "entries of a batch": wire.MOST_ENTRIES,
        "bytes of a body, also unpacked": entries.BODY_BYTES,
        "bytes of a `message": entries.MESSAGE_BYTES,
        "bytes of `metadata": entries.METADATA_BYTES,
        "bytes of an `error": entries.ERROR_BYTES,
        "characters of an environment, id, error type or fingerprint": wire.MAX_NAME,
        "levels of nesting in `metadata": entries.METADATA_DEPTH,
        "values in a body": entries.MOST_PARTS,
    }


def oversized_batch(what: str, limit: int) -> dict[str, Any]:
    """A batch that is over one limit of LuminaLog and no other."""
    nested: Any = 1
    for _ in range(limit if what.startswith("levels") else 0):
        nested = [nested]
    over: dict[str, dict[str, Any]] = {
        "bytes of a `message": {"message": "é" * (limit // 2 + 1)},
        "bytes of `metadata": {"metadata": {"text": "x" * limit}},
        "bytes of an `error": {"error": {"type": "E", "message": "x" * limit}},
        "characters of an environment, id, error type or fingerprint": {"environment": "x" * (limit + 1)},
        "levels of nesting in `metadata": {"metadata": {"nested": nested}},
        "values in a body": {"metadata": {"values": [0] * (limit + 1)}},
    }
    entry = {"timestamp": "2026-11-21T09:30:00Z", "level": "info", "message": "one", **over.get(what, {})}
    return {"logs": [entry] * (limit + 1 if what == "entries of a batch" else 1)}


def test_what_is_over_a_limit_of_luminalog_is_refused_and_named(user: User) -> None:
    token = user.token()
    fields_named = {"bytes of a `message": "message", "bytes of `metadata": "metadata", "bytes of an `error": "error"}
    for what, limit in table("LuminaLog | At most"):
        if what == "bytes of a body, also unpacked":
            # Of one that says that it is too large nothing is read.
            said = ask(user.server, head("/v1/logs", token, {"Content-Length": int(limit) + 1}))
        else:
            said = ask(user.server, request("/v1/logs", token, oversized_batch(what, int(limit))))
        answer = said.json()
        assert (said.status, answer["error"], answer["processed"]) == (400, "validation_error", 0), what
        if what in fields_named:
            assert answer["message"].startswith(f"logs[0].{fields_named[what]}: ")
            assert answer["details"][0]["field"] == fields_named[what]
    assert user.finds() == []


def test_every_limit_of_people_and_agents_is_in_its_table() -> None:
    assert {what: int(limit) for what, limit in table("People and agents |")} == {
        "requests a minute to `/api/v1/auth` from an address": asking.LIMITS["auth"],
        "requests a minute to metric configs and `/metrics/agents": asking.LIMITS["dashboard"],
        "requests a minute to agents and API keys, together": asking.LIMITS["registry"],
        "requests a minute to the edge API, of a token": asking.LIMITS["edge"],
        "requests a minute to `/api/v1/stream": asking.LIMITS["stream"],
        "users": accounts.MOST_USERS,
        "agents": agents.MOST,
        "valid API keys": edge_keys.MOST,
        "labels of an agent": agent_fields.MAX_LABELS,
        "bytes of an agent's configuration": agent_fields.CONFIG_BYTES,
        "entries of a page": paging.LARGEST,
        "lines of a shipment": parcels.MOST_LINES,
        "bytes of a shipment, unpacked": shipping.BODY_BYTES,
        "bytes of a shipped line, and of its metadata": shipping.LINE_BYTES,
        "metric configs": configs.MOST_CONFIGS,
        "metrics of a config": checks.MAX_METRICS,
        "metrics of all configs": configs.MOST_RULES,
        "labels of a metric": rules.MAX_LABELS,
        "buckets of a histogram": checks.MAX_BUCKETS,
        "characters of a pattern": patterns.MAX_LENGTH,
        "points of a request": points.MAX_POINTS,
        "bytes of points, unpacked": edge_metrics.MAX_BODY,
        "series of a project's agents": standing.MOST_SERIES,
        "live streams": live.MOST_SESSIONS,
        "live streams of an agent": live.MOST_OF_AGENT,
        "live streams of a person": live.MOST_OF_USER,
        "people who watch a stream": live.MOST_PLACES,
        "lines that wait for a slow one of them": watching.MOST_LINES,
    }


def test_a_shipment_of_one_line_more_is_refused(user: User) -> None:
    talk, key = Talk(user.server), user.token(kind="edge")
    agent = talk.post("/edge/register", key, {"name": "web-1"}, 201)["id"]
    (most,) = [int(limit) for what, limit in table("People and agents |") if what == "lines of a shipment"]
    lines = [{"id": str(uuid4()), "message": "m", "source": "s"} for _ in range(most + 1)]
    talk.post(f"/edge/agents/{agent}/logs", key, {"logs": lines}, 400)
    assert talk.post(f"/edge/agents/{agent}/logs", key, {"logs": lines[1:]}, 202)["accepted"] == most


def test_what_is_over_a_limit_of_people_and_agents_is_answered_as_it_says(user: User) -> None:
    talk, session, key = Talk(user.server), user.session(), user.token(kind="edge")
    pattern = "x" * (patterns.MAX_LENGTH + 1)
    config = {"name": "c", "metrics": [{"name": "m", "type": "counter", "pattern": pattern}]}
    assert "metrics[0].pattern" in talk.post("/metric-configs", session, config, 400)["details"]
    agent = talk.post("/edge/register", key, {"name": "web-1"}, 201)["id"]
    large = head(f"/api/v1/edge/agents/{agent}/metrics", key, {"Content-Length": edge_metrics.MAX_BODY + 1})
    assert ask(user.server, large).status == 413
    for _ in range(asking.LIMITS["stream"]):
        talk.get("/stream/sessions", session, 200)
    said = talk.ask("GET", "/api/v1/stream/sessions", session)
    assert said.status == 429
    assert "retry-after: " in said.raw.decode().lower()
