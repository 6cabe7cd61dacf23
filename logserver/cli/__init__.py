"""The front door: one command, one module per noun; the only reader of options and environment."""

import io
import os
import sys

import click

from logserver import __version__
from logserver.cli.agent import agent
from logserver.cli.audit import audit
from logserver.cli.backup import backup
from logserver.cli.demo import demo
from logserver.cli.doctor import doctor
from logserver.cli.exporting import export
from logserver.cli.importing import import_
from logserver.cli.overviews import groups, monitors
from logserver.cli.project import project
from logserver.cli.restore import restore
from logserver.cli.search import search, tail
from logserver.cli.serve import serve
from logserver.cli.status import status
from logserver.cli.tiers import tiers_
from logserver.cli.token import token
from logserver.cli.trace import trace
from logserver.cli.user import user
from logserver.cli.verify import verify


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="logserver")
@click.pass_context
def main(ctx: click.Context) -> None:
    """A self-hosted log server in one process on one SQLite file."""
    if os.environ.get("NO_COLOR"):
        ctx.color = False
    for stream in (sys.stdout, sys.stderr):
        # Messages hold any character; a terminal that lacks one shows its code instead of failing.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


project.add_command(tiers_)
for command in (
    *(serve, demo, agent, project, token, user, search, tail, groups, monitors, trace, verify, audit),
    *(export, import_, backup, restore, doctor, status),
):
    main.add_command(command)
