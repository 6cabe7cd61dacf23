"""What Python's loggers are shown to send arrives, and no program is harmed by a server that is away."""

import importlib.util
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.docs.user import User
from tests.examples import EXAMPLES
from tests.receiver import Receiver, Request, answer, hang, reset, says
from tests.whole.agents import until
from tests.whole.process import PATIENCE, environment, serving
from tests.whole.shell import create_token, found

PYTHON = EXAMPLES / "python"
PROGRAMS = ("stdlib_logging.py", "loguru_sink.py", "structlog_json.py")


def given(url: str, token: str) -> dict[str, str]:
    """The environment that tells a program where to send."""
    return {"LOGISTER_BASE_URL": url, "LOGISTER_API_KEY": token, "LOGSERVER_URL": url, "LOGSERVER_TOKEN": token}


@pytest.mark.parametrize("program", PROGRAMS)
def test_what_is_logged_arrives_with_its_fields_and_its_stacks(user: User, program: str) -> None:
    said = user.runs(sys.executable, PYTHON / program, code=1, **given(user.server.base_url, user.token()))
    printed = said.stdout + said.stderr
    assert "shop opened" in printed
    assert "the till is empty" in printed

    place = "log_record." if program.startswith("stdlib") else ""
    assert user.messages(f"type:log level:info {place}shelf:7 user_id:42") == {"shop opened"}
    found = {event["message"]: event for event in user.finds()}
    caught, uncaught = found["no price"], found["the program failed"]
    assert (caught["type"], uncaught["type"]) == ("error", "error")
    assert found["stock of tea is low"]["level"] == "warning"
    assert (caught["context"]["exception"]["class"], uncaught["context"]["exception"]["class"]) == (
        "KeyError",
        "RuntimeError",
    )
    assert caught["group"] != uncaught["group"]
    for event in (caught, uncaught):
        exception = event["context"]["exception"]
        assert exception["frames"][-1]["name"] == "main"
        assert exception["frames"][-1]["filename"].endswith(program)
    assert uncaught["context"]["exception"]["message"] == "the till is empty"
    assert len(found) == 4 + program.startswith("loguru")  # which has a level that the others have not
    assert '"locals"' not in json.dumps([caught, uncaught])


CALLS = {
    "stdlib_logging.py": "LogisterClient.from_env(), level=0",
    "loguru_sink.py": "LogisterClient.from_env(), level='TRACE'",
    "structlog_json.py": "os.environ['LOGSERVER_URL'], os.environ['LOGSERVER_TOKEN']",
}
"""How a program that has copied a file calls it, to send all there is."""

ENDS = """
import logging, os, sys, threading
from logister import LogisterClient
from loguru import logger
from {module} import send_logs

class Intercept(logging.Handler):
    def emit(self, record):
        logger.opt(depth=6, exception=record.exc_info).log("DEBUG", record.getMessage())

def fails():
    raise ValueError("of a thread")

send_logs({call})
if "{module}" == "loguru_sink":  # as its users have what others log with the standard library
    logging.basicConfig(handlers=[Intercept()], level=0)
for target in (fails, sys.exit):
    thread = threading.Thread(target=target)
    thread.start()
    thread.join()
sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)
"""


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_thread_that_fails_is_an_error_and_the_end_by_ctrl_c_is_none(user: User, program: str) -> None:
    text = ENDS.format(module=program.removesuffix(".py"), call=CALLS[program])
    given_to = given(user.server.base_url, user.token()) | {"PYTHONPATH": str(PYTHON)}
    said = user.runs(sys.executable, "-c", text, code=0, **given_to)
    (event,) = user.finds()  # nothing that the client itself logs is sent, and so on for ever
    assert (event["type"], event["message"]) == ("error", "a thread failed")
    assert event["context"]["exception"]["message"] == "of a thread"
    assert "KeyboardInterrupt" in said.stderr
    assert "the program failed" not in said.stdout + said.stderr


@pytest.fixture
def away() -> Iterator[list[str]]:
    """The addresses of a server that is not there, and of one that takes connections and says nothing."""
    with socket.socket() as nobody, socket.create_server(("127.0.0.1", 0)) as silent:
        nobody.bind(("127.0.0.1", 0))  # taken, so that nobody else listens there, and refused
        yield [f"http://127.0.0.1:{each.getsockname()[1]}" for each in (nobody, silent)]


