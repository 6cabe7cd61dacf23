"""What was redacted is nowhere: in no byte that the server keeps, writes, answers or sends.

Not covered, because it is no text that a rule could take something out of, or not of the sender's making:
an action, category or time (their forms leave hardly room for a secret, and they stay what they are); a uuid that a
client gave its event; what administrators type (names of rules, keys, projects; patterns; URLs of webhooks); tokens
of the server's own; the id of a batch, which is a header that is answered to its own sender and kept nowhere; what
a rule for fields does not name, and what a pattern finds only when it is put together from several fields.
"""

import json
from pathlib import Path
from time import time
from typing import Any, NamedTuple

import pytest

from logserver.core import projects, tokens
from logserver.core.projects import Project
from logserver.store.database import transaction
from tests.nowhere import EMPLOYEE, KINDS, Maker, Secret, files, in_bytes, leaks, tables, terms
from tests.receiver import Receiver
from tests.whole import offending, scattered, telling
from tests.whole.process import serving
from tests.whole.talking import API, Talk

VISIBLE = "in full view 7731"
"""No rule finds it, so it shows that the search finds what is there."""

NDJSON = "application/x-ndjson"


class Keys(NamedTuple):
    project: Project
    token: str
    master: str


@pytest.mark.parametrize("form", ["text", "json"])
def test_no_byte_tells_what_was_redacted(tmp_path: Path, form: str) -> None:
    folder = tmp_path / "data"
    keys = _prepared(folder)
    maker = Maker()
    options = ("--access-log", form, "--log-level", "debug", "--allow-private-webhooks")
    with Receiver() as receiver, serving(folder, *options) as server:
        talk = Talk(server)
        _set_up(talk, keys, receiver.url)
        _send_audit(talk, keys, maker)
        _send_telemetry(talk, keys, maker)
        _ask(talk, keys, maker)
        _be_refused(talk, keys, maker)
        viewer = _look(talk, keys)
        heard = receiver.wait_for(3)
        # The log of writes is there only as long as the server runs.
        places = [(f"{name} of a running server", held) for name, held in files(folder)]
        assert any("-wal" in name and len(held) > 1_000_000 for name, held in places)
        assert server.stop() == 0
        places += [("log", server.log().encode()), ("standard output", server.printed().encode())]
    places += [*files(folder), *tables(folder)]
    # A token stands in the answer that made it, and nowhere else.
    credentials = [Secret(token, token) for token in (keys.token, keys.master, viewer)]
    assert [leak for token in credentials for leak in in_bytes(token, places)] == []
    places += talk.answers
    places += [(f"message {n}", repr(request).encode() + request.body) for n, request in enumerate(heard)]
    indexed = terms(folder)
    assert len(leaks(Secret(VISIBLE, VISIBLE), places, indexed)) > 3
    assert len(maker.made) > 100
    assert [leak for secret in maker.made for leak in leaks(secret, places, indexed)] == []


def _prepared(folder: Path) -> Keys:
    now = int(time() * 1000)
    with transaction(folder) as tx:
        project = projects.create(tx, slug="shop", now_ms=now)
        # With a second one, a master key must name what it means.
        projects.create(tx, slug="other", now_ms=now)
        project = projects.set_values(tx, "shop", redact_dialects=("logister", "logstitch"))
        return Keys(
            project,
            tokens.issue(tx, kind="project", name="a key", project=project, now_ms=now).secret,
            tokens.issue(tx, kind="master", name="a key", project=None, now_ms=now).secret,
        )


def _set_up(talk: Talk, keys: Keys, url: str) -> None:
    """Every rule of redaction, by all behaviours; alerts that name their actor; somebody who is told."""
    in_shop = f"?project_id={keys.project.uuid}"
    for name, behavior in {"email": "hash", "phone": "replace", "ipv4": "mask", "ssn": "mask"}.items():
        body = {"enabled": True, "behavior": behavior}
        assert talk.ask("PUT", f"{API}/redaction/rules/builtin_{name}{in_shop}", keys.master, body).status == 200
    rules = [
        {"type": "pattern", "name": "employees", "pattern": EMPLOYEE, "behavior": "hash"},
        {"type": "field_redact", "name": "fields", "fields": scattered.FIELD_RULES},
        {"type": "field_redact", "name": "of telemetry", "fields": scattered.TELEMETRY_RULES, "behavior": "hash"},
    ]
    for rule in rules:
        talk.post(f"/redaction/rules{in_shop}", keys.master, rule, 201)
    alarm = {"name": "everything", "action_pattern": "*", "threshold": 1, "window_seconds": 60, "severity": "low"}
    talk.post(f"/alerts/rules{in_shop}", keys.master, alarm | {"group_by": "actor_id", "cooldown_seconds": 0}, 201)
    talk.post(f"/alerts/webhooks{in_shop}", keys.master, {"url": url}, 201)


