"""Somebody who reads the README beside a running server: types what it says, and looks at what comes."""

import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pytest

from logserver.core.clock import SystemClock
from logserver.store.database import transaction
from tests.examples import EXAMPLES, README, ROOT
from tests.serving import signed_in
from tests.whole.process import PATIENCE, Server, environment
from tests.whole.raw import EVENTS, NDJSON, Answer, ask, request

README_ADDRESS = "http://localhost:8080"

PAGES = (
    README,
    *(
        EXAMPLES / f"{name}.md"
        for name in ("audit", "agents", "limits", "api", "metrics", "logging", "litestream", "export")
    ),
)
"""The README and the pages that go on where it ends, in the order in which what they say is typed."""


def needs(program: str) -> str:
    """The path of an outside program; without it a test is skipped, but fails where every check is to be made."""
    found = shutil.which(program)
    if found is not None:
        return found
    reason = f"{program} is not installed"
    if os.environ.get("CI") == "true" or os.environ.get("LOGSERVER_CI") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


def readme() -> str:
    """The README, and what goes on where it ends."""
    return "\n".join(page.read_text(encoding="utf-8") for page in PAGES)


def blocks(language: str, page: Path | None = None) -> list[str]:
    """The fenced blocks of one language of a page, or of the README and all pages."""
    text = page.read_text(encoding="utf-8") if page else readme()
    _, *found = text.split(f"```{language}\n")
    return [block.partition("```")[0] for block in found]


def table(head: str) -> list[list[str]]:
    """The rows of the README's table whose head begins like this, without the marks of code."""
    lines = readme().splitlines()
    (at,) = [number for number, line in enumerate(lines) if line.startswith(f"| {head}")]
    rows = []
    for line in lines[at + 2 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip().strip("`") for cell in line.strip("|").split("|")])
    return rows


class Running:
    """A command that goes on beside the test."""

    def __init__(self, process: subprocess.Popen[bytes], printed: IO[bytes]) -> None:
        self.process = process
        self._printed = printed

    def types(self, text: str) -> None:
        """Give it some text to read."""
        assert self.process.stdin is not None
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()

    def printed(self) -> str:
        """Everything it has printed so far."""
        descriptor = self._printed.fileno()
        return os.pread(descriptor, os.fstat(descriptor).st_size, 0).decode(errors="replace")


class User:
    """A shell in an empty folder, on the machine of a server, where ``logserver`` is this very program."""

    def __init__(self, server: Server, home: Path) -> None:
        self.server = server
        self.home = home
        programs = home / "bin"
        programs.mkdir()
        program = programs / "logserver"
        python = shlex.quote(sys.executable)
        program.write_text(f'#!/bin/sh\ncd {shlex.quote(str(ROOT))} && exec {python} -m logserver "$@"\n')
        program.chmod(0o755)
        path = os.pathsep.join([str(programs), str(Path(sys.executable).parent), os.environ["PATH"]])
        self._environment = environment() | {"LOGSERVER_DATA": str(server.folder), "PATH": path}

    def runs(self, *command: str | Path, code: int = 0, **variables: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            cwd=self.home,
            env=self._environment | variables,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done

    @contextmanager
    def starts(self, *command: str | Path, **variables: str) -> Iterator["Running"]:
        """A command that goes on beside the test, for the length of a block."""
        with tempfile.TemporaryFile() as printed:
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=printed,
                stderr=printed,
                cwd=self.home,
                env=self._environment | variables,
            )
            try:
                yield Running(process, printed)
            finally:
                process.kill()
                process.communicate()

    def types(self, text: str, code: int = 0, **variables: str) -> str:
        """What a shell prints for a text of the README, with this server's address in place of the README's."""
        return self.runs(
            "sh", "-euc", text.replace(README_ADDRESS, self.server.base_url), code=code, **variables
        ).stdout

    def token(self, project: str = "my-app", kind: str = "project") -> str:
        return self.runs("logserver", "token", "create", "test", "--project", project, "--kind", kind).stdout.strip()

    def session(self) -> str:
        """The token of an admin who is signed in."""
        now_ms = SystemClock().now_ms()
        with transaction(self.server.folder) as tx:
            return signed_in(tx, "admin@example.com", "admin", now_ms)

    def master_key(self) -> str:
        return self.runs("logserver", "token", "create", "admin", "--kind", "master").stdout.strip()

    def finds(self, query: str = "", *options: str) -> list[dict[str, Any]]:
        """The events that the shell's search finds, newest first."""
        found = self.runs("logserver", "search", "--json", *options, query).stdout
        return [json.loads(line) for line in found.splitlines()]

    def messages(self, query: str = "", *options: str) -> set[str]:
        return {event["message"] for event in self.finds(query, *options)}

    def sends(self, token: str, payload: Any, path: str = EVENTS) -> Answer:
        """The answer to an event, or to a list of them as a batch."""
        return ask(
            self.server,
            request(path, token, payload, media=NDJSON if isinstance(payload, list) else "application/json"),
        )
