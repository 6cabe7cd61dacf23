"""Options that several commands share, each declared once."""

import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from logserver.cli.sizes import Size
from logserver.cli.web_address import WebAddress
from logserver.core import trimming
from logserver.settings import Settings, meanings

_MAX_PORT = 65_535
_SAID = {"true": "on", "yes": "on", "1": "on", "false": "off", "no": "off", "0": "off"}


class _Switch(click.Choice):  # type: ignore[type-arg] # it takes one only in newer versions of click
    """A choice among on, off and others; what a switch is told elsewhere is understood, too."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        said = _SAID.get(value.lower(), value) if isinstance(value, str) else value
        return super().convert(said, param, ctx)


def _setting(name: str, default: Any, unit: str, meaning: str, also: str | None) -> Callable[[Any], Any]:
    hint = typing.get_type_hints(Settings)[name]
    option = f"--{name.replace('_', '-')}"
    kind: Any = hint
    if typing.get_origin(hint) is typing.Literal:
        words = typing.get_args(hint)
        kind = _Switch(words) if {"on", "off"} <= {*words} else click.Choice(words)
    elif hint is Path:
        kind = click.Path(file_okay=False, path_type=Path)
    elif hint is bool:
        option = f"{option}/--no-{name.replace('_', '-')}"
        kind = None
    elif name == "max_size":
        kind = Size(trimming.LEAST_BYTES)
    elif hint is int:
        # Zero is an answer for a port (any) and a floor (none); of all else the server needs at least one.
        kind = click.IntRange(
            0 if name in {"port", "min_free_megabytes"} else 1, _MAX_PORT if name.endswith("port") else None
        )
    elif name == "public_url":
        kind = WebAddress()
    elif hint is float:
        kind = click.FloatRange(0, min_open=True)
    return click.option(
        option,
        name,
        type=kind,
        default=default,
        show_default=("on" if default else "off") if isinstance(default, bool) else True,
        envvar=[f"LOGSERVER_{name.upper()}", *([also] if also else [])],
        show_envvar=True,
        help=f"{meaning}{f' [{unit}]' if unit else ''}",
    )


def settings_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command an option for every setting."""
    for each in reversed(meanings()):
        command = _setting(*each)(command)
    return command


data_option = click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    default=Settings.data,
    show_default=True,
    envvar=["LOGSERVER_DATA"],
    show_envvar=True,
    help="Folder of the store.",
)
"""``--data``: the folder of the store, the same for every command."""

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
