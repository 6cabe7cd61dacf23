"""The guide to a fleet, followed step by step beside a real server; its units, as far as they can be tried here."""

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import click
import pytest

from logserver.cli import main
from logserver.store.connections import connect_readonly
from tests.docs.units import Unit, variables
from tests.docs.user import Running, User, needs
from tests.examples import EXAMPLES
from tests.whole.agents import until
from tests.whole.process import PATIENCE

GUIDE = EXAMPLES / "fleet.md"
SERVER = EXAMPLES / "systemd" / "logserver.service"
AGENT = EXAMPLES / "systemd" / "logserver-agent.service"
LINE = '192.0.2.7 - - [21/Nov/2026:14:13:30 +0000] "GET /orders HTTP/1.1" 200 612 "-" "curl/7.88"'
ABSENT = ("sudo", "systemctl", "adduser", "apt-get")
"""Programs of the machine that the guide is for; what they would do is done here by the test, or not at all."""


def steps() -> list[str]:
    """The blocks of shell of the guide, in their order."""
    _, *found = GUIDE.read_text(encoding="utf-8").split("```sh\n")
    return [block.partition("```")[0] for block in found]


def command_of(unit: Unit) -> tuple[click.Command, list[str]]:
    """The command of the program that a unit starts, and its words behind it."""
    program, name, *words = unit.command({})
    assert program == "/opt/logserver/bin/logserver"
    return main.commands[name], words


