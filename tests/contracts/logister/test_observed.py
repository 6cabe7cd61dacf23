"""What the server notes of refused submissions: which rule, never a value."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from starlette.testclient import TestClient

from logserver.app import Application
from logserver.core import projects
from logserver.core.faults import Conflict
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
from tests.fakes import FakeClock
from tests.serving import Sender, Serve, Server, settings

SENT = "hunter2-9f3b"

REFUSED: dict[str, tuple[str, Any, int]] = {
    "no JSON": (EVENTS, b'{"event": {"message": "hunter2-9f3b', 400),
    "no envelope": (EVENTS, {"password": SENT}, 400),
    "no type": (EVENTS, {"event": {"message": SENT, "secretKey": SENT}}, 422),
    "unknown type": (EVENTS, event(event_type=SENT), 422),
    "uuid": (EVENTS, event(uuid=SENT), 422),
    "wrong types": (EVENTS, event(context=SENT, level=[SENT]), 422),
    "too large": (EVENTS, event(context={"a": SENT * 30_000}), 413),
    "span": (EVENTS, span(duration_ms=SENT), 422),
    "check-in": (CHECK_INS, check_in(status=SENT), 422),
    "deployment": (DEPLOYMENTS, deployment(commit_sha=SENT, repository=SENT, deployed_at=SENT), 422),
    "mobile token": (MOBILE_TOKENS, mobile_token(platform=SENT, allowed_event_types=[SENT]), 422),
    "batch shape": (BATCH, lines({"event": {"message": SENT}}), 400),
    "batch rule": (BATCH, lines(event(uuid=uuid(1), event_type=SENT)), 422),
}


@pytest.mark.parametrize(("path", "body", "status"), REFUSED.values(), ids=REFUSED)
def test_a_refusal_is_noted_without_a_value(server: Server, sender: Sender, path: str, body: Any, status: int) -> None:
    headers = NDJSON if path == BATCH else {}
    assert server.post(path, body, sender.token, headers).status_code == status
    (note,) = server.refusals()
    assert (note.type, note.level) == ("log", "warn")
    assert note.context["status"] == status
    assert note.context["endpoint"] == f"POST {path}"
    assert note.context["project"] == sender.project.slug
    assert note.context["reason"]
    assert SENT.encode() not in msgspec.json.encode([note.message, note.context])
    assert sender.token.encode() not in msgspec.json.encode([note.message, note.context])


def test_keys_are_noted_as_they_are_read(server: Server, sender: Sender) -> None:
    server.post(EVENTS, {"EVENT": {"eventType": "nope", "TRACE_ID": SENT, "other": SENT}, "more": SENT}, sender.token)
    (note,) = server.refusals()
    assert note.context["envelope_keys"] == ["EVENT", "more"]
    assert note.context["normalized_keys"] == ["event_type", "other", "trace_id"]


def test_a_binding_is_noted_without_its_values(server: Server, sender: Sender) -> None:
    token = server.post(MOBILE_TOKENS, mobile_token(service=SENT), sender.token).json()["token"]
    assert server.post(EVENTS, event(service=f"other {SENT}"), token).status_code == 422
    assert server.post(DEPLOYMENTS, deployment(), token).status_code == 403
    notes = server.refusals()
    assert sorted(note.context["status"] for note in notes) == [403, 422]
    assert SENT.encode() not in msgspec.json.encode([[note.message, note.context] for note in notes])


def test_an_unknown_sender_has_no_project(server: Server) -> None:
    assert server.post(EVENTS, event(message=SENT), f"logister_{SENT}").status_code == 401
    (note,) = server.refusals()
    assert (note.context["status"], note.context.get("project")) == (401, None)
    assert SENT.encode() not in msgspec.json.encode([note.message, note.context])


def test_what_is_accepted_is_not_noted(server: Server, sender: Sender) -> None:
    for _ in range(2):
        assert server.post(EVENTS, event(uuid=uuid(1)), sender.token).is_success
    assert not server.refusals()


def test_notes_may_be_switched_off(serve: Serve) -> None:
    server = serve(self_observability=False)
    assert server.post(EVENTS, event(), None).status_code == 401
    assert not server.refusals()
    assert not server.count("projects")


def test_a_flood_is_noted_sixty_times_a_minute(server: Server, sender: Sender) -> None:
    for _ in range(70):
        server.post(EVENTS, {}, sender.token)
    assert len(server.refusals()) == 60
    server.clock.turn(60)
    server.post(EVENTS, {}, sender.token)
    assert [note.context.get("unrecorded_before") for note in server.refusals()][59:] == [None, 10]


def test_the_servers_project_takes_no_name_that_is_given(server: Server) -> None:
    with pytest.raises(Conflict, match="kept for the server"):
        server.sender("logserver")
    server.post(EVENTS, {}, None)
    assert len(server.refusals()) == 1
    assert server.administer(projects.by_slug, "logserver").system


def test_notes_are_written_when_the_server_stops(tmp_path: Path, clock: FakeClock) -> None:
    app = Application(settings(tmp_path), clock)
    with TestClient(app) as client:
        assert client.post(EVENTS).status_code == 401
    with TestClient(Application(settings(tmp_path), clock)) as client:
        assert len(Server(app, client, clock).rows("SELECT 1 FROM events")) == 1


def test_a_server_that_takes_nothing_stops_in_good_order(tmp_path: Path, clock: FakeClock) -> None:
    app = Application(settings(tmp_path), clock)
    with TestClient(app) as client:
        assert client.get("/healthz").status_code == 200
        app.database.refusing = "the disk is full"
        assert client.post(EVENTS).status_code == 401


def test_a_server_whose_observer_is_away_stops_in_good_order(tmp_path: Path, clock: FakeClock) -> None:
    away = settings(tmp_path, self_endpoint="http://127.0.0.1:9/api/v1/ingest_events", self_api_key="logister_x")
    with TestClient(Application(away, clock)) as client:
        assert client.post(EVENTS).status_code == 401
