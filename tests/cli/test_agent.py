import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Timer
from typing import Any, Self

import pytest

from logserver.cli.agent import agent as command
from logserver.cli.agent_options import ROOTS_STATE, default_state, read
from tests.agent.edge import KEY, PATIENCE, Edge
from tests.cli.conftest import Shell
from tests.receiver import Receiver, hang

SERVER = ("--server", "http://127.0.0.1:1")


@pytest.fixture
def edge() -> Iterator[Edge]:
    with Edge() as edge:
        yield edge


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ((), "Missing option '--server'"),
        ((*SERVER, "--key", "k"), "there is nothing to read"),
        ((*SERVER, "-"), "the edge key is missing"),
        ((*SERVER, "--key", " ", "-"), "the edge key is missing"),
        ((*SERVER, "--key", "two words", "-"), "characters that no key has"),
        (("--server", "example.com", "--key", "k", "-"), "is no address of a server"),
        ((*SERVER, "--key", "k", "-", "--label", "web"), "'web' is not KEY=VALUE"),
        ((*SERVER, "--key", "k", "-", "--heartbeat-interval", "0"), "Invalid value for '--heartbeat-interval'"),
        ((*SERVER, "--key", "k", "-", "--ca-file", "/nowhere"), "Invalid value for '--ca-file'"),
        ((*SERVER, "--key", "k", "-", "--ca-file", os.devnull), "there are no certificates in"),
    ],
)
def test_a_wrong_command_line_is_told(arguments: tuple[str, ...], why: str, shell: Shell) -> None:
    assert why in " ".join(shell("agent", *arguments, code=2).stderr.split())


def test_a_state_that_cannot_be_made_is_told(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    said = shell("agent", *SERVER, "--key", "k", "-", "--state", str(tmp_path / "file" / "state"), code=1).stderr
    assert said.startswith("Error: Not a directory: ")


def test_a_key_file_that_is_not_there_is_told(shell: Shell, tmp_path: Path) -> None:
    said = shell("agent", *SERVER, "--key-file", str(tmp_path / "key"), "-", code=1).stderr
    assert said.startswith("Error: No such file or directory: ")


def values(**given: Any) -> dict[str, Any]:
    """What click makes of a command line with little on it."""
    usual = {parameter.name: parameter.default for parameter in command.params}
    return usual | {"server": SERVER[1], "key": "k", "key_file": None, "follow": (), "sources": (), "label": ()} | given


def test_what_the_shell_made_of_a_glob_is_followed_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    options, stdin = read(values(follow=("/var/log/a.log",), sources=("/var/log/b.log", "-", "here/*.log")))
    assert options.patterns == ["/var/log/a.log", "/var/log/b.log", f"{tmp_path}/here/*.log"]
    assert stdin


def test_the_key_may_stand_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("lf_prod_x\n")
    options, stdin = read(values(key=None, key_file=tmp_path / "key", stdin=True, label=("role=web", "rack=7=8")))
    assert options.key == "lf_prod_x"
    assert options.own.labels == {"role": "web", "rack": "7=8"}
    assert stdin


def test_the_state_is_where_such_things_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert default_state() == ROOTS_STATE
    monkeypatch.setattr(os, "geteuid", lambda: 1_000)
    assert default_state().is_relative_to(Path.home())


class Running:
    """An agent as a process, on standard input that never ends unless a test ends it."""

    def __init__(self, folder: Path, url: str, *arguments: str, **variables: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "logserver", "agent", *arguments],
            env=os.environ
            | {f"LOGSERVER_AGENT_{name}": value for name, value in {"SERVER": url, "KEY": KEY, **variables}.items()}
            | {"LOGSERVER_AGENT_STATE": str(folder / "state")},
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._guard = Timer(PATIENCE, self.process.kill)
        self._guard.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()
        self._guard.cancel()
        self._guard.join()

    def said(self, words: str) -> str:
        """What it said up to a line with these words."""
        assert self.process.stderr is not None
        heard = ""
        while words not in heard:
            line = self.process.stderr.readline()
            assert line, heard
            heard += line
        return heard


def test_variables_say_what_options_say(tmp_path: Path, edge: Edge) -> None:
    variables = {
        "FOLLOW": f"{tmp_path}/a.log {tmp_path}/b.log",
        "NAME": "web-7",
        "LABEL": "role=web",
        "HEARTBEAT_INTERVAL": "0.1",
        "POLL_INTERVAL": "0.1",
        "METRICS_INTERVAL": "0.1",
    }
    with Running(tmp_path, edge.url, **variables) as running:
        heard = running.said("the metric rules are in effect")
        assert edge.until(lambda: edge.calls["heartbeat"] > 2)
        running.process.terminate()
        assert running.process.wait(PATIENCE) == 0
    assert set(edge.agents) == {"web-7"}
    assert f"called web-7, tells {edge.url}; its state is in {tmp_path / 'state'}" in heard
    assert f"follows {tmp_path}/b.log, of which nothing is there yet" in heard
    assert KEY not in heard


def test_standard_input_at_its_end_ends_it_with_0(tmp_path: Path, edge: Edge) -> None:
    edge.rules({"name": "orders", "type": "counter", "pattern": "order"}, log_source="stdin")
    with Running(tmp_path, edge.url, "-", "--ship") as running:
        assert "reads standard input" in running.said("standard input")
        running.process.communicate("an order\n" * 5 + "an order without an end")
        assert running.process.returncode == 0
    assert edge.total("orders") == 6
    assert [line["message"] for line in edge.lines.values()] == ["an order"] * 5 + ["an order without an end"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_ends_it_at_once(number: signal.Signals, tmp_path: Path) -> None:
    with Receiver(hang) as receiver, Running(tmp_path, receiver.url, "-") as running:
        receiver.wait_for(1)
        running.process.send_signal(number)
        running.said("stopping")
        running.process.send_signal(number)
        assert running.process.wait(PATIENCE) == 128 + number
        receiver.over.set()


def test_a_server_in_plain_text_is_warned_of(tmp_path: Path) -> None:
    with Running(tmp_path, "http://logs.invalid", "-") as running:
        running.said("travel in plain text")


def test_no_web_server_is_loaded(tmp_path: Path, edge: Edge) -> None:
    program = (
        "import sys; from logserver.cli import main\n"
        f"main(['agent', '-', '--server', {edge.url!r}, '--key', {KEY!r}, '--state', {str(tmp_path)!r}],"
        " standalone_mode=False)\n"
        "assert not {'starlette', 'uvicorn', 'uvloop', 'httptools', 'argon2'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, stdin=subprocess.DEVNULL)
    assert len(edge.agents) == 1
