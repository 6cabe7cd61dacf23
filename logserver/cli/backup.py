"""``logserver backup``: a copy of the store in one file, beside its server or without one."""

from pathlib import Path

import click

from logserver.cli import folder
from logserver.cli.bars import Bars
from logserver.cli.examination import quick_option, require_sound
from logserver.cli.options import data_option
from logserver.cli.output import size_text
from logserver.cli.refusals import Command
from logserver.store import backup as copies


@click.command(cls=Command)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--verify", is_flag=True, help="Check the copy before it gets its name, as restore does.")
@quick_option
@data_option
def backup(data: Path, file: Path, *, verify: bool, quick: bool) -> None:
    """Copy the whole store, as it is at this moment, into the new file FILE.

    The server goes on meanwhile. The file holds everything: events, settings, accounts, digests of tokens, and the
    key of the audit trail, so keep it as you keep the store. It is readable by its owner only, has its name once
    it is whole and on the disk, and never takes the place of another file. `logserver restore` puts it back.
    """
    if quick and not verify:
        raise click.UsageError("--quick says how to check; it goes with --verify")
    folder.require(data)
    with Bars() as bars:
        copies.back_up(
            data,
            file,
            lambda done, total: bars("copying", done, total),
            (lambda path: require_sound(path, data, bars, quick=quick)) if verify else None,
        )
    click.echo(f"wrote {file}, {size_text(file.stat().st_size)}{', verified' if verify else ''}")
