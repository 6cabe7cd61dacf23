"""The published Python client, unchanged, against the real server: what it sends arrives and is found."""

import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from logister import LogisterClient, LogisterError  # type: ignore[import-untyped]
from logister.fastapi import instrument_fastapi  # type: ignore[import-untyped]
from logister.logging import instrument_logging  # type: ignore[import-untyped]

from logserver.store.events import Event
from tests.whole.process import PATIENCE, Server, serving
from tests.whole.shell import create_token, deployments, found


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("clients")) as running:
        yield running
        assert " ERROR " not in running.log()
        assert refusals(running) == []


@pytest.fixture
def client(server: Server) -> Iterator[Any]:
    with LogisterClient(
        create_token(server.folder),
        base_url=f"{server.base_url}/",
        timeout=PATIENCE,
        environment="staging",
        release="2.1.0",
        repository="acme/shop",
        commit_sha="4f8c2d1a9b7e6c5d4a3b2c1d0e9f8a7b6c5d4e3f",
        branch="main",
    ) as made:
        yield made


def only(server: Server, text: str, **context: Any) -> Event:
    """The one event with this message and these values, as every event of this client's."""
    (event,) = found(server.folder, text, **context)
    assert event.context["environment"] == "staging"
    return event


def refusals(server: Server) -> list[str]:
    """The lines of the access log that tell of a request that was not accepted though its token was valid."""
    return [line for line in server.log().splitlines() if re.search(r" /api/v1/\S+ (?!2\d\d |401 )", line)]


def failure() -> Exception:
    """An exception with a traceback and a cause."""
    basket: dict[str, int] = {}
    try:
        try:
            basket["tea"] += 1
        except KeyError as missing:
            raise ValueError("no such order\nin this shop") from missing
    except ValueError as error:
        return error
    raise AssertionError


def test_an_exception_with_its_cause(server: Server, client: Any) -> None:
    answer = client.capture_exception(failure(), context={"order": 4711}, fingerprint="orders", user_id="u-1")
    event = only(server, "no such order\nin this shop", order=4711, user_id="u-1")
    exception = event.context["exception"]
    assert (event.type, event.level, event.fingerprint) == ("error", "error", "orders")
    assert (exception["class"], exception["cause"]["class"]) == ("ValueError", "KeyError")
    assert exception["frames"][-1]["name"] == "failure"
    assert event.error_group is not None
    assert (answer["status"], answer["id"]) == ("accepted", text_of(event))
    assert isinstance(answer["legacy_id"], int)


@pytest.mark.parametrize("level", ["debug", "info", "warning", "error", "critical", "notset"])
def test_a_message_of_any_level(level: str, server: Server, client: Any) -> None:
    client.capture_message(f"said at {level}", level=level, context={"größe": 3, "nested": {"ok": True}})
    event = only(server, f"said at {level}", nested={"ok": True})
    assert (event.type, event.level, event.context["größe"]) == ("log", level, 3)


@pytest.mark.parametrize("value", [0, -2, 12.5, 10**15])
def test_a_metric(value: float, server: Server, client: Any) -> None:
    client.capture_metric("queue.depth", value, unit="jobs")
    event = only(server, "queue.depth", value=value, unit="jobs")
    assert event.type == "metric"


def test_a_transaction(server: Server, client: Any) -> None:
    client.capture_transaction("POST /checkout", 182.4, context={"status_code": 503}, request_id="r-1")
    event = only(server, "POST /checkout", transaction_name="POST /checkout", duration_ms=182.4, request_id="r-1")
    assert (event.type, event.context["status_code"]) == ("transaction", 503)


def test_a_span_of_a_trace(server: Server, client: Any) -> None:
    client.capture_span(
        "SELECT orders", 12, trace_id="t-1", span_id="s-1", parent_span_id="s-0", kind="db", status="ok"
    )
    event = only(server, "SELECT orders", trace_id="t-1", span_id="s-1", parent_span_id="s-0")
    assert (event.type, event.context["kind"], event.context["status"]) == ("span", "db", "ok")
    again = client.capture_span("SELECT orders", 12, trace_id="t-1", span_id="s-1")
    assert (again["duplicate"], again["id"]) == (True, text_of(event))


def test_a_span_without_a_trace_gets_one_of_its_own(server: Server, client: Any) -> None:
    client.capture_span("alone", 0.5, status="error")
    event = only(server, "alone")
    assert len(event.context["trace_id"]) == 32
    assert (event.level, event.context["kind"], event.context["duration_ms"]) == ("error", "internal", 0.5)


@pytest.mark.parametrize(("status", "level"), [("ok", "info"), ("error", "error"), ("in_progress", "info")])
def test_a_check_in(status: str, level: str, server: Server, client: Any) -> None:
    answer = client.check_in(f"nightly-{status}", status, expected_interval_seconds=900, duration_ms=1500, trace_id="t")
    event = only(server, f"nightly-{status}", check_in_status=status, expected_interval_seconds=900, trace_id="t")
    assert (event.type, event.level, answer["status"]) == ("check_in", level, "accepted")


