"""The shell against a server: what it shows is what the folder shows."""

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from logserver.cli import main
from tests.cli.conftest import Shell
from tests.whole.process import PATIENCE, Server, environment, serving
from tests.whole.raw import ask, request

SENT = [
    (
        "ingest_events",
        {"event": {"event_type": "error", "level": "error", "message": "no \x1b[31m order", "user_id": 1}},
    ),
    ("ingest_events", {"event": {"event_type": "log", "level": "warn", "message": "slow \u202e disk"}}),
    (
        "ingest_events",
        {"event": {"event_type": "span", "name": "GET \x9b /", "trace_id": "t\x1b1", "span_id": "a", "duration_ms": 2}},
    ),
    (
        "ingest_events",
        {"event": {"event_type": "span", "trace_id": "t/2?x y", "span_id": "b", "duration_ms": 2, "name": "n"}},
    ),
    ("check_ins", {"check_in": {"slug": "nightly \x07", "expected_interval_seconds": 900}}),
]


class Both:
    """A server with something hostile in it, the folder of its store, and tokens to read it."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.shell = Shell(server.folder)
        self.token = self.shell("token", "create", "app", "--project", "shop").stdout.strip()
        self.shell("project", "create", "empty")
        self.reader = self.shell("token", "create", "reader", "--kind", "read").stdout.strip()
        for path, body in SENT:
            assert ask(server, request(f"/api/v1/{path}", self.token, body)).status == 201

    def __call__(self, *arguments: str, code: int = 0, token: str | None = None) -> Result:
        """The command, asking the server."""
        env = {"LOGSERVER_URL": self.server.base_url, "LOGSERVER_TOKEN": token or self.reader}
        result = CliRunner(env=env | {"LOGSERVER_DATA": None}).invoke(main, list(arguments))
        assert result.exit_code == code, (arguments, result.output, result.exception)
        assert "Traceback" not in result.output
        return result


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    with serving(tmp_path_factory.mktemp("store")) as server:
        yield Both(server)


@pytest.mark.parametrize(
    "arguments",
    [
        ["search"],
        ["search", "level:error", "--since", "1h", "--limit", "1"],
        ["search", "--project", "shop", "--project", "empty"],
        ["search", "--until", "2020-01-02"],
        ["groups"],
        ["groups", "order", "--status", "all", "--sort", "count", "--project", "shop"],
        ["groups", "--status", "resolved"],
        ["monitors"],
        ["monitors", "--state", "missed"],
        ["trace", "t\x1b1"],
        ["trace", "t/2?x y"],
    ],
)
def test_a_server_shows_what_its_folder_shows(both: Both, arguments: list[str]) -> None:
    local, remote = both.shell(*arguments), both(*arguments)
    assert remote.stdout.splitlines()[1:] == local.stdout.splitlines()[1:]
    for line in remote.output.splitlines():
        assert line.isprintable() or not line
    machine = both(*arguments, "--json").stdout
    assert [sorted(each) for each in objects(machine)] == [
        sorted(each) for each in objects(both.shell(*arguments, "--json").stdout)
    ]


def objects(text: str) -> list[dict[str, Any]]:
    """The JSON objects of an output, however they are laid out."""
    decoder, found, at = json.JSONDecoder(), [], 0
    text = text.strip()
    while at < len(text):
        value, at = decoder.raw_decode(text, at)
        found.append(value)
        at += len(text[at:]) - len(text[at:].lstrip())
    return found


def test_a_project_token_reads_its_own_project(both: Both) -> None:
    assert len(both("search", token=both.token).stdout.splitlines()) == len(SENT)
    refused = both("groups", "--project", "empty", token=both.token, code=1)
    assert "404" in refused.stderr


@pytest.mark.parametrize("command", ["search", "groups", "monitors"])
def test_a_token_that_is_none_is_told(both: Both, command: str) -> None:
    assert "401: Unauthorized" in both(command, token="nope", code=1).stderr


def test_a_trace_that_is_nowhere_is_a_failure(both: Both) -> None:
    assert both("trace", "t2", code=1).stderr == both.shell("trace", "t2", code=1).stderr


def test_a_trace_without_an_id_is_wrong_usage(both: Both) -> None:
    assert both("trace", "", code=2).stderr == both.shell("trace", "", code=2).stderr


@pytest.mark.parametrize("message", ["KeyError: 'bike'", "no bike"])
def test_the_class_of_an_error_is_told_once(both: Both, message: str) -> None:
    told = {"event_type": "error", "message": message, "context": {"exception": {"class": "KeyError"}}}
    token = both.shell("token", "create", "app", "--project", "bikes").stdout.strip()
    assert ask(both.server, request("/api/v1/ingest_events", token, {"event": told})).status == 201
    shown = both("groups", "bike", "--project", "bikes").stdout
    assert shown.count("KeyError") == len(shown.splitlines()) - 1


def test_what_is_closer_to_the_command_is_read(both: Both, tmp_path: Path) -> None:
    folder, url = ["--data", str(tmp_path)], ["--url", both.server.base_url]
    assert "there is no store" in both("groups", *folder, code=1).stderr
    assert "two places" in both("groups", *folder, *url, code=2).stderr
    both.shell("groups", *url, "--token", both.reader)
    env = {"LOGSERVER_URL": "http://localhost:1", "LOGSERVER_TOKEN": "t"}
    both.shell("groups", env=env)  # its own variable names a folder
    assert "with a token" in CliRunner().invoke(main, ["groups", *url]).stderr
    assert CliRunner().invoke(main, ["groups", *url, "--token", "a\nb"]).exit_code == 2


def test_nobody_at_the_address_is_told(both: Both) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{held.getsockname()[1]}"
        for command in (["search"], ["tail"], ["monitors"], ["trace", "t"]):
            result = both.shell(*command, "--url", url, "--token", "t", code=1)
            assert f"no answer from {url}" in result.stderr


class _Other(BaseHTTPRequestHandler):
    """A server that is another program's."""

    def do_GET(self) -> None:
        body = b"<html>\x1b[31m hello</html>" if "projects" in self.path else b"[1]"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@contextmanager
