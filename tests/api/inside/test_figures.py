"""What the server says of itself is what happened."""

import sqlite3
from pathlib import Path

import pytest

from logserver.core.retention import Retention
from logserver.core.trimming import Trimming
from tests.api.inside.scraping import TOKEN, Samples, of, scraped
from tests.contracts.logfleet.fleet import registered
from tests.contracts.logister.sending import event, identified, lines
from tests.serving import Sender, Serve, Server

SINGLE = "/api/v1/ingest_events"


@pytest.fixture
def server(serve: Serve) -> Server:
    return serve(metrics_token=TOKEN)


def named(samples: Samples, name: str) -> dict[frozenset[tuple[str, str]], float]:
    return {labels: value for (each, labels), value in samples.items() if each == name}


def test_requests_are_counted_by_route_and_status(server: Server, sender: Sender) -> None:
    for _ in range(2):
        assert server.post(SINGLE, event(), sender.token).status_code == 201
    assert server.post(SINGLE, b"{", sender.token).status_code == 400
    assert server.client.get("/api/v1/cli/projects/secret-name/events", headers={"X-Api-Key": "no"}).status_code == 401
    server.client.get("/a/path/of/nobody")
    samples = scraped(server)
    route = "/api/v1/cli/projects/{project}/events"
    assert named(samples, "logserver_http_requests_total") == {
        frozenset({("method", method), ("route", path), ("status", status)}): n
        for method, path, status, n in (
            ("POST", SINGLE, "201", 2),
            ("POST", SINGLE, "400", 1),
            ("GET", route, "401", 1),
            ("GET", "/...", "404", 1),
        )
    }
    assert samples[of("logserver_http_request_duration_seconds_count", route=SINGLE)] == 3
    assert samples[of("logserver_refused_total", reason="malformed")] == 1
    assert samples[of("logserver_refused_total", reason="unauthorized")] == 1
    again = scraped(server)
    assert again[of("logserver_http_requests_total", method="GET", route="/metrics", status="200")] == 1


def test_events_are_counted_by_project_and_type_once_they_are_stored(server: Server, sender: Sender) -> None:
    other = server.sender("other")
    batch = lines(*identified(3))
    headers = {"Content-Type": "application/x-ndjson"}
    for _ in range(2):  # the second time they are known
        assert server.post(f"{SINGLE}/batch", batch, sender.token, headers).status_code == 202
    assert server.post(SINGLE, event(event_type="error", message="x"), other.token).status_code == 201
    samples = scraped(server)
    assert samples[of("logserver_events_total", project=sender.project.slug, type="log")] == 3
    assert samples[of("logserver_events_total", project="other", type="error")] == 1
    assert samples[of("logserver_commit_events_count")] == 3
    assert samples[of("logserver_commit_duration_seconds_count", kind="events")] == 3
    assert samples[of("logserver_commits_total")] > 3


@pytest.mark.parametrize(("settings", "reason"), [({}, "disk_full"), ({"queue_rows": 0}, "queue_full")])
def test_why_events_are_refused_is_told(serve: Serve, settings: dict[str, int], reason: str) -> None:
    server = serve(metrics_token=TOKEN, **settings)
    sender = server.sender()
    assert of("logserver_refusing") in scraped(server)
    if reason == "disk_full":
        server.app.database.refusing = "the disk is full"
    assert server.post(SINGLE, event(), sender.token).status_code == 503
    samples = scraped(server)
    assert samples[of("logserver_refused_total", reason=reason)] == 1
    assert samples[of("logserver_refusing")] == (reason == "disk_full")


def test_a_rate_limit_is_a_reason(serve: Serve) -> None:
    server = serve(metrics_token=TOKEN, public_api_rate_limit_requests=1)
    sender = server.sender()
    assert [server.post(SINGLE, event(), sender.token).status_code for _ in range(3)] == [201, 429, 429]
    assert scraped(server)[of("logserver_refused_total", reason="too_many")] == 2