def test_a_program_ends_as_it_would_without_a_server(away: list[str], tmp_path: Path) -> None:
    with ExitStack() as running:
        started = [
            running.enter_context(
                subprocess.Popen(
                    [sys.executable, PYTHON / program],
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    cwd=tmp_path,
                    env=environment() | given(url, "unknown"),
                    text=True,
                )
            )
            for program in PROGRAMS
            for url in away[: 1 if program == "loguru_sink.py" else 2]  # it sends as the first of them does
        ]
        for process in started:
            out, err = process.communicate(timeout=PATIENCE)
            assert process.returncode == 1
            printed = out + err
            for text in ("shop opened", "stock of tea is low", "no price", "the till is empty"):
                assert text in printed
            assert "Connection" not in printed
            assert "Logister" not in printed


def shipper(url: str, token: str = "", most: int = 10_000) -> Any:
    """The processor of the example for structlog, as somebody has it who copied the file."""
    spec = importlib.util.spec_from_file_location("structlog_json", PYTHON / "structlog_json.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Shipper(url, token, most)


def logged(message: str, **fields: Any) -> dict[str, Any]:
    return {"event": message, "level": "info", "timestamp": "2026-11-21T09:30:00Z", **fields}


def sent(request: Request) -> list[dict[str, Any]]:
    """The events of a batch."""
    return [json.loads(line)["event"] for line in request.body.splitlines()]


def test_what_waits_is_sent_when_the_server_is_back(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        url, token = server.base_url, create_token(server.folder)
    ships = shipper(url, token)
    for number in range(250):
        ships(None, "info", logged(f"number {number}"))
    with serving(tmp_path, "--port", url.rpartition(":")[2]):
        until(lambda: len(found(tmp_path)) == 250, lambda: len(found(tmp_path)))
        ships.close()
    assert {event.message for event in found(tmp_path)} == {f"number {number}" for number in range(250)}
    assert ships.dropped == 0


def test_a_batch_is_sent_again_as_it_was_until_it_is_taken() -> None:
    troubles = [reset, says(b"nonsense\r\n\r\n"), answer(503, retry_after="0"), answer(429, retry_after="soon")]
    with Receiver(*troubles, answer(202)) as server:
        ships = shipper(server.url)
        ships(None, "info", logged("once"))
        requests = server.wait_for(5)
        ships.close()
    assert len({request.body for request in requests}) == 1
    assert len(server.requests) == 5
    assert ships.dropped == 0


def test_one_that_is_refused_takes_no_other_with_it() -> None:
    hold = threading.Event()

    def later(connection: socket.socket, receiver: Receiver) -> None:
        hold.wait(PATIENCE)
        answer(202)(connection, receiver)

    refused = answer(422)
    with Receiver(later, refused, answer(202), refused, answer(202)) as server:
        ships = shipper(server.url)
        ships(None, "info", logged("first"))
        server.wait_for(1)
        for name in ("a", "b", "c"):
            ships(None, "info", logged(name))
        hold.set()
        requests = server.wait_for(5)
        ships.close()
    assert [[event["message"] for event in sent(each)] for each in requests[1:]] == [
        ["a", "b", "c"],
        ["a"],
        ["b"],
        ["c"],
    ]
    assert ships.dropped == 1


def test_more_than_it_holds_is_dropped_and_counted_and_nobody_waits() -> None:
    with Receiver(hang, answer(202)) as server:
        ships = shipper(server.url, most=5)
        ships(None, "info", logged("under way"))
        server.wait_for(1)
        for number in range(20):
            assert ships(None, "info", logged(f"number {number}"))["event"] == f"number {number}"
        assert ships.dropped == 15
        server.over.set()
        ships.close()
    assert ships.dropped == 15


def test_whatever_is_bound_is_json_in_the_end() -> None:
    class Odd:
        def __repr__(self) -> str:
            return "odd"

    circle: dict[str, Any] = {}
    circle["itself"] = circle
    with Receiver(answer(202)) as server:
        ships = shipper(server.url)
        ships(None, "info", logged("circle", circle=circle))
        ships(
            None, "info", logged("odd", odd=Odd(), nan=float("nan"), when=date(2026, 11, 21), keys={(1, 2): 3, "k": 4})
        )
        ships(None, "info", logged("a file", name=os.fsdecode("für".encode("latin-1"))))
        server.wait_for(1)
        ships.close()
    event, file = [event for request in server.requests for event in sent(request)]
    assert event["context"] == {"odd": "odd", "nan": "NaN", "when": "2026-11-21", "keys": {"k": 4}}
    assert file["context"] == {"name": "f?r"}
    assert ships.dropped == 1
