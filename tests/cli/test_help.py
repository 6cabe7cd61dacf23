import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from logserver.cli import main
from logserver.settings import Settings, meanings
from tests.cli.conftest import Shell


def squeezed(text: str) -> str:
    return "".join(text.split())


def commands(group: click.Group, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], click.Command]]:
    found: list[tuple[tuple[str, ...], click.Command]] = []
    for name, command in group.commands.items():
        found.append(((*path, name), command))
        if isinstance(command, click.Group):
            found += commands(command, (*path, name))
    return found


COMMANDS = commands(main)
IDS = [" ".join(path) for path, _ in COMMANDS]


@pytest.mark.parametrize("each", meanings(), ids=[each[0] for each in meanings()])
def test_help_says_default_unit_and_variable_of_every_setting(
    shell: Shell, each: tuple[str, object, str, str, str | None]
) -> None:
    name, default, unit, meaning, also = each
    text = squeezed(shell("serve", "--help").stdout)
    begin = text.index(squeezed(f"--{name.replace('_', '-')}"), text.index("Options:"))
    shown = default if default != "" else '""'
    if isinstance(default, bool):
        shown = "(on)" if default else "(off)"
    variables = f"LOGSERVER_{name.upper()}" + (f", {also}" if also else "")
    promised = squeezed(f"{meaning} {f'[{unit}]' if unit else ''} [env var: {variables}; default: {shown}")
    assert promised in text[begin : begin + len(promised) + 250]


@pytest.mark.parametrize(("path", "command"), COMMANDS, ids=IDS)
def test_every_command_and_option_has_a_meaning(shell: Shell, path: tuple[str, ...], command: click.Command) -> None:
    assert shell(*path, "--help").stdout
    assert command.help
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, parameter.name


@pytest.mark.parametrize(("path", "command"), COMMANDS, ids=IDS)
def test_every_command_on_a_store_takes_its_folder(path: tuple[str, ...], command: click.Command) -> None:
    if isinstance(command, click.Group) or path in {("agent",), ("verify",)}:  # they have no store, but a server
        return
    [data] = [parameter for parameter in command.params if parameter.name == "data"]
    assert data.envvar == ["LOGSERVER_DATA"], path
    assert data.default == Settings.data


def test_the_option_goes_before_the_variable(shell: Shell, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shell("project", "create", "here")
    shell("project", "create", "there", "--data", str(other))
    assert [each["slug"] for each in shell.json("project", "list")] == ["here"]
    assert "there" in shell("project", "list", env={"LOGSERVER_DATA": str(other)}).stdout


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("LOGSERVER_PORT", "65536"),
        ("LOGSERVER_PORT", "http"),
        ("LOGSERVER_DURABILITY", "some"),
        ("LOGISTER_PUBLIC_API_RATE_LIMIT_REQUESTS", "0"),
        ("LOGSERVER_READ_SECONDS", "0"),
        ("LOGSERVER_SELF_OBSERVABILITY", "maybe"),
    ],
)
def test_a_variable_is_checked_like_its_option(shell: Shell, variable: str, value: str) -> None:
    assert "Invalid value" in shell("serve", code=2, env={variable: value}).stderr
    assert not shell.folder.exists()


def test_nothing_but_the_server_waits_for_a_web_server_to_load(tmp_path: Path) -> None:
    program = (
        "import sys; from logserver.cli import main\n"
        "main(['token', 'create', 'app', '--project', 'shop'], standalone_mode=False)\n"
        "assert not {'starlette', 'uvicorn', 'uvloop', 'httptools', 'argon2'} & set(sys.modules)"
    )
    environment = os.environ | {"LOGSERVER_DATA": str(tmp_path / "data")}
    subprocess.run([sys.executable, "-c", program], env=environment, check=True, capture_output=True)