@pytest.mark.parametrize("path", [SERVER, AGENT], ids=["server", "agent"])
def test_a_unit_starts_a_command_that_there_is(path: Path) -> None:
    unit = Unit(path)
    command, words = command_of(unit)
    options = {option: parameter for parameter in command.params for option in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= set(options)
    known = {name for parameter in command.params for name in parameter_variables(parameter)}
    assert set(unit.environment(Path("/var/lib"))) <= known
    mentioned = set(re.findall(r"LOGSERVER_[A-Z_]+", path.read_text(encoding="utf-8")))
    assert mentioned <= known


def parameter_variables(parameter: click.Parameter) -> list[str]:
    names = parameter.envvar
    return [names] if isinstance(names, str) else list(names or ())


def test_what_the_guide_sets_for_the_agent_is_an_option_of_it() -> None:
    command, _ = command_of(Unit(AGENT))
    known = {name for parameter in command.params for name in parameter_variables(parameter)}
    assert set(re.findall(r"LOGSERVER_AGENT_[A-Z_]+", GUIDE.read_text(encoding="utf-8"))) <= known


@pytest.mark.parametrize("path", [SERVER, AGENT], ids=["server", "agent"])
def test_systemd_finds_nothing_wrong_with_a_unit(path: Path, tmp_path: Path) -> None:
    verifier = shutil.which("systemd-analyze")
    if verifier is None:
        pytest.skip("there is no systemd here")
    program = shutil.which("true")
    assert program is not None
    tried = tmp_path / path.name
    tried.write_text(path.read_text(encoding="utf-8").replace("/opt/logserver/bin/logserver", program))
    done = subprocess.run([verifier, "verify", tried], capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("path", [SERVER, AGENT], ids=["server", "agent"])
def test_a_unit_leaves_little_open_by_the_measure_of_systemd(path: Path) -> None:
    judge = shutil.which("systemd-analyze")
    if judge is None:
        pytest.skip("there is no systemd here")
    # Tenths of a point; ten points are a service that may do everything.
    judged = subprocess.run(
        [judge, "security", "--offline=true", "--no-pager", "--threshold=16", path],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert judged.returncode == 0, judged.stdout + judged.stderr


class Machine:
    """A machine whose folders are all within one, and somebody who types the guide into one shell there."""

    def __init__(self, user: User, shell: Running) -> None:
        self.user = user
        self._shell = shell
        self._typed = 0
        home = user.home
        self.etc, self.units, self.logs, self.states = (home / name for name in ("etc", "units", "log", "lib"))
        for folder in (self.etc, self.units, self.logs, self.states):
            folder.mkdir()
        for name in ABSENT:
            # Root, and the owner of the store, are the one who runs the test.
            does = '[ "$1" != -u ] || shift 2; exec env "$@"' if name == "sudo" else "exit 0"
            program = home / "bin" / name
            program.write_text(f"#!/bin/sh\n{does}\n")
            program.chmod(0o755)
        self._moved = {
            "/opt/logserver/bin/logserver": "logserver",
            "/etc/systemd/system": str(self.units),
            "/etc/logserver": str(self.etc),
            "/var/log/nginx": str(self.logs),
            "/var/lib/logserver": str(user.server.folder),
            "examples/": f"{EXAMPLES}/",
            "http://localhost:8080": user.server.base_url,
        }

    def moved(self, text: str) -> str:
        """A text with what is here in place of what the guide says."""
        for there, here in self._moved.items():
            text = text.replace(there, here)
        return text

    def types(self, step: str) -> str:
        """What a step prints, in the shell that knows the steps before it."""
        before = self._shell.printed()
        self._typed += 1
        mark = f"--- {self._typed}"
        self._shell.types(f"{self.moved(step)}\necho '{mark}'\n")
        until(
            lambda: mark in self._shell.printed() or self._shell.process.poll() is not None,
            self._shell.printed,
        )
        printed, found, _ = self._shell.printed().removeprefix(before).partition(mark)
        assert found, printed
        return printed

    @contextmanager
    def agent(self) -> Iterator[Running]:
        """The agent as its unit starts it, for the length of a block."""
        unit = Unit(self.units / AGENT.name)
        name, _, credential = unit.one("LoadCredential").partition(":")
        source = Path(self.moved(credential))
        assert (name, source.stat().st_mode & 0o777) == ("key", 0o600)
        credentials = self.user.home / "credentials"
        credentials.mkdir()
        shutil.copy(source, credentials / name)
        given = {
            **unit.environment(self.states),
            **variables(Path(self.moved(unit.one("EnvironmentFile")))),
            "CREDENTIALS_DIRECTORY": str(credentials),
            # Faster than an agent in the field, so that nobody has to wait.
            **{f"LOGSERVER_AGENT_{name}_INTERVAL": "0.2" for name in ("HEARTBEAT", "METRICS", "POLL")},
        }
        program, *words = unit.command(given)
        with self.user.starts(self.moved(program), *words, **given) as running:
            yield running
            running.process.terminate()
            assert running.process.wait(timeout=PATIENCE) == 0, running.printed()

    def writes(self, *lines: str) -> bool:
        """Let the web server write some lines; it does no matter how often."""
        with (self.logs / "access.log").open("a", encoding="utf-8") as log:
            log.writelines(f"{line}\n" for line in lines)
        return True

    def counted(self) -> set[str]:
        """The names of the metrics that were made of lines."""
        with closing(connect_readonly(self.user.server.folder)) as store:
            return {name for (name,) in store.execute("SELECT name FROM agent_metrics WHERE value >= 1")}


def test_the_guide_leads_from_nothing_to_a_shipped_line(user: User) -> None:
    needs("curl")
    install, server, admin, session, key, agent, online, rule, search, watch = steps()
    assert [line.split()[0] for line in install.splitlines()] == ["sudo"] * 3
    with user.starts("sh", "-eu") as shell:
        machine = Machine(user, shell)
        for step in (server, admin, session, key, agent):
            machine.types(step)
        assert {path.name for path in machine.units.iterdir()} == {SERVER.name, AGENT.name}
        machine.writes("from before")
        with machine.agent() as running:
            until(lambda: '"status":"online"' in machine.types(online), running.printed)
            machine.types(rule)
            until(lambda: machine.writes(LINE) and "http_requests_total" in machine.counted(), running.printed)
            assert "GET /orders" in machine.types(search)
            # The last command goes on until the stream ends, so it gets a place of its own.
            *asked, shown = watch.splitlines()
            program, *words = shlex.split(shown)
            url = machine.types("\n".join([*asked, f'echo "{words[-1]}"'])).strip()
            assert (program, words[:-1]) == ("/opt/logserver/bin/python", ["-m", "websockets"])
            with user.starts(sys.executable, *words[:-1], url) as watcher:
                until(
                    lambda: machine.writes("POST /x", "GET /live") and "GET /live" in watcher.printed(), watcher.printed
                )
                assert "POST /x" not in watcher.printed()
    assert "from before" not in user.messages()
