"""``logserver serve``: the server itself."""

import typing
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import click

from logserver.settings import Settings, meanings


def _option(name: str, default: Any, unit: str, meaning: str, seed: str | None) -> Callable[[Any], Any]:
    hints = typing.get_type_hints(Settings)
    hint = hints[name]
    option = f"--{name.replace('_', '-')}"
    kind: Any = hint
    if typing.get_origin(hint) is typing.Literal:
        kind = click.Choice(typing.get_args(hint))
    elif hint is Path:
        kind = click.Path(file_okay=False, path_type=Path)
    elif hint is bool:
        option = f"{option}/--no-{name.replace('_', '-')}"
        kind = None
    return click.option(
        option,
        name,
        type=kind,
        default=default,
        show_default=str(default) if not isinstance(default, bool) else ("on" if default else "off"),
        envvar=[f"LOGSERVER_{name.upper()}", *([seed] if seed else [])],
        show_envvar=True,
        help=f"{meaning}{f' [{unit}]' if unit else ''}",
    )


def settings_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command an option for every setting."""
    for each in reversed(meanings()):
        command = _option(*each)(command)
    return command


@click.command()
@settings_options
def serve(**values: Any) -> None:
    """Run the server until it is told to stop (SIGTERM or Ctrl-C)."""
    # Imported here, so that the other commands do not wait for a web server to load.
    from logserver.server import run  # noqa: PLC0415

    run(Settings(**{each.name: values[each.name] for each in fields(Settings)}))
