"""``logserver restore``: a store out of a copy of one, or only a look at whether the copy is whole."""

from pathlib import Path

import click

from logserver.cli.bars import Bars
from logserver.cli.examination import described, quick_option, require_sound
from logserver.cli.options import data_option
from logserver.cli.refusals import Command
from logserver.store import restore as copies


@click.command(cls=Command)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--verify-only", is_flag=True, help="Restore nothing: only say whether FILE is whole and what it holds.")
@quick_option
@data_option
def restore(data: Path, file: Path, *, verify_only: bool, quick: bool) -> None:
    """Make a store out of FILE, which `logserver backup` has written.

    The copy is verified before it becomes the store. A folder that has a store is refused, as is one that a server
    has; whatever fails leaves nothing behind. Then start the server on the folder.
    """
    copies.require_copy(file)
    with Bars() as bars:
        if verify_only:
            require_sound(file, data, bars, quick=quick)
        else:
            copies.restore(
                file,
                data,
                lambda path: require_sound(path, data, bars, quick=quick),
                lambda done, total: bars("copying", done, total),
            )
    click.echo(f"{'verified' if verify_only else f'restored {data}:'} {described(file)}")
