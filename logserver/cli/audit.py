"""``logserver audit``: verify, export and seal the audit trail.

What it takes to read a trail is imported where it is used, so that the other commands do not wait for it.
"""

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from logserver.cli.options import data_option, json_option
from logserver.cli.output import json_text, note
from logserver.cli.refusals import Group
from logserver.cli.times import moment_option

if TYPE_CHECKING:
    from logserver.cli.chains import Looked

_MANY_LINKS = 20_000
"""From here on it takes long enough to show how far it is."""


def _head(_ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[int, bytes] | None:
    if value is None:
        return None
    read = re.fullmatch("([0-9]{1,18}):([0-9a-fA-F]{64})", value)
    if not read:
        raise click.BadParameter(f"{value!r} is no head; write it as it was printed, SEQ:HASH.", param=param)
    return int(read[1]), bytes.fromhex(read[2])


@click.group(cls=Group)
def audit() -> None:
    """Verify and export the audit trail."""


@audit.command()
@click.option("--project", "slug", help="Only the trail of this project.")
@click.option(
    "--head", "noted", metavar="SEQ:HASH", callback=_head, help="A head that was noted before; it must be in the chain."
)
@data_option
@json_option
def verify(data: Path, slug: str | None, noted: tuple[int, bytes] | None, *, as_json: bool) -> None:
    """Walk the chain of every audit trail, and name the first break of each.

    Works beside a running server and without one. Ends with 1 where a chain is broken: an event was changed,
    deleted, exchanged, put in, or the end was cut off.
    """
    from logserver.cli import chains  # noqa: PLC0415 - as said above
    from logserver.contracts.logstitch.links import Head  # noqa: PLC0415 - as said above

    found = []
    with chains.trails(data, slug) as trails:
        if noted is not None and len(trails.projects) != 1:
            raise click.UsageError("a head is of one project; name it with --project")
        with _progress(trails.count()) as progress:
            for each in trails.verify(Head(*noted) if noted is not None else None, progress):
                found.append(each)
                _tell(each, quiet=as_json)
    if as_json:
        json_text([spelled(each) for each in found])
    elif not found:
        note("there are no audit events")
    if any(each.found.broken for each in found):
        sys.exit(1)


@contextmanager
def _progress(links: int) -> Iterator[Callable[[int], Any]]:
    """Shows on a terminal how far it is, where that takes a while."""
    if links < _MANY_LINKS or not sys.stderr.isatty():
        yield lambda _: None
        return
    with click.progressbar(length=links, label="verifying", file=sys.stderr, update_min_steps=links // 200) as bar:
        yield bar.update


def _tell(each: "Looked", *, quiet: bool) -> None:
    """Say what was found; ``quiet``: only what is wrong."""
    slug, found = each.project.slug, each.found
    verified = f"{_counted(found.events, 'event')} verified"
    if found.stubs:
        verified += f", {_counted(found.stubs, 'stub')} of retention"
    if found.broken is not None:
        note(f"Error: {slug}: {found.broken.message}; before that {verified}")
    elif not quiet:
        click.echo(f"{slug}: {verified}, head {found.head}")
    if each.unkept and found.broken is None:
        note(
            f"Warning: {slug}: audit.heads, beside the database, is missing or has no head of it; so only a head that"
            " you noted (--head SEQ:HASH) can tell whether the end was cut off"
        )


def _counted(n: int, what: str) -> str:
    return f"{n:,} {what}" if n == 1 else f"{n:,} {what}s"


def spelled(each: "Looked") -> dict[str, Any]:
    """A verified trail as JSON shows it."""
    found = each.found
    return {
        "project": each.project.slug,
        "project_id": each.project.uuid,
        "whole": found.broken is None,
        "events": found.events,
        "stubs": found.stubs,
        "head": str(found.head),
        "break": found.broken._asdict() if found.broken is not None else None,
    }


@audit.command()
@click.option("--project", "slug", help="The project; it may be left out where only one has audit events.")
@click.option(
    "--format",
    "form",
    type=click.Choice(("jsonl", "csv")),
    default="jsonl",
    show_default=True,
    help="jsonl: one JSON object a line, with all that is needed to verify it. csv: for spreadsheets; a text that"
    " begins with = + - @, a tab or a carriage return gets an apostrophe before it, so that it is no formula.",
)
@moment_option("--since", help="Only what happened at or after this time: 15m, 24h or 7d ago, or 2026-12-31T18:00.")
@moment_option("--until", help="Only what happened before this time, written like --since.")
@data_option
def export(data: Path, slug: str | None, form: str, since: int | None, until: int | None) -> None:
    """Write the audit trail of a project to standard output.

    Its events come in the order of the chain. The head is also told on standard error: keep it elsewhere, for
    `logserver audit verify --head`.
    """
    from logserver.cli import chains  # noqa: PLC0415 - as said above
    from logserver.contracts.logstitch.export import Period  # noqa: PLC0415 - as said above

    if since is not None and until is not None and since >= until:
        raise click.UsageError("--since must lie before --until")
    with chains.trails(data, slug) as trails:
        if not trails.projects:
            raise click.ClickException("there are no audit events")
        if len(trails.projects) > 1:
            slugs = ", ".join(each.slug for each in trails.projects)
            raise click.UsageError(f"several projects have audit events: name one of {slugs} with --project")
        [project] = trails.projects
        output = sys.stdout.buffer
        for line in trails.lines(project, form, Period(since, until)):
            output.write(line)
        output.flush()
        note(f"head {trails.head(project)}")


@audit.command()
@click.option("--project", "slug", required=True, help="The project.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@data_option
def seal(data: Path, slug: str, *, yes: bool) -> None:
    """Sign the chain of a project as it stands, after its key was lost or an older copy of the store was put back.

    Whoever does it says that the chain ends where it should. It does not mend a chain that is broken.
    """
    from logserver.cli import chains  # noqa: PLC0415 - as said above

    with chains.trails(data, slug) as trails:
        [looked] = trails.verify(None, lambda _: None)
        head = trails.head(looked.project)
    if not head.seq:
        raise click.ClickException(f"{slug} has no chain to seal")
    if looked.found.broken is not None:
        note(f"as it stands: {looked.found.broken.message}")
    if not yes:
        click.confirm(f"sign the chain of {slug} with the head {head}?", abort=True, err=True)
    note(f"sealed {slug}, head {chains.seal(data, slug)}")