def _send_audit(talk: Talk, keys: Keys, maker: Maker) -> None:
    for secret in maker.every_kind():
        event = scattered.audit(secret)
        assert talk.post("/events", keys.token, event, 201)["redacted_count"] >= 28, secret
        tried = talk.post("/redaction/test", keys.token, {"event": event}, 200)
        assert tried["redacted_count"] >= 28
    many = [scattered.audit(secret, wrap="{}") for secret in maker.every_kind()]
    assert talk.post("/events", keys.token, many, 201)["redacted_count"] >= 28 * len(many)
    for secret in (maker.veiled(), maker.veiled()):
        assert talk.post("/events", keys.token, scattered.veiled(secret.text), 201)["redacted_count"] >= 5
    talk.post("/events", keys.token, scattered.veiled("") | {"metadata": {"note": VISIBLE}}, 201)


def _send_telemetry(talk: Talk, keys: Keys, maker: Maker) -> None:
    batch = [telling.telemetry(secret, kind) for kind in telling.TYPES for secret in maker.every_kind()]
    talk.post("/ingest_events/batch", keys.token, _lines(batch[:40]), 202, **{"Content-Type": NDJSON})
    for event in batch[40:]:
        talk.post("/ingest_events", keys.token, event, 201)
    talk.post("/ingest_events", keys.token, batch[40], 200)
    for secret in maker.every_kind():
        talk.post("/check_ins", keys.token, telling.check_in(secret), 201)
        talk.post("/deployments", keys.token, telling.deployment(secret), 201)
    hidden = maker.veiled()
    for event in telling.veiled(hidden.text):
        talk.post("/ingest_events", keys.token, event, 201)
    talk.post("/check_ins", keys.token, {"check_in": {"slug": hidden.text}}, 201)


def _ask(talk: Talk, keys: Keys, maker: Maker) -> None:
    """Everything is read, and what was redacted is searched for."""
    cursor: str | None = ""
    while cursor is not None:
        page = talk.get("/events", keys.token, 200, cursor=cursor, limit="10")
        cursor = page["cursor"]
    assert "[REDACTED]" in json.dumps(page)
    assert talk.get("/alerts", keys.token, 200)["alerts"]
    in_shop = {"project_id": keys.project.uuid}
    talk.get("/alerts/webhooks", keys.master, 200, **in_shop)
    talk.get("/redaction/rules", keys.master, 200, **in_shop)
    for secret in [*maker.made[: len(KINDS)], *maker.every_kind()]:
        for name in ("search", "actor_id", "target_id", "target_type", "tenant_id", "action"):
            assert talk.get("/events", keys.token, 200, **{name: secret.text[:120]})["events"] == []
        for name in ("category", "actor_type", "start_date", "end_date", "limit"):
            talk.get("/events", keys.token, 422, **{name: secret.text})
        talk.get("/events", keys.token, 404, project_id=secret.text)
        talk.get("/events", keys.master, 404, project_id=secret.text)
        for status, name in ((400, "cursor"), (422, "status"), (422, "severity"), (422, "start_date")):
            talk.get("/alerts", keys.token, status, **{name: secret.text[:120]})
        talk.get("/events", keys.token, 400, cursor=secret.text[:120])


def _be_refused(talk: Talk, keys: Keys, maker: Maker) -> None:
    for secret in maker.every_kind():
        for body in scattered.refused_audit(secret):
            assert talk.ask("POST", f"{API}/events", keys.token, body).status == 422, body
        for body in telling.refused(secret):
            for path in ("/ingest_events", "/check_ins", "/deployments"):
                assert talk.ask("POST", API + path, keys.token, body).status in {400, 413, 422}, (path, body)
        for raw in scattered.unreadable(secret):
            for path in ("/events", "/ingest_events", "/check_ins", "/redaction/test"):
                assert talk.ask("POST", API + path, keys.token, raw).status in {400, 422}, (path, raw)
            said = talk.ask("POST", f"{API}/ingest_events/batch", keys.token, raw, {"Content-Type": NDJSON})
            assert said.status in {400, 413}
        offending.at_the_door(talk, keys.token, secret.text)
        offending.with_nowhere_to_go(talk, keys.token, secret.text)
        offending.as_an_administrator(talk, keys.master, keys.project.uuid, secret.text)
        offending.with_a_mobile_token(talk, keys.token, secret)


def _look(talk: Talk, keys: Keys) -> str:
    """A viewer's look at the trail; the token it was made with."""
    token: str = talk.post("/viewer-tokens", keys.token, {"tenant_id": "acme"}, 201)["token"]
    assert talk.get("/events", token, 200)["events"]
    return token


def _lines(events: list[Any]) -> bytes:
    return b"\n".join(json.dumps(event).encode() for event in events)
