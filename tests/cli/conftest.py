import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Timer
from typing import Any

import pytest
from click.testing import CliRunner, Result

from logserver.cli import main


class Shell:
    """The command line on a folder of its own; every call says how it is to end."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._runner = CliRunner(env={"LOGSERVER_DATA": str(folder)})

    def __call__(self, *arguments: str, code: int = 0, env: dict[str, str] | None = None) -> Result:
        result = self._runner.invoke(main, list(arguments), env=env)
        assert result.exit_code == code, (arguments, result.output, result.exception)
        assert result.exception is None or isinstance(result.exception, SystemExit)
        assert "Traceback" not in result.output
        return result

    def json(self, *arguments: str) -> Any:
        return json.loads(self(*arguments, "--json").stdout)

    def lines(self, command: str, *arguments: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self(command, "--json", *arguments).stdout.splitlines()]


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path / "data")


@pytest.fixture
def shop(shell: Shell) -> Shell:
    shell("project", "create", "shop")
    return shell


Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts the program as a process; one that hangs is ended, so that a test fails instead of waiting."""
    started: list[tuple[subprocess.Popen[str], Timer]] = []

    def start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "logserver", *arguments, "--data", str(folder)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        timer = Timer(60, process.kill)
        timer.start()
        started.append((process, timer))
        return process

    yield start
    for process, timer in started:
        process.kill()
        process.communicate()
        timer.cancel()
        timer.join()
