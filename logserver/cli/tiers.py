"""``logserver project tiers``: what viewer tokens of a tier see of an audit event."""

from pathlib import Path

import click

from logserver.cli.folder import changing, reading
from logserver.cli.options import data_option, json_option
from logserver.cli.output import json_text, note, plain, table
from logserver.cli.refusals import Command
from logserver.core import projects, tiers
from logserver.core.tiers import Tier


@click.command(cls=Command, name="tiers")
@click.argument("slug")
@click.option("--set", "named", metavar="NAME", help="Make this tier, or change what it shows.")
@click.option("--fields", metavar="FIELDS", help="What it shows, separated by commas: action,actor.name,occurred_at.")
@click.option("--remove", "removed", metavar="NAME", help="Remove this tier; viewer tokens of it end at once.")
@data_option
@json_option
def tiers_(data: Path, slug: str, named: str | None, fields: str | None, removed: str | None, *, as_json: bool) -> None:
    """List, make or remove the visibility tiers of project SLUG.

    A viewer token of a tier shows only these fields of an event, and its id.
    """
    if (named is None) != (fields is None):
        raise click.UsageError("--set and --fields go together")
    if named is not None and removed is not None:
        raise click.UsageError("--set and --remove exclude each other")
    if named is not None and fields is not None:
        with changing(data) as tx:
            project = projects.by_slug(tx, slug)
            tier = tiers.put(tx, project, named, [field.strip() for field in fields.split(",")])
        note(f"tier {tier.name} of project {project.slug} shows {', '.join(tier.fields)}")
        if as_json:
            json_text(_spelled(tier))
    elif removed is not None:
        with changing(data) as tx:
            project = projects.by_slug(tx, slug)
            tiers.remove(tx, project, removed)
        note(f"removed tier {plain(removed)} of project {project.slug}")
    else:
        with reading(data) as tx:
            found = tiers.every(tx, projects.by_slug(tx, slug))
        if as_json:
            json_text([_spelled(tier) for tier in found])
        else:
            table(("TIER", "SHOWS"), [(tier.name, ", ".join(tier.fields)) for tier in found])


def _spelled(tier: Tier) -> dict[str, object]:
    return {"name": tier.name, "fields": tier.fields}
