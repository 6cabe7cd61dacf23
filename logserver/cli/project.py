"""``logserver project``: make, list, archive, restore and set up projects."""

import re
from pathlib import Path
from typing import Any

import click

from logserver.cli.folder import changing, making, reading
from logserver.cli.options import data_option, json_option
from logserver.cli.output import json_text, note, table
from logserver.cli.refusals import Group
from logserver.cli.times import iso
from logserver.core import projects, quotas
from logserver.core.clock import SystemClock
from logserver.core.projects import Project
from logserver.store import countings


def _rate_limit(_ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[int, int] | None:
    if value is None:
        return None
    read = re.fullmatch("([0-9]{1,12})/([0-9]{1,12})", value)
    if not read:
        raise click.BadParameter(f"{value!r} is no rate limit; write it like 5000/60.", param=param)
    return int(read[1]), int(read[2])


def _dialects(_ctx: click.Context, _param: click.Parameter, value: str | None) -> tuple[str, ...] | None:
    if value is None:
        return None
    return tuple(name.strip() for name in value.split(",") if name.strip())


@click.group(cls=Group)
def project() -> None:
    """Make, list, archive, restore and set up projects."""


@project.command()
@click.argument("slug")
@click.option("--name", help="Name to show.  [default: the slug]")
@click.option(
    "--retention-days",
    type=int,
    default=projects.DEFAULT_RETENTION_DAYS,
    show_default=True,
    help="How long its events are kept. [days]",
)
@data_option
@json_option
def create(data: Path, slug: str, name: str | None, retention_days: int, *, as_json: bool) -> None:
    """Make a project SLUG: 1 to 63 of a-z, 0-9 and inner hyphens."""
    with making(data) as tx:
        made = projects.create(tx, slug=slug, name=name, retention_days=retention_days, now_ms=SystemClock().now_ms())
    _show(made, f"made project {made.slug}", as_json=as_json)


@project.command("list")
@data_option
@json_option
def list_(data: Path, *, as_json: bool) -> None:
    """List all projects, the server's own last."""
    with reading(data) as tx:
        found, events = projects.every(tx), countings.totals(tx)
        used = quotas.used(tx, SystemClock().now_ms())
    if as_json:
        json_text(
            [
                spelled(each) | {"events": events.get(each.number, 0), "bytes_this_month": used.get(each.number, 0)}
                for each in found
            ]
        )
        return
    table(
        ("SLUG", "NAME", "EVENTS", "RETENTION", "AUDIT", "BYTES A MONTH", "CREATED", "STATE", "ID"),
        [
            (
                each.slug,
                each.name,
                f"{events.get(each.number, 0):,}",
                f"{each.retention_days} days",
                "for ever" if each.audit_retention_days is None else f"{each.audit_retention_days} days",
                "any" if each.monthly_bytes is None else f"{used.get(each.number, 0):,} of {each.monthly_bytes:,}",
                iso(each.created_at) or "",
                "archived" if each.archived_at is not None else "active",
                each.uuid,
            )
            for each in found
        ],
    )


@project.command()
@click.argument("slug")
@data_option
@json_option
def archive(data: Path, slug: str, *, as_json: bool) -> None:
    """Close project SLUG: revoke its tokens, and keep its events until their retention ends."""
    with changing(data) as tx:
        archived = projects.archive(tx, slug, SystemClock().now_ms())
    _show(archived, f"archived project {archived.slug}; its tokens are revoked", as_json=as_json)


@project.command()
@click.argument("slug")
@data_option
@json_option
def restore(data: Path, slug: str, *, as_json: bool) -> None:
    """Open the archived project SLUG again; its old tokens stay revoked."""
    with changing(data) as tx:
        restored = projects.restore(tx, slug)
    _show(restored, f"restored project {restored.slug}; make it new tokens", as_json=as_json)


@project.command("set")
@click.argument("slug")
@click.option("--name", help="Name to show.")
@click.option("--retention-days", type=int, help="How long its events are kept. [days]")
@click.option(
    "--rate-limit",
    metavar="REQUESTS/SECONDS",
    callback=_rate_limit,
    help="Requests a token of it may send to an endpoint in a window, such as 5000/60.",
)
@click.option("--default-rate-limit", is_flag=True, help="Go back to the server's rate limit.")
@click.option("--audit-retention-days", type=int, help="How long its audit events are kept. [days]")
@click.option("--keep-audit", is_flag=True, help="Keep its audit events for ever, as at first.")
@click.option(
    "--redact-dialects",
    metavar="NAMES",
    callback=_dialects,
    help=f"Whose events its redaction rules run on, separated by commas: {', '.join(projects.DIALECTS)}."
    f" They always run on those of {projects.AUDITED}, audit events.",
)
@click.option(
    "--monthly-bytes",
    type=int,
    help="What it may be sent by POST /v1/logs in a calendar month, UTC. [bytes of stored JSON]",
)
@click.option("--unlimited-bytes", is_flag=True, help="Let it be sent any amount again, as at first.")
@data_option
@json_option
def set_(
    data: Path,
    slug: str,
    *,
    name: str | None,
    retention_days: int | None,
    rate_limit: tuple[int, int] | None,
    audit_retention_days: int | None,
    redact_dialects: tuple[str, ...] | None,
    monthly_bytes: int | None,
    default_rate_limit: bool,
    keep_audit: bool,
    unlimited_bytes: bool,
    as_json: bool,
) -> None:
    """Change project SLUG; what is not named stays as it is."""
    values = (name, retention_days, rate_limit, audit_retention_days, redact_dialects, monthly_bytes)
    if all(value is None for value in values) and not (default_rate_limit or keep_audit or unlimited_bytes):
        raise click.UsageError("there is nothing to set; name at least one value")
    if rate_limit is not None and default_rate_limit:
        raise click.UsageError("--rate-limit and --default-rate-limit exclude each other")
    if audit_retention_days is not None and keep_audit:
        raise click.UsageError("--audit-retention-days and --keep-audit exclude each other")
    if monthly_bytes is not None and unlimited_bytes:
        raise click.UsageError("--monthly-bytes and --unlimited-bytes exclude each other")
    with changing(data) as tx:
        if monthly_bytes is not None or unlimited_bytes:
            quotas.limit(tx, slug, monthly_bytes)
        changed = projects.set_values(
            tx,
            slug,
            name=name,
            retention_days=retention_days,
            rate_limit=rate_limit,
            default_rate_limit=default_rate_limit,
            audit_retention_days=audit_retention_days,
            keep_audit=keep_audit,
            redact_dialects=redact_dialects,
        )
    _show(changed, f"changed project {changed.slug}", as_json=as_json)


def spelled(project: Project) -> dict[str, Any]:
    """A project as JSON shows it: ``id`` is its UUID, times are ISO 8601."""
    limited = project.rate_limit_requests is not None
    return {
        "id": project.uuid,
        "slug": project.slug,
        "name": project.name,
        "system": project.system,
        "created_at": iso(project.created_at),
        "archived_at": iso(project.archived_at),
        "retention_days": project.retention_days,
        "audit_retention_days": project.audit_retention_days,
        "redact_dialects": project.redact_dialects,
        "monthly_bytes": project.monthly_bytes,
        "rate_limit": {"requests": project.rate_limit_requests, "seconds": project.rate_limit_seconds}
        if limited
        else None,
    }


def _show(project: Project, message: str, *, as_json: bool) -> None:
    if as_json:
        json_text(spelled(project))
    else:
        note(message)