def another() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Other) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_another_program_at_the_address_is_told(both: Both) -> None:
    with another() as url:
        for command in (["search"], ["groups"], ["verify", url, "t"]):
            options = [] if command[0] == "verify" else ["--url", url, "--token", "t"]
            result = both.shell(*command, *options, code=1)
            assert "no logserver" in result.output
            assert "\x1b" not in result.output


def test_tail_shows_what_arrives(both: Both) -> None:
    url = ["--url", both.server.base_url, "--token", both.reader]
    command = [sys.executable, "-m", "logserver", "tail", "marked", "--json", "--lines", "1", *url]
    _send(both, "marked one")
    _send(both, "marked two")
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment()) as process:
        guard = threading.Timer(PATIENCE, process.kill)
        guard.start()
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["message"] == "marked two"
        words = Path(f"/proc/{process.pid}/cmdline")
        assert not words.exists() or both.reader.encode() not in words.read_bytes()
        _send(both, "something else")
        _send(both, "marked three")
        assert json.loads(process.stdout.readline())["message"] == "marked three"
        process.kill()
        guard.cancel()
        guard.join()


def _send(both: Both, message: str) -> None:
    body = {"event": {"event_type": "log", "message": message}}
    assert ask(both.server, request("/api/v1/ingest_events", both.token, body)).status == 201


def test_verify_finds_everything_it_has_sent(both: Both) -> None:
    token = both.shell("token", "create", "app", "--project", "proven").stdout.strip()
    for _ in range(2):
        lines = both.shell("verify", both.server.base_url, token).stdout.splitlines()
        assert [line.split()[0] for line in lines] == ["ok"] * 10
    steps = objects(both("verify", "--json", token=token).stdout)
    assert {step["state"] for step in steps} == {"ok"}
    kinds = {line["type"] for line in both.shell.lines("search", "--project", "proven")}
    assert kinds == {"error", "log", "metric", "transaction", "span", "check_in", "audit"}


def test_verify_says_what_a_token_may_not(both: Both) -> None:
    steps = objects(both("verify", "--json", code=1).stdout)
    assert [step["state"] for step in steps] == ["ok", *["skipped"] * 9]
    refused = both("verify", token="nope", code=1)
    assert "the token may send none of this" in refused.stderr
