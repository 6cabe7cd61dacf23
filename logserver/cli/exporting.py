"""``logserver export``: projects leave a store as a file.

What it works with is imported where it is used, so that the other commands do not wait for it.
"""

import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from logserver.cli.folder import reading
from logserver.cli.options import data_option
from logserver.cli.output import note, size_text
from logserver.cli.refusals import Command
from logserver.cli.times import moment_option
from logserver.core import projects
from logserver.core.clock import SystemClock
from logserver.core.times import iso_text
from logserver.store import connections, keys
from logserver.store.ids import Spelling

if TYPE_CHECKING:
    from logserver.transfer.archive import Begun
    from logserver.transfer.leaving import Asked, Leaving
    from logserver.transfer.lines import Header

_FRAME_BYTES = 1_000_000
"""After how many bytes of lines a frame of the file is written."""


@click.command(cls=Command)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--project", "slugs", multiple=True, help="Only this project; may be given several times.")
@moment_option("--since", help="Only what happened at or after this time: 24h or 7d ago, or 2026-12-31T18:00.")
@moment_option("--until", help="Only what happened before this time, written like --since.  [default: now]")
@click.option(
    "--audit/--no-audit", default=True, help="With the audit trails, always whole, or without.  [default: on]"
)
@click.option("--restart", is_flag=True, help="Begin again where an export to this file was broken off.")
@data_option
def export(  # noqa: PLR0917 - they are the options of the command
    file: Path,
    slugs: tuple[str, ...],
    since: int | None,
    until: int | None,
    audit: bool,  # noqa: FBT001 - click passes it by name
    restart: bool,  # noqa: FBT001 - click passes it by name
    data: Path,
) -> None:
    """Write projects with everything they have to FILE, packed lines of JSON that `logserver import` reads.

    Works beside a running server and without one. Tokens, passwords, webhooks and members are not in it. An export
    that was broken off goes on when it is started again with the same options.
    """
    from logserver.contracts.logstitch import signing  # noqa: PLC0415 - as said above
    from logserver.transfer import archive, trail  # noqa: PLC0415 - as said above
    from logserver.transfer.leaving import Asked, Leaving  # noqa: PLC0415 - as said above

    if file.exists():
        raise click.ClickException(f"{file} is there already")
    begun = None if restart else archive.begun(file)
    with reading(data) as tx:
        chosen = [projects.by_slug(tx, slug) for slug in dict.fromkeys(slugs)] or projects.every(tx)
        spelling = Spelling(keys.kept_secret(tx, "spelling") or b"")
    asked = Asked(chosen, since, until if until is not None else _until(begun), audit)
    if since is not None and since >= asked.until_ms:
        raise click.UsageError("--since must lie before --until")
    if begun is not None:
        _require_same(file, begun, asked)
        note(f"going on after {begun.mark.records:,} records, with what happened {_period(begun.header)}")
    signer = signing.existing(data)
    with closing(connections.connect_readonly(data)) as connection:
        leaving = Leaving(connection, asked, spelling, signer.public if signer is not None else None, begun)
        try:
            leaving.require_whole_trails()
            records = _write(file, leaving, begun)
        except (trail.Broken, archive.Unreadable) as error:
            raise click.ClickException(str(error)) from error
    what = f"{records:,} records of {len(chosen):,} project{'s' * (len(chosen) != 1)}"
    click.echo(f"{what} are in {file}, {size_text(file.stat().st_size)}")


def _until(begun: "Begun | None") -> int:
    return begun.header.until if begun is not None else SystemClock().now_ms()


def _require_same(file: Path, begun: "Begun", asked: "Asked") -> None:
    """Refuse to go on with an export of something else; times from now are those of its beginning."""
    header = begun.header
    same = (
        header.projects == tuple(each.uuid for each in asked.projects),
        header.audit == asked.audit,
        (header.since is None) == (asked.since_ms is None),
    )
    if not all(same):
        raise click.ClickException(
            f"an export of something else to {file} was broken off; begin again with --restart, or name another file"
        )


def _period(header: "Header") -> str:
    """The time that an export covers, in words."""
    since = f"from {iso_text(header.since * 1_000)} " if header.since is not None else ""
    return f"{since}until {iso_text(header.until * 1_000)}"


def _write(file: Path, leaving: "Leaving", begun: "Begun | None") -> int:
    """Write the file to its end; how many records it has."""
    from logserver.transfer.archive import Outgoing  # noqa: PLC0415 - as said above
    from logserver.transfer.lines import End  # noqa: PLC0415 - as said above
    from logserver.transfer.records import encode  # noqa: PLC0415 - as said above

    outgoing = Outgoing(file, begun)
    lines: list[bytes] = [] if begun else [encode(leaving.header)]
    size = 0
    count = begun.mark.records if begun else 0
    with (
        closing(outgoing),
        click.progressbar(length=max(leaving.expected(), 1), label="exporting", file=sys.stderr) as bar,
    ):
        for step in leaving.steps():
            made = [encode(line) for line in step.lines]
            lines += made
            size += sum(map(len, made))
            count = step.mark.records
            if size >= _FRAME_BYTES:
                outgoing.write([*lines, encode(step.mark)])
                lines, size = [], 0
            bar.update(step.events)
        outgoing.write([*lines, encode(End(count))])
        outgoing.finish()
    return count
