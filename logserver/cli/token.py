"""``logserver token``: make, list and revoke tokens. A secret is shown once, when it is made."""

import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from logserver.cli.folder import changing, making, reading
from logserver.cli.listed_token import rate_spelled, spelled, state
from logserver.cli.options import data_option, json_option
from logserver.cli.output import json_text, note, plain, table
from logserver.cli.refusals import Group
from logserver.cli.times import iso, moment_option
from logserver.core import log_rates, projects, tokens, viewers
from logserver.core.clock import SystemClock
from logserver.core.faults import NotFound
from logserver.core.log_rates import LogRate
from logserver.core.projects import Project
from logserver.store.tx import Tx

_SPELLINGS = (tokens.PREFIXES["project"], tokens.KEY_PREFIXES["live"], tokens.LOG_PREFIX)


def _rate_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Options for the limits of POST /v1/logs that a token has of its own."""
    most = click.IntRange(1, log_rates.MOST)
    burst = click.option("--logs-burst", "burst", type=most, help="How many of those may come at once.")
    rate = click.option(
        "--logs-per-minute", "per_minute", type=most, help="Requests to POST /v1/logs it may send a minute."
    )
    return rate(burst(command))


@click.group(cls=Group)
def token() -> None:
    """Make, list, set up and revoke tokens."""


@token.command()
@click.argument("name")
@click.option(
    "--project",
    "slug",
    help="Project it belongs to, made if it is not there; not for a master key. A read token without reads them all.",
)
@click.option(
    "--kind",
    type=click.Choice(tuple(tokens.PREFIXES)),
    default="project",
    show_default=True,
    help="project: write and read its project. master: administer everything. edge: the edge API. read: read only.",
)
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice((*tokens.READ_SCOPES, *tokens.EDGE_SCOPES)),
    help="What a read or edge token may do; may be repeated.  [default: all of its kind]",
)
@moment_option(
    "--expires",
    ahead=True,
    help="When it ends: after 12h or 90d, or at 2026-12-31 (its first moment, UTC).  [default: never]",
)
@click.option(
    "--spelling", type=click.Choice(_SPELLINGS), help="How a project token begins; it may do the same however it does."
)
@_rate_options
@data_option
@json_option
def create(
    data: Path,
    name: str,
    slug: str | None,
    kind: str,
    *,
    scopes: tuple[str, ...],
    expires: int | None,
    spelling: str | None,
    per_minute: int | None,
    burst: int | None,
    as_json: bool,
) -> None:
    """Make a token called NAME.

    It is shown this once, and it alone is on standard output.
    """
    now = SystemClock().now_ms()
    if kind == "master" and slug is not None:
        raise click.UsageError("a master key is for the whole server; leave out --project")
    if kind not in tokens.OF_SERVER and slug is None:
        raise click.UsageError(f"a token of kind {kind} belongs to a project; name it with --project")
    if expires is not None and expires <= now:
        raise click.BadParameter("it would have expired already", param_hint="--expires")
    if kind != "project" and (spelling, per_minute, burst) != (None, None, None):
        raise click.UsageError("--spelling, --logs-per-minute and --logs-burst are for project tokens")
    if unfit := [scope for scope in scopes if scope not in tokens.SCOPES.get(kind, ())]:
        raise click.BadParameter(f"no token of kind {kind} has {unfit[0]}", param_hint="--scope")
    with making(data) as tx:
        project, fresh = _project(tx, slug, now) if slug is not None else (None, False)
        issued = tokens.issue(
            tx,
            kind=kind,
            name=name,
            project=project,
            now_ms=now,
            expires_at=expires,
            prefix=spelling,
            scopes=scopes or None,
        )
        log_rates.change(tx, issued.id, LogRate(per_minute, burst))
    if project is not None and fresh:
        note(f"made project {project.slug}")
    if as_json:
        json_text(
            {
                "id": issued.id,
                "token": issued.secret,
                "kind": kind,
                "name": name,
                "project": project.slug if project else None,
                "expires_at": iso(issued.expires_at),
            }
        )
        return
    end = iso(issued.expires_at)
    note(
        f"made {kind} token {plain(name)!r}"
        f"{f' of project {project.slug}' if project else ''}{f', until {end}' if end else ''}; it is shown only now"
    )
    click.echo(issued.secret)


def _project(tx: Tx, slug: str, now_ms: int) -> tuple[Project, bool]:
    """The project of a slug or UUID and whether it was made for this."""
    try:
        return projects.by_slug(tx, slug), False
    except NotFound:
        # A UUID would pass as a slug, but whoever types one means a project that is there.
        if _is_uuid(slug):
            raise
        return projects.create(tx, slug=slug, now_ms=now_ms), True


def _is_uuid(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True


@token.command("list")
@click.option("--project", "slug", help="Only the tokens of this project.")
@data_option
@json_option
def list_(data: Path, slug: str | None, *, as_json: bool) -> None:
    """List tokens, newest first.

    Secrets are never shown, and the short-lived tokens of mobile apps are left out.
    """
    now = SystemClock().now_ms()
    with reading(data) as tx:
        found = tokens.every(tx, projects.by_slug(tx, slug) if slug is not None else None)
        rates = log_rates.every(tx)
    if as_json:
        json_text([spelled(each, now) | rate_spelled(rates.get(each.id, LogRate())) for each in found])
        return
    table(
        ("NAME", "KIND", "PROJECT", "BEGINS", "STATE", "CREATED", "EXPIRES", "LAST USED", "ID"),
        [
            (
                each.name,
                each.kind,
                each.project or "(all)",
                each.prefix,
                state(each, now),
                iso(each.created_at) or "",
                iso(each.expires_at) or "never",
                iso(each.last_used_at) or "never",
                each.id,
            )
            for each in found
        ],
    )


@token.command("set")
@click.argument("which", metavar="TOKEN")
@_rate_options
@click.option("--default-logs-rate", is_flag=True, help="Go back to the server's limits of POST /v1/logs.")
@data_option
@json_option
def set_(
    data: Path, which: str, *, per_minute: int | None, burst: int | None, default_logs_rate: bool, as_json: bool
) -> None:
    """Change the limits of TOKEN, which is named as for revoke; what is not named stays as it is."""
    if default_logs_rate == ((per_minute, burst) != (None, None)):
        raise click.UsageError("name --logs-per-minute, --logs-burst or both, or --default-logs-rate alone")
    with changing(data) as tx:
        token_id = tokens.id_of(tx, tokens.number_of(tx, which))
        if default_logs_rate:
            log_rates.remove(tx, token_id)
        rate = log_rates.change(tx, token_id, LogRate(per_minute, burst))
    if as_json:
        json_text({"id": token_id, **rate_spelled(rate)})
    else:
        note(f"changed token {token_id}")


@token.command()
@click.argument("which", metavar="TOKEN")
@data_option
@json_option
def revoke(data: Path, which: str, *, as_json: bool) -> None:
    """Revoke TOKEN at once, for good.

    It is named by its id, by how the list says it begins, or by the whole of it.
    """
    now = SystemClock().now_ms()
    with changing(data) as tx:
        revoked = tokens.revoke(tx, which, now)
    if as_json:
        json_text(spelled(revoked, now))
    else:
        note(f"revoked {revoked.kind} token {plain(revoked.name)!r}, {revoked.id}")


@token.command("rotate-viewer-key")
@data_option
def rotate_viewer_key(data: Path) -> None:
    """Make a new key to sign viewer tokens with.

    Every viewer token that was made so far ends at once.
    """
    with changing(data) as tx:
        viewers.renew_viewer_key(tx)
    note("made a new signing key; every viewer token made so far has ended")
