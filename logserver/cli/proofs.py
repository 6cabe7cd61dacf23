"""What ``logserver verify`` sends, one record of each type, and where it looks for each."""

import secrets
import uuid
from collections.abc import Callable
from typing import Any, NamedTuple

from logserver.cli.remote import Answer, Refused, Remote, place
from logserver.core.clock import Clock
from logserver.core.times import iso_text

ENVIRONMENT = "verify"
"""The environment of what is sent, so that it can be told from everything else."""

MONITOR = "logserver-verify"
_YEAR_SECONDS = 366 * 86_400
"""The interval of the monitor, so that nobody is ever told that it was missed."""

Json = dict[str, Any]


class Proof(NamedTuple):
    """A record: where it goes, its body, and how it is looked for."""

    name: str
    path: str
    body: Json
    find: Callable[["Reader", Any], str | None]
    """What is wrong with what was found, from the answer to the sending; None: nothing. Raises Refused."""


class Reader(NamedTuple):
    """The project of the token, by the read API."""

    remote: Remote
    slug: str
    mark: str

    def get(self, *parts: str, **query: str) -> Json:
        """The answer of a resource of the project."""
        found: Json = self.remote.get(place("projects", self.slug, *parts), query)
        return found


def proofs(clock: Clock, mark: str) -> list[Proof]:
    """One record of each type, all of them with a mark that nothing else has."""
    at = iso_text(clock.now_ms() * 1_000)
    trace_id, span_id = secrets.token_hex(16), secrets.token_hex(8)

    def event(kind: str, **fields: Any) -> Json:
        given = {"event_type": kind, "uuid": str(uuid.uuid4()), "occurred_at": at, "environment": ENVIRONMENT}
        return {"event": {**given, "message": f"logserver verify {mark}", **fields}}

    ingest = "/api/v1/ingest_events"
    error = event("error", level="error", fingerprint=MONITOR, context={"exception": {"class": "Verification"}})
    span = event("span", name=f"logserver verify {mark}", trace_id=trace_id, span_id=span_id, duration_ms=1.5)
    transaction = event("transaction", transaction_name=MONITOR, duration_ms=1.5)
    check_in = {
        "slug": MONITOR,
        "status": "ok",
        "environment": ENVIRONMENT,
        "release": mark,
        "expected_interval_seconds": _YEAR_SECONDS,
    }
    deployment = {
        "release": f"verify-{mark}",
        "environment": ENVIRONMENT,
        "repository": "logserver/verify",
        "commit_sha": secrets.token_hex(20),
    }
    audit = {
        "action": "logserver.verified",
        "category": "system",
        "actor": {"id": MONITOR, "type": "system"},
        "tenant_id": ENVIRONMENT,
        "metadata": {"mark": mark},
    }
    line = {"timestamp": at, "level": "info", "message": f"logserver verify line {mark}", "environment": ENVIRONMENT}
    return [
        Proof("error", ingest, error, _grouped),
        Proof("log", ingest, event("log", level="info"), _same),
        Proof("metric", ingest, event("metric", message=MONITOR, context={"value": 1, "mark": mark}), _same),
        Proof("transaction", ingest, transaction, _same),
        Proof("span", ingest, span, lambda reader, sent: _traced(reader, sent, trace_id, span_id)),
        Proof("check-in", "/api/v1/check_ins", {"check_in": check_in}, _checked_in),
        Proof("deployment", "/api/v1/deployments", {"deployment": deployment}, _deployed),
        Proof("audit event", "/api/v1/events", audit, _audited),
        Proof("LuminaLog line", "/v1/logs", {"logs": [line]}, _searched),
    ]


def taken(answer: Answer) -> str | None:
    """What is wrong with the answer to a record that was sent; None: it was taken."""
    if 200 <= answer.status < 300:
        return None
    return Refused(answer.status, answer.body).message


def _same(reader: Reader, sent: Any) -> str | None:
    found = reader.get("events", str(sent["id"]))
    return None if found["id"] == sent["id"] and found["environment"] == ENVIRONMENT else "it was found, but changed"


def _grouped(reader: Reader, sent: Any) -> str | None:
    found = reader.get("events", str(sent["id"]))
    if "group" not in found:
        return "it was found, but in no error group"
    reader.get("error_groups", found["group"])
    return None


def _traced(reader: Reader, sent: Any, trace_id: str, span_id: str) -> str | None:
    if (wrong := _same(reader, sent)) is not None:
        return wrong
    spans = reader.get("traces", trace_id)["spans"]
    return None if [span["span_id"] for span in spans] == [span_id] else "it was found, but not in its trace"


def _checked_in(reader: Reader, _sent: Any) -> str | None:
    listed = reader.get("monitors", environment=ENVIRONMENT)["items"]
    moved = [each for each in listed if each["slug"] == MONITOR and each["release"] == reader.mark]
    return None if moved else "its monitor has not moved"


def _deployed(reader: Reader, _sent: Any) -> str | None:
    listed = reader.get("deployments", environment=ENVIRONMENT)["items"]
    return None if any(each["release"] == f"verify-{reader.mark}" for each in listed) else "it is in no list"


def _audited(reader: Reader, sent: Any) -> str | None:
    found = reader.get("events", str(sent["ids"][0]))
    return None if found["type"] == "audit" else "it was found, but as something else"


def _searched(reader: Reader, _sent: Any) -> str | None:
    found = reader.get("events", q=f'type:log "logserver verify line {reader.mark}"', environment=ENVIRONMENT)["items"]
    return None if found else "no search finds it"
