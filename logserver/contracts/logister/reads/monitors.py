"""Monitors with their last day, and deployments."""

from logserver.api.fields import Fields
from logserver.contracts.logister.reads import wire
from logserver.contracts.logister.reads.asking import (
    DAY_MS,
    LONGEST_TEXT,
    Asked,
    fields_of,
    limit_of,
    moment_of,
)
from logserver.contracts.logister.reads.projects import deployment
from logserver.core import deployments, monitor_history
from logserver.core import monitors as core_monitors
from logserver.core.monitors import Monitor
from logserver.core.projects import Project
from logserver.core.times import iso_text
from logserver.store import cursor as cursors
from logserver.store.cursor import Place
from logserver.store.tx import Tx

STATES = ("ok", "missed", "error", "paused")
HOURS = 24
"""Parts of the history strip."""


def every(tx: Tx, project: Project, asked: Asked) -> wire.Monitors:
    """GET …/monitors: all of them, or those in a state."""
    fields = fields_of(asked)
    state = fields.choice("state", STATES)
    environment = fields.text("environment", longest=LONGEST_TEXT)
    fields.done()
    found = [
        each
        for each in core_monitors.every(tx, project.number)
        if state in {None, each.state_now(asked.now_ms)} and environment in {None, each.environment}
    ]
    return wire.Monitors([_shown(tx, each, asked.now_ms) for each in found])


def every_deployment(tx: Tx, project: Project, asked: Asked) -> wire.Deployments:
    """GET …/deployments: a page, newest first."""
    fields = fields_of(asked)
    since = moment_of(fields, asked, "since")
    until = moment_of(fields, asked, "until")
    environment = fields.text("environment", longest=LONGEST_TEXT)
    limit = limit_of(fields)
    before = _place(fields, project, asked)
    fields.done()
    found = deployments.newest(
        tx,
        project.number,
        since_ms=since,
        until_ms=until,
        environment=environment,
        before=before,
        limit=limit + 1,
    )
    page = found[:limit]
    onward = None
    if len(found) > limit:
        place = Place(newer=False, boundary=page[-1][0])
        onward = cursors.spell(place, _bound(project), asked.secret)
    return wire.Deployments([deployment(each) for _, each in page], onward)


def _place(fields: Fields, project: Project, asked: Asked) -> int | None:
    cursor = fields.text("cursor", longest=LONGEST_TEXT)
    return cursors.read(cursor, _bound(project), asked.secret).boundary if cursor is not None else None


def _bound(project: Project) -> bytes:
    return b"deployments" + project.uuid.encode()


def _shown(tx: Tx, monitor: Monitor, now_ms: int) -> wire.Monitor:
    history = monitor_history.spells(tx, monitor, now_ms - DAY_MS, now_ms)
    return wire.Monitor(
        monitor.uuid,
        monitor.slug,
        monitor.environment,
        monitor.state_now(now_ms),
        iso_text(monitor.state_at * 1_000),
        monitor.interval_seconds,
        _time(monitor.checked_at),
        monitor.status,
        monitor.duration_ms,
        monitor.release,
        _time(monitor.started_at),
        iso_text(monitor.due_at * 1_000),
        list(monitor_history.strip_of(history, now_ms - DAY_MS, now_ms, HOURS)),
        monitor_history.uptime_of(history),
    )


def _time(ms: int | None) -> str | None:
    return None if ms is None else iso_text(ms * 1_000)
