"""How the shell refuses: one line on standard error and an exit code, never a traceback."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from logserver.cli.output import columns_of, plain
from logserver.core.faults import Fault
from logserver.store.errors import QuerySyntaxError, StoreError
from logserver.store.mishaps import is_damage


class WrongQuery(click.ClickException):
    """A query that cannot be understood, with a caret under the offending character."""

    exit_code = 2

    def __init__(self, query: str, error: QuerySyntaxError) -> None:
        shown = plain(query)
        before = columns_of(plain(query[: error.position]))
        super().__init__(f"{error}\n  {shown}\n  {' ' * before}^")


@contextmanager
def refusals() -> Iterator[None]:
    """Turn what the domain, the store and the disk refuse into an error of the shell, with exit code 1."""
    try:
        yield
    except (Fault, StoreError) as error:
        raise click.ClickException(str(error)) from error
    except sqlite3.Error as error:
        if is_damage(error):
            raise click.ClickException(
                f"the store is damaged: {error}; `logserver doctor` tells what it is and what can be done"
            ) from error
        raise click.ClickException(f"the store cannot be used: {error}") from error
    except BrokenPipeError:  # whoever read has seen enough; click ends quietly
        raise
    except OSError as error:
        where = f": {error.filename}" if error.filename else ""
        raise click.ClickException(f"{error.strerror or error}{where}") from error
    except UnicodeEncodeError as error:
        raise click.UsageError("an argument is not valid UTF-8") from error


class Command(click.Command):
    """A command whose refusals are told in a line."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        with refusals():
            return super().invoke(ctx)


class Group(click.Group):
    """A group of such commands."""

    command_class = Command