def test_a_deployment(server: Server, client: Any) -> None:
    first = client.record_deployment(release="2.1.0", pull_request_number=12, deployment_url="https://example.com/d/1")
    again = client.record_deployment(release="2.1.0", branch="main")
    assert first["status"] == "accepted"
    assert first["id"] == again["id"]
    assert deployments(server.folder) == [("2.1.0", "staging", "4f8c2d1a9b7e6c5d4a3b2c1d0e9f8a7b6c5d4e3f")]


def test_a_batch_of_230_events(server: Server, client: Any) -> None:
    wanted: list[dict[str, Any]] = [
        {"event_type": "log", "level": "info", "message": f"line {number}"} for number in range(228)
    ]
    wanted += [{"event_type": "error", "level": "error", "message": "line 228", "fingerprint": "batch"}]
    wanted += [{"event_type": "metric", "level": "info", "message": "line 229", "context": {"value": 1}}]
    results = client.send_events(wanted)
    assert [result.error for result in results] == [None] * 230
    assert {result.response["status"] for result in results} == {"accepted"}
    assert [only(server, f"line {number}").uuid for number in range(230)] == [uuid_of(each) for each in results]
    assert all(result.response["duplicates"] == 0 for result in results)


def test_a_prepared_event_that_is_sent_again_is_stored_once(server: Server, client: Any) -> None:
    event = client.prepare_event(event_type="log", level="info", message="sent three times", event_uuid=str(uuid4()))
    first, again = client.send_prepared_event(event), client.send_prepared_event(event)
    (batched,) = client.send_events([event])
    assert again == first | {"duplicate": True}
    assert batched.response["duplicates"] == 1
    assert batched.response["results"][0]["id"] == event.event_id
    assert text_of(only(server, "sent three times")) == event.event_id


def test_an_application_under_its_middleware(server: Server, client: Any) -> None:
    app = FastAPI()
    instrument_fastapi(app, client, capture_spans=True)

    @app.get("/ok/{number}")
    def ok(number: int) -> dict[str, int]:
        return {"number": number}

    @app.get("/broken")
    def broken() -> None:
        raise RuntimeError("the basket is empty")

    trace = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "X-Request-Id": "req-7"}
    with TestClient(app, raise_server_exceptions=False) as browser:
        assert browser.get("/ok/5?page=2", headers=trace).json() == {"number": 5}
        assert browser.get("/broken").status_code == 500
    assert client.flush(PATIENCE)

    good = found(server.folder, "GET /ok/5", trace_id="0af7651916cd43dd8448eb211c80319c", request_id="req-7")
    assert {event.type: event.level for event in good} == {"transaction": "info", "span": "info"}
    assert {event.context["route"] for event in good} == {"/ok/{number}"}
    assert len({event.context["span_id"] for event in good}) == 1
    bad = found(server.folder, "GET /broken", status_code=500)
    assert sorted(event.type for event in bad) == ["span", "transaction"]
    error = only(server, "the basket is empty", trace_id=bad[0].context["trace_id"])
    assert (error.type, error.context["exception"]["class"]) == ("error", "RuntimeError")


def test_a_logger_under_its_handler(server: Server, client: Any) -> None:
    logger = logging.getLogger(f"shop.{uuid4()}")
    logger.setLevel(logging.DEBUG)
    handler = instrument_logging(client, logger=logger, context={"service": "shop"}, propagate=False)
    logger.warning("stock of %s is low", "tea", extra={"request_id": "r-9", "user_id": 42, "shelf": {"row": 3}})
    try:
        raise failure()
    except ValueError:
        logger.exception("an order could not be read")
    logger.removeHandler(handler)

    low = only(server, "stock of tea is low", service="shop", request_id="r-9", user_id="42")
    assert (low.type, low.level, low.context["log_record"]["shelf"]) == ("log", "warning", {"row": 3})
    assert low.context["logger_name"] == logger.name
    unread = only(server, "an order could not be read")
    assert (unread.type, unread.context["exception"]["message"]) == ("error", "no such order\nin this shop")


def test_from_its_environment(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGISTER_API_KEY", create_token(server.folder))
    monkeypatch.setenv("LOGISTER_BASE_URL", server.base_url)
    monkeypatch.setenv("LOGISTER_ENVIRONMENT", "staging")
    with LogisterClient.from_env() as made:
        made.capture_message("configured from outside")
    only(server, "configured from outside")


def test_a_token_that_is_not_valid_is_told_so(server: Server) -> None:
    with LogisterClient("logister_unknown", base_url=server.base_url) as made, pytest.raises(LogisterError):
        made.capture_message("never stored")
    assert found(server.folder, "never stored") == []


def test_a_server_that_was_killed_and_started_again_is_no_trouble(tmp_path: Path) -> None:
    with LogisterClient(create_token(tmp_path), base_url="http://127.0.0.1", environment="staging") as made:
        port = "0"
        for message in ("before the crash", "after the crash"):
            with serving(tmp_path, "--port", port) as server:
                port = str(server.port)
                made.base_url = server.base_url
                made.capture_message(message)
                made.check_in(message)
                server.kill()
    assert [event.message for event in found(tmp_path)] == ["before the crash"] * 2 + ["after the crash"] * 2


def text_of(event: Event) -> str:
    """The id an answer gave for an event that was sent with a uuid."""
    return str(UUID(bytes=event.uuid))


def uuid_of(result: Any) -> bytes:
    return UUID(result.event_id).bytes
