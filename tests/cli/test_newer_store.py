"""A store that a newer version made: every command says so, and leaves it alone."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from logserver.cli import main
from logserver.store.connections import FILE
from logserver.store.database import transaction
from logserver.store.migrations import newest

COPIES = {("backup",), ("restore",), ("doctor",)}
"""What looks after stores of any version."""

ELSEWHERE = {("agent",), ("demo",)}
"""What uses a folder that is no store, or only one that is not there yet."""

OTHER_FILES: dict[tuple[str, ...], str] = {("export",): "fresh", ("import",): "exported"}
"""Export makes a file, and import looks into it first."""

MORE: dict[tuple[str, ...], list[str]] = {
    ("project", "set"): ["--name", "x"],
    ("token", "create"): ["--kind", "read"],
    ("token", "set"): ["--logs-per-minute", "5"],
}
"""What a command wants beside its arguments."""


def commands(group: click.Group, *names: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, *names, name)
        elif any(each.name == "data" for each in command.params):
            yield (*names, name), command


WITH_DATA = {names: command for names, command in commands(main) if names not in COPIES | ELSEWHERE}


def words(names: tuple[str, ...], folder: Path) -> list[str]:
    """Something for each argument that the command needs."""
    command = WITH_DATA[names]
    needed = [each for each in command.params if isinstance(each, click.Argument) and each.required]
    options = [each for each in command.params if isinstance(each, click.Option) and each.required]
    said = []
    for each in needed:
        if isinstance(each.type, click.Choice):
            said.append(str(each.type.choices[0]))
        else:
            said.append(
                str(folder / OTHER_FILES.get(names, "file"))
                if isinstance(each.type, click.Path | click.File)
                else "a@b.c"
            )
    return [*said, *(part for each in options for part in (each.opts[0], "x"))]


@pytest.fixture
def newer(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    with transaction(folder):
        pass
    exported = CliRunner().invoke(main, ["export", str(folder / "exported"), "--data", str(folder)])
    assert exported.exit_code == 0, exported.output
    with transaction(folder) as tx:
        tx.execute("INSERT INTO migrations VALUES (?, 'from the future', '')", (newest() + 1,))
    (folder / "file").touch()
    return folder


@pytest.mark.parametrize("names", WITH_DATA, ids=" ".join)
def test_every_command_refuses_it(names: tuple[str, ...], newer: Path) -> None:
    before = hashlib.sha256((newer / FILE).read_bytes()).hexdigest()
    result = CliRunner().invoke(main, [*names, *words(names, newer), *MORE.get(names, []), "--data", str(newer)])
    assert (result.exit_code, result.stderr.count("\n")) == (1, 1), result.output
    assert f"schema {newest() + 1}, made by a newer logserver" in result.stderr
    assert hashlib.sha256((newer / FILE).read_bytes()).hexdigest() == before
