"""``logserver import``: projects arrive from a file.

What it works with is imported where it is used, so that the other commands do not wait for it.
"""

import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from logserver.cli.folder import changing, making
from logserver.cli.options import data_option, json_option
from logserver.cli.output import json_text, note
from logserver.cli.refusals import Command
from logserver.core import projects
from logserver.core.clock import SystemClock
from logserver.settings import Settings
from logserver.store import lockfile

if TYPE_CHECKING:
    from logserver.transfer.archive import Incoming
    from logserver.transfer.destination import Tally
    from logserver.transfer.feeding import Told


@click.command("import", cls=Command)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--project", "slugs", multiple=True, help="Only this project of the file; may be given several times.")
@click.option("--merge", is_flag=True, help="Put a project into the one of the same name, though it is another one.")
@click.option("--restart", is_flag=True, help="Begin at the first line where an import of this file was broken off.")
@click.option(
    "--min-free-megabytes",
    "floor_megabytes",
    type=click.IntRange(0),
    default=Settings.min_free_megabytes,
    show_default=True,
    envvar="LOGSERVER_MIN_FREE_MEGABYTES",
    show_envvar=True,
    help="Free disk space below which no more is taken in, where no server runs. [MB]",
)
@data_option
@json_option
def import_(
    file: Path,
    slugs: tuple[str, ...],
    floor_megabytes: int,
    data: Path,
    *,
    merge: bool,
    restart: bool,
    as_json: bool,
) -> None:
    """Take in the projects of FILE, which `logserver export` has made.

    Works beside a running server and without one. What is there already stays as it is, so that a file may be
    imported again, also one that was broken off, or one that overlaps with another. Projects that are not there are
    made with their settings, but without tokens.
    """
    from logserver.core.faults import Fault  # noqa: PLC0415 - as said above
    from logserver.transfer import archive, feeding, parcelling, progress  # noqa: PLC0415 - as said above

    with closing(archive.Incoming(file)) as incoming:
        lines = incoming.lines()
        try:
            header = parcelling.header(incoming, lines)
            transfer = " ".join((header.id, *sorted({*slugs}), *["--merge"] * merge))
            with making(data) as tx:
                begun = progress.begin(tx, transfer, SystemClock().now_ms(), anew=restart)
            if begun.taken > 1:
                note(f"going on after line {begun.taken:,}")
            beside = lockfile.locked(data)
            cutting = parcelling.Parcelling(
                transfer,
                chosen=frozenset(slugs),
                merge=merge,
                most=feeding.BESIDE_LINES if beside else feeding.ALONE_LINES,
            )
            parcels = cutting.cut(lines, begun.taken)
            with _progress(incoming) as told:
                if beside:
                    feeding.beside(data, transfer, parcels, told)
                else:
                    feeding.alone(data, parcels, floor_megabytes * 1_000_000, told)
        except archive.Unreadable as error:
            raise click.ClickException(f"{file}: {error}") from error
        except feeding.Interrupted as error:
            raise click.ClickException(f"{error}; start the import again to go on") from error
        except Fault as error:
            raise click.ClickException(str(error)) from error
    _end(file, data, transfer, slugs, cutting.seen, whole=cutting.whole, as_json=as_json)


@contextmanager
def _progress(incoming: "Incoming") -> Iterator["Told"]:
    """Shows on a terminal how far the file is read."""
    shown = 0
    with click.progressbar(length=max(incoming.size, 1), label="importing", file=sys.stderr) as bar:

        def told(_lines: int) -> None:
            nonlocal shown
            position = incoming.position()
            bar.update(position - shown)
            shown = position

        yield told


def _end(
    file: Path, data: Path, transfer: str, slugs: tuple[str, ...], seen: set[str], *, whole: bool, as_json: bool
) -> None:
    """Say what became of everything, and note that it has."""
    from logserver.transfer import progress  # noqa: PLC0415 - as said above

    if not whole:
        raise click.ClickException(
            f"{file} is not whole: it ends before its end; what there is of it has been taken in. Export it again"
        )
    if missing := {*slugs} - seen:
        raise click.ClickException(f"{file} has no project {min(missing)!r}")
    with changing(data) as tx:
        progress.end(tx, transfer, SystemClock().now_ms())
        found = progress.read(tx, transfer)
        kept = {slug: projects.by_slug(tx, slug).retention_days for slug in (found.tally.older if found else {})}
    if found is not None:
        _tell(found.tally, kept, as_json=as_json)


def _tell(tally: "Tally", kept: dict[str, int], *, as_json: bool) -> None:
    if as_json:
        shown: dict[str, Any] = {
            "new": tally.new,
            "known": tally.known,
            "older_than_kept": tally.older,
            "different": tally.different,
            "different_ids": tally.examples,
            "projects_made": tally.made,
        }
        json_text(shown)
        return
    click.echo(f"{tally.new:,} records are new, {tally.known:,} were there already")
    for slug, n in tally.older.items():
        note(
            f"Warning: {n:,} records of {slug} are older than it keeps ({kept[slug]} days) and were left out; to have"
            f" them, say `logserver project set {slug} --retention-days DAYS`, and import the file again"
        )
    if tally.different:
        note(
            f"Warning: {tally.different:,} events were left out, because others are stored under their ids:"
            f" {', '.join(tally.examples)}"
        )
    if tally.made:
        note(f"made {', '.join(tally.made)}; for a sender, make a token: `logserver token create NAME --project SLUG`")
