"""``logserver status``: how the store and its server are doing."""

import shutil
from pathlib import Path
from typing import Any

import click
import msgspec

from logserver.cli.folder import reading
from logserver.cli.options import data_option, json_option
from logserver.cli.output import json_text, plain, size_text
from logserver.cli.refusals import Command
from logserver.cli.times import iso, span_text
from logserver.core import monitors, projects, tokens
from logserver.core import status as reports
from logserver.core.clock import SystemClock
from logserver.core.errors import groups
from logserver.core.fleet import agents
from logserver.core.status import Report
from logserver.core.trimming import Standing
from logserver.store import connections, countings, events, lockfile, migrations

_STALE_MS = 15_000
"""A running server reports every two seconds."""


@click.command(cls=Command)
@data_option
@json_option
@click.option(
    "--check", is_flag=True, help="Only say whether a server works on it, for supervisors; 1 where none does."
)
def status(data: Path, *, as_json: bool, check: bool) -> None:
    """Show how the store and its server are doing.

    Works with and without a running server. Counts are those of the store; queue and jobs are the server's.
    """
    now = SystemClock().now_ms()
    if check:
        _check(data, now)
        return
    found = _store(data, now)
    running = lockfile.locked(data)
    # Without a server, what is there is the last word of one that has gone.
    report = reports.read(data) if running else None
    if as_json:
        json_text(found | {"running": running, "server": _server(report, now)})
        return
    lines = (
        _server_lines(report, now)
        if report
        else [("server", "running, not heard of yet" if running else "not running")]
    )
    for name, value in [*_store_lines(found), *lines]:
        click.echo(f"{name:<14} {value}")


def _check(data: Path, now: int) -> None:
    """Fail unless a server holds the folder and its jobs go on; one that refuses for want of room works."""
    report = reports.read(data)
    if not lockfile.locked(data):
        raise click.ClickException(f"no server works on {data}")
    if report is None or now - report.at > _STALE_MS:
        raise click.ClickException(f"the server on {data} has not reported for {_STALE_MS // 1_000} seconds")
    click.echo("ok")


def _store(data: Path, now: int) -> dict[str, Any]:
    with reading(data) as tx:
        counts = countings.totals(tx)
        listed = []
        for each in projects.every(tx):
            edges = events.edges(tx, each.number)
            listed.append(
                {
                    "id": each.uuid,
                    "slug": each.slug,
                    "archived": each.archived_at is not None,
                    "events": counts.get(each.number, 0),
                    "oldest": iso(edges[0]) if edges else None,
                    "newest": iso(edges[1]) if edges else None,
                }
            )
        return {
            "data": str(data.absolute()),
            "schema": migrations.version(tx),
            "sizes": reports.sizes(data, (connections.FILE, f"{connections.FILE}-wal")),
            "disk_free": shutil.disk_usage(data).free,
            "events": sum(counts.values()),
            "oldest": min((str(each["oldest"]) for each in listed if each["oldest"]), default=None),
            "newest": max((str(each["newest"]) for each in listed if each["newest"]), default=None),
            "projects": listed,
            "active_tokens": tokens.active_by_kind(tx, now),
            "agents": agents.count_by_status(tx),
            "monitors": monitors.count_by_state(tx, now),
            "error_groups": groups.count_by_status(tx),
        }


def _server(report: Report | None, now: int) -> dict[str, Any] | None:
    if report is None:
        return None
    shown: dict[str, Any] = msgspec.to_builtins(report)
    age = report.checkpoint_age_seconds
    if report.room is not None:
        shown["room"]["cut"] = iso(shown["room"].pop("cut_ms"))
    return shown | {
        "started_at": iso(report.started_at),
        "at": iso(report.at),
        "stale": now - report.at > _STALE_MS,
        "checkpoint_at": iso(report.at - round(age * 1_000)) if age is not None else None,
        "jobs": {
            name: msgspec.to_builtins(record) | {"last_at": iso(record.last_ms)} for name, record in report.jobs.items()
        },
    }


def _store_lines(found: dict[str, Any]) -> list[tuple[str, str]]:
    sizes = ", ".join(f"{name} {size_text(size)}" for name, size in found["sizes"].items())
    lines = [
        ("data", plain(found["data"])),
        ("schema", str(found["schema"])),
        ("size", f"{sizes}; {size_text(found['disk_free'])} free"),
        ("events", f"{found['events']:,}" + _from_to(found)),
    ]
    lines += [
        (
            "  " + each["slug"],
            f"{each['events']:,}" + _from_to(each) + (" (archived)" if each["archived"] else ""),
        )
        for each in found["projects"]
    ]
    return [
        *lines,
        ("active tokens", _counted(found["active_tokens"])),
        ("agents", _counted(found["agents"])),
        ("monitors", _counted(found["monitors"])),
        ("error groups", _counted(found["error_groups"])),
    ]


def _from_to(found: dict[str, Any]) -> str:
    return f", from {found['oldest']} to {found['newest']}" if found["oldest"] else ""


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{n:,} {name}" for name, n in counts.items()) or "none"


def _server_lines(report: Report, now: int) -> list[tuple[str, str]]:
    up = span_text((report.at - report.started_at) / 1_000)
    stale = f"; it last reported {span_text((now - report.at) / 1_000)} ago" if now - report.at > _STALE_MS else ""
    lines = [
        ("server", f"running, pid {report.pid}, version {report.version}, up {up}{stale}"),
        ("queue", f"{report.queued_rows:,} events, {size_text(report.queued_bytes)}"),
        ("commits", f"{report.commits:,}{_commit_times(report)}"),
    ]
    if report.refusing is not None:
        lines.append(("refusing", plain(report.refusing)))
    if report.damage is not None:
        lines.append(("damaged", f"{plain(report.damage)}; `logserver doctor` tells more"))
    if report.room is not None:
        lines.append(("limit", _room(report.room)))
    if report.checkpoint_age_seconds is not None:
        age = report.checkpoint_age_seconds + (now - report.at) / 1_000
        lines.append(("checkpoint", f"{span_text(age)} ago, {report.log_pages} pages in the log"))
    else:
        lines.append(("checkpoint", "none yet"))
    for name, record in report.jobs.items():
        last = (
            f"last {span_text(max(now - record.last_ms, 0) / 1_000)} ago" if record.last_ms is not None else "waiting"
        )
        failed = f", {record.failures:,} failed" if record.failures else ""
        error = f": {plain(record.last_error)}" if record.last_error is not None else ""
        late = f"{record.lateness * 1_000:.0f} ms late, {record.worst_lateness * 1_000:.0f} ms at worst"
        lines.append((f"  {name}", f"{last}, passes {record.passes:,}{failed}, {late}{error}"))
    return lines


def _room(room: Standing) -> str:
    said = [f"{size_text(room.used)} of {size_text(room.limit)} used"]
    if room.trimming:
        said.append("the oldest events are being deleted")
    if room.stuck:
        said.append("nothing is left that may be deleted")
    if room.cut_ms is not None:
        said.append(f"what is older than {iso(room.cut_ms)} went for want of room")
    return "; ".join(said)


def _commit_times(report: Report) -> str:
    if report.commit_ms_median is None or report.commit_ms_p99 is None:
        return ""
    return f", median {report.commit_ms_median:.1f} ms, 99 % within {report.commit_ms_p99:.1f} ms"
