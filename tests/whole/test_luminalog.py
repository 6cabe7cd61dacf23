"""LuminaLog's published client, unchanged, against the real server; and what goes over the wire beside it."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from luminalog import LuminaLog  # type: ignore[import-untyped]

from logserver.core import log_rates, tokens
from logserver.core.log_rates import LogRate
from logserver.store.database import transaction
from tests.whole.process import PATIENCE, Server, serving
from tests.whole.raw import Answer, ask
from tests.whole.shell import create_token, found

pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")  # it is the client's
PATH = "/v1/logs"
AT = "2026-01-26T14:30:00.000Z"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("luminalog")) as running:
        yield running
        assert " ERROR " not in running.log()


def client(server: Server, token: str, **options: Any) -> Any:
    """A client that sends when it is told to, and not by the clock."""
    return LuminaLog(
        token, endpoint=server.base_url + PATH, flush_interval=3_600, **{"environment": "staging", **options}
    )


def posted(server: Server, body: bytes, headers: dict[str, str] | None = None, method: str = "POST") -> Answer:
    fields = {"Host": "test", "Content-Length": str(len(body)), **(headers or {})}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return ask(server, f"{method} {PATH} HTTP/1.1\r\n{head}\r\n".encode() + body)


def batch(message: str, **beside: Any) -> bytes:
    return json.dumps({**beside, "logs": [{"timestamp": AT, "level": "info", "message": message}]}).encode()


def test_it_delivers_what_it_is_told(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    log = client(server, create_token(server.folder), project_id="p-7", privacy_mode=True)
    for level in ("debug", "info", "warn", "error", "fatal"):
        getattr(log, level)(f"said at {level}", {"user_id": "user-789", "größe": 3})
    log.panic("said at panic")
    for level in ("debug", "info", "warn", "error", "fatal"):
        (event,) = found(server.folder, f"said at {level}", user_id="user-789", environment="staging", project_id="p-7")
        assert (event.type, event.level, event.context["größe"]) == ("log", level, 3)
    (panic,) = found(server.folder, "said at panic", original_level="panic", privacy_mode=True)
    assert (panic.type, panic.level) == ("log", "fatal")
    assert found(server.folder, "LuminaLog SDK initialized", project_id="p-7")
    log.shutdown()
    assert capsys.readouterr() == ("", "")


def test_what_it_captures_is_grouped(server: Server) -> None:
    log = client(server, create_token(server.folder))

    def fail(order: int) -> None:
        raise KeyError(f"order {order} is lost")

    for order in (4711, 12):
        try:
            fail(order)
        except KeyError as error:
            log.capture_error(error, {"order": order})
    log.capture_exception(ValueError())
    log.flush()
    first, second = (found(server.folder, f"'order {order} is lost'", order=order)[0] for order in (4711, 12))
    assert {first.type, second.type} == {"error"}
    assert first.error_group == second.error_group is not None
    exception = first.context["exception"]
    assert (exception["class"], exception["context"]) == ("KeyError", {"order": 4711})
    assert "in fail" in exception["backtrace"][-1]
    assert [event.context["exception"]["class"] for event in found(server.folder, "") if event.type == "error"] == [
        "ValueError"
    ]
    log.shutdown()


def test_it_has_nothing_to_warn_of(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    log = client(server, create_token(server.folder), debug=True)
    log.info("delivered loudly")
    log.flush()
    log.shutdown()
    assert found(server.folder, "delivered loudly")
    assert capsys.readouterr().out == "[LuminaLog] Flushed 2 logs\n"


def test_after_a_429_it_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with serving(tmp_path, "--logs-rate-limit-per-minute", "12", "--logs-rate-limit-burst", "1") as server:
        token = create_token(server.folder)
        log = client(server, token)
        log.flush()
        log.info("too much")
        log.flush()
        assert "QUOTA EXCEEDED" in capsys.readouterr().out
        with transaction(server.folder) as tx:
            log_rates.change(tx, tokens.id_of(tx, tokens.number_of(tx, token)), LogRate(600_000, 1_000))
        deadline = monotonic() + PATIENCE
        while not found(server.folder, "delivered again") and monotonic() < deadline:
            log.info("delivered again")
            log.flush()
        log.shutdown()
        assert found(server.folder, "delivered again")
        assert not found(server.folder, "too much")


def test_it_delivers_to_a_server_that_was_started_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with serving(tmp_path) as server:
        log, port = client(server, create_token(server.folder)), server.port
        log.info("before")
        log.flush()
    log.info("meanwhile")
    log.flush()  # it tries three times, for three seconds, and keeps what it could not send
    with serving(tmp_path, "--port", str(port)):
        log.info("after")
        log.flush()
        assert [len(found(tmp_path, message)) for message in ("before", "meanwhile", "after")] == [1, 1, 1]
    log.shutdown()
    assert capsys.readouterr().out == ""


def test_a_batch_that_is_sent_for_ever_is_told_of_once(server: Server) -> None:
    log = client(server, create_token(server.folder))
    log.info("x" * 11_000)
    for _ in range(2):
        log.flush()
    log.shutdown()
    assert posted(server, b"").status == 401  # by now, what was answered before is logged
    lines = server.log().splitlines()
    assert len([line for line in lines if "was refused: logs[1].message: Must be at most" in line]) == 1
    assert len([line for line in lines if f" POST {PATH} 400 " in line]) == 6


@pytest.mark.parametrize("way", ["header", "in front", "behind", "gzip", "large"])
def test_every_way_a_key_may_come(server: Server, way: str) -> None:
    token = create_token(server.folder)
    for number in range(2):  # the second time it is known, and a small request goes the short way
        message = f"{way} {number}"
        match way:
            case "header":
                answer = posted(server, batch(message), {"X-Api-Key": token})
            case "in front":
                answer = posted(server, batch(message, api_key=token))
            case "behind":
                answer = posted(server, json.dumps({**json.loads(batch(message)), "api_key": token}).encode())
            case "gzip":
                answer = posted(server, gzip.compress(batch(message, api_key=token)), {"Content-Encoding": "gzip"})
            case _:
                answer = posted(server, batch(message, api_key=token, padding="x" * 2_000_000))
        assert (answer.status, answer.json()["processed"]) == (200, 1)
        assert int(answer.headers["x-ratelimit-remaining"]) == 599 - number
        assert found(server.folder, message)


def test_the_short_way_says_no_as_the_other_does(server: Server) -> None:
    token = create_token(server.folder)
    assert posted(server, batch("let in", api_key=token)).status == 200
    for body in (b'{"api_key": "%b"}' % token.encode(), b'{"api_key": "%b", "logs": [' % token.encode()):
        answers = [posted(server, body, headers) for headers in ({}, {}, {"X-Api-Key": token})]
        assert {answer.status for answer in answers} == {400}
        assert len({answer.body for answer in answers}) == 1
    assert posted(server, b'{"api_key": "wrong"}').status == 401
    assert posted(server, b"").status == 401


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_other_methods_are_told_which_there_is(server: Server, method: str) -> None:
    answer = posted(server, b"", method=method)
    assert (answer.status, answer.headers["allow"]) == (405, "POST")
    assert answer.json() == {"error": "method_not_allowed", "message": "Method Not Allowed"}


@pytest.mark.parametrize(
    "options", [("--public-url", "https://logs.example.com"), ("--require-https", "on"), ("--require-https", "True")]
)
def test_plain_http_is_refused_where_it_must_be(tmp_path: Path, options: tuple[str, str]) -> None:
    with serving(tmp_path, *options, "--trusted-proxies", "127.0.0.1") as server:
        token = create_token(server.folder)
        for number in range(2):
            body = batch(f"through the proxy {number}", api_key=token)
            assert posted(server, body).status == 403
            assert posted(server, body, {"X-Forwarded-Proto": "https"}).status == 200
        assert len(found(server.folder)) == 2
