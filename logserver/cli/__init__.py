"""The front door: one command, one module per noun; the only reader of options and environment."""

import click

from logserver import __version__
from logserver.cli.serve import serve


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="logserver")
def main() -> None:
    """A self-hosted log server in one process on one SQLite file."""


main.add_command(serve)
