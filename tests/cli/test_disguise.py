import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

import pytest

from logserver.cli.disguise import moved
from logserver.settings import Settings
from tests.whole.process import command, environment, serving, source

OPTIONS = {"--password": "PASSWORD", "--key": "KEY"}
NAMES_OF_SECRETS = ("password", "key", "token", "secret")


@pytest.mark.parametrize(
    ("words", "rest", "variables"),
    [
        (["p", "serve", "--port", "1"], ["p", "serve", "--port", "1"], {}),
        (["p", "serve", "--password", "x", "--port", "1"], ["p", "serve", "--port", "1"], {"PASSWORD": "x"}),
        (["p", "--password=x=y", "--key", "--password"], ["p"], {"PASSWORD": "x=y", "KEY": "--password"}),
        (["p", "--password", "x", "--password", "y"], ["p"], {"PASSWORD": "y"}),
        (["p", "--passwords", "x"], ["p", "--passwords", "x"], {}),
    ],
)
def test_secrets_are_taken_off_a_command_line(words: list[str], rest: list[str], variables: Mapping[str, str]) -> None:
    assert moved(words, OPTIONS) == (rest, variables)


def test_every_setting_that_is_a_secret_is_declared_as_one() -> None:
    for each in fields(Settings):
        looks_secret = each.name.endswith(NAMES_OF_SECRETS) and each.name != "tls_key"  # which is the name of a file
        assert each.metadata["secret"] is looks_secret, each.name
        assert each.repr is not looks_secret


needs_proc = pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="command lines are read from /proc")


@needs_proc
def test_a_server_shows_no_secret_in_the_list_of_processes(tmp_path: Path) -> None:
    secrets = {"--smtp-password": "hunter2-of-mail", "--self-api-key": "hunter2-of-self"}
    options = [word for option in secrets.items() for word in option]
    with serving(tmp_path, *options, "--smtp-host", "localhost") as server:
        shown = Path(f"/proc/{server.pid}/cmdline").read_bytes()
        kept = Path(f"/proc/{server.pid}/environ").read_bytes()
    assert b"--smtp-host\0localhost" in shown
    assert b"hunter2" not in shown
    assert b"LOGSERVER_SMTP_PASSWORD=hunter2-of-mail\0" in kept
    assert b"LOGSERVER_SELF_API_KEY=hunter2-of-self\0" in kept


def test_a_wrong_command_line_is_told_of_without_the_secret(tmp_path: Path) -> None:
    given = [*command(tmp_path), "--smtp-password", "hunter2", "--port", "many"]
    done = subprocess.run(given, capture_output=True, text=True, cwd=source(), env=environment(), check=False)
    assert done.returncode == 2
    assert "many" in done.stderr
    assert "hunter2" not in done.stdout + done.stderr


@needs_proc
def test_an_agent_shows_no_key(tmp_path: Path) -> None:
    given = [
        sys.executable,
        "-m",
        "logserver",
        "agent",
        "-",
        "--server",
        "http://127.0.0.1:1",
        "--key",
        "lf_prod_hunter2",
    ]
    with subprocess.Popen(
        [*given, "--state", str(tmp_path)],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        cwd=source(),
        env=environment(),
    ) as agent:
        assert agent.stderr is not None
        said = agent.stderr.readline()
        shown = Path(f"/proc/{agent.pid}/cmdline").read_bytes()
        agent.kill()
    assert b"hunter2" not in said + shown
    assert str(tmp_path).encode() in shown
    assert os.fsencode("--server") in shown
