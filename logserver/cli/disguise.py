"""Keeps secrets out of the list of processes, where every user of the machine could read them for years."""

import os
import sys
from collections.abc import Collection, Mapping, Sequence

import click
from click.core import ParameterSource


def disguise(names: Collection[str]) -> None:
    """Where one of these parameters stands on the command line, start again with it in the environment instead.

    The environment of a process is shown to its own user only. Does not return then. For a program in one file
    that is not possible; it says so, and goes on.
    """
    context = click.get_current_context()
    secrets = {
        option: str(parameter.envvar[0] if isinstance(parameter.envvar, list) else parameter.envvar)
        for parameter in context.command.params
        if isinstance(parameter, click.Option)
        and parameter.name in names
        and context.get_parameter_source(parameter.name) is ParameterSource.COMMANDLINE
        for option in parameter.opts
    }
    # Where a test has called it, the command line is another program's.
    if not secrets or not {word.partition("=")[0] for word in sys.orig_argv} & secrets.keys():
        return
    if getattr(sys, "frozen", False):
        for option, variable in secrets.items():
            click.echo(f"{option} is seen in the list of processes; use {variable} instead", err=True)
        return
    words, variables = moved(sys.orig_argv, secrets)
    os.execve(sys.executable, words, {**os.environ, **variables})  # noqa: S606 - the same program once more


def moved(words: Sequence[str], secrets: Mapping[str, str]) -> tuple[list[str], dict[str, str]]:
    """A command line without these options, and their values under the names of their variables."""
    rest: list[str] = []
    variables: dict[str, str] = {}
    waiting: str | None = None
    for word in words:
        option, joined, value = word.partition("=")
        if waiting is not None:
            variables[waiting], waiting = word, None
        elif option in secrets and joined:
            variables[secrets[option]] = value
        elif option in secrets:
            waiting = secrets[option]
        else:
            rest.append(word)
    return rest, variables