def test_the_store_is_measured(server: Server, sender: Sender) -> None:
    server.post(SINGLE, event(), sender.token)
    samples = scraped(server)
    assert of("logserver_store_limit_bytes") not in samples  # it may have any
    size = (server.folder / "logserver.db").stat().st_size
    assert samples[of("logserver_store_bytes", file="database")] == size
    assert samples[of("logserver_store_unused_bytes")] < size
    assert samples[of("logserver_disk_free_bytes")] > 0
    assert samples[of("logserver_queue_limit_events")] == server.app.settings.queue_rows
    assert samples[of("logserver_queue_limit_bytes")] == server.app.settings.queue_megabytes * 1_000_000
    assert samples[of("logserver_queue_events")] == 0
    assert samples[of("logserver_read_duration_seconds_count")] > 0


def test_the_size_that_a_store_may_have_is_told(serve: Serve) -> None:
    limited = serve(metrics_token=TOKEN, max_size=20_000_000)
    samples = scraped(limited)
    assert samples[of("logserver_store_limit_bytes")] == 20_000_000
    assert samples[of("logserver_store_stuck")] == 0
    limited.app.schedule.trimming = Trimming(limited.app.database, limited.clock.monotonic, 1)
    limited.run(limited.app.schedule.trimming.one_pass, limited.clock.now_ms())
    assert scraped(limited)[of("logserver_store_stuck")] == 1


def test_what_is_deleted_is_counted_by_why(server: Server, sender: Sender) -> None:
    for number in range(5):
        assert server.post(SINGLE, event(message=f"number {number}"), sender.token).status_code == 201
    trimming = Trimming(server.app.database, server.clock.monotonic, 1)
    while server.run(trimming.one_pass, server.clock.now_ms()):
        pass
    server.post(SINGLE, event(), sender.token)
    server.clock.turn(400 * 86_400)
    while server.write(Retention(server.app.trail.retire).expire, server.clock.now_ms()):
        pass
    samples = scraped(server)
    assert samples[of("logserver_events_deleted_total", reason="size")] == 5
    assert samples[of("logserver_events_deleted_total", reason="age")] == 1


def test_jobs_agents_and_monitors_are_told_by_name(server: Server, sender: Sender) -> None:
    registered(server, server.token(sender.project, "edge"))
    for slug, status in (("nightly", "error"), ("hourly", "ok"), ("weekly", "ok")):
        check_in = {"event_type": "check_in", "message": slug, "check_in_slug": slug, "check_in_status": status}
        assert server.post(SINGLE, event(**check_in), sender.token).status_code == 201
    samples = scraped(server)
    assert samples[of("logserver_monitors", state="error")] == 1
    assert samples[of("logserver_monitors", state="ok")] == 2
    jobs = set(server.app.schedule.jobs.records)
    for name in ("passes_total", "failures_total", "last_lateness_seconds", "worst_lateness_seconds"):
        assert {dict(labels)["name"] for labels in named(samples, f"logserver_job_{name}")} == jobs
    assert sum(named(samples, "logserver_agents").values()) == 1


def test_it_is_told_even_while_the_store_cannot_be_read(server: Server, sender: Sender) -> None:
    assert server.post(SINGLE, event(), sender.token).status_code == 201
    known = scraped(server)

    def broken(*_: object) -> None:
        raise sqlite3.DatabaseError("database disk image is malformed")

    server.app.database.look_up = broken  # type: ignore[assignment] # a disk that breaks
    samples = scraped(server)
    assert of("logserver_store_unused_bytes") not in samples
    assert len(samples) > len(known) / 2
    assert samples[of("logserver_events_total", project=f"#{sender.project.number}", type="log")] == 1


def test_nothing_of_what_was_sent_is_in_it(server: Server, sender: Sender) -> None:
    secret = "4111111111111111"
    server.post(f"{SINGLE}/{secret}", event(message=secret, context={secret: secret}), sender.token)
    server.post(SINGLE, event(message=secret, level=secret, context={secret: secret}), sender.token)
    server.client.get(f"/{secret}?{secret}={secret}", headers={"Authorization": f"Bearer {secret}", "Host": secret})
    server.client.request("GET", f"/p/{secret}/inbox")
    assert not [key for key in scraped(server) if secret in repr(key)]


def test_a_short_token_is_refused_and_not_repeated(tmp_path: Path) -> None:
    from tests.whole.process import refused  # noqa: PLC0415 - the one test here that starts a process

    code, said = refused(tmp_path, "--metrics-token", "short-secret")
    assert code == 2
    assert "--metrics-token" in said
    assert "short-secret" not in said
